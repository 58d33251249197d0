import { err, ok, type Result } from '../contract/result.ts';
import { wipeSecrets } from '../contract/secret-bytes.ts';
import type { Calibration, UnlockPaths } from '../contract/vault.ts';
import type { VaultState } from '../contract/views.ts';
import type { Core } from '../core/types.ts';
import {
  parseCount,
  parseOptions,
  printJson,
  profileOptions,
  reportError,
  exitCodes,
  type Command,
  type CommandIo,
} from './command.ts';
import { formatBytes, formatTable, printable } from './format.ts';
import { askNewPassphrase } from './new-passphrase.ts';
import { askAgain, passphraseDescriptor, withCore, type SessionOptions } from './session.ts';

const usage = `nacre vault status|create|unlock-check|passphrase|calibrate|paths|add-passphrase|remove-path
            |copies|profiles [--profile DIR] [--passphrase-fd N] [--json]

  status          says whether there is a vault and whether it can be opened
  create          makes a vault, an organisation signing key and a dataset recipient
  unlock-check    opens the vault once, looks at every record, and locks it again
  passphrase      changes the passphrase; keys and data stay as they are
  calibrate       measures Argon2id here and proposes a cost for --target-ms (1000);
                  with --apply the vault is wrapped under it, or under --memory-mib N
                  and --passes N. Only the master key is wrapped anew.
  paths           ways to unlock: passphrases, recovery shares, keychain, security keys
  add-passphrase  a further passphrase, with --label LABEL
  remove-path ID  takes a way to unlock away; the last passphrase stays
  copies          copies of the vault's file that are kept beside it, each checked now
  profiles        profiles that were opened on this machine; --profile DIR opens another

The passphrase is asked for without echo, or read as lines from file descriptor N:
one line for create; the old and the new one for passphrase and add-passphrase. It is
never taken from an argument or the environment.
`;

const optionTypes = {
  ...profileOptions,
  json: { type: 'boolean' },
  label: { type: 'string' },
  'target-ms': { type: 'string' },
  'memory-mib': { type: 'string' },
  passes: { type: 'string' },
  apply: { type: 'boolean' },
} as const;

interface VaultOptions extends SessionOptions {
  readonly json?: boolean | undefined;
  readonly label?: string | undefined;
  readonly apply?: boolean | undefined;
  readonly targetMs?: number | undefined;
  readonly memoryMib?: number | undefined;
  readonly passes?: number | undefined;
}

interface Call {
  readonly io: CommandIo;
  readonly core: Core;
  readonly options: VaultOptions;
  readonly word: string | undefined;
}

const actions: Readonly<Record<string, (call: Call) => Promise<Result<number>>>> = {
  status: async ({ core, io, options }) => show(io, options, await core.invoke('vault.state', {})),
  async create({ core, io, options }) {
    const passphrase = await askNewPassphrase(io, options, 'New passphrase');
    if (!passphrase.ok) return passphrase;
    return show(io, options, await core.invoke('vault.create', { passphrase: passphrase.value }));
  },
  async 'unlock-check'({ core, io, options }) {
    const passphrase = await askAgain(io, options, undefined);
    if (!passphrase.ok) return passphrase;
    const unlocked = await core.invoke('vault.unlock', { passphrase: passphrase.value });
    return show(io, options, unlocked);
  },
  async passphrase({ core, io, options }) {
    const pair = await oldAndNew(io, options);
    if (!pair.ok) return pair;
    return show(io, options, await core.invoke('vault.changePassphrase', pair.value));
  },
  async calibrate({ core, io, options }) {
    const found =
      options.memoryMib === undefined || options.passes === undefined
        ? await core.invoke('vault.calibrate', options.targetMs === undefined ? {} : { targetMs: options.targetMs })
        : undefined;
    if (found?.ok === false) return found;
    if (options.apply !== true) {
      if (found === undefined) return err('invalid_input', '--memory-mib and --passes need --apply.');
      return showCalibration(io, options, found.value);
    }
    const memoryMib = options.memoryMib ?? found?.value.proposed.memoryMib ?? 0;
    const passes = options.passes ?? found?.value.proposed.passes ?? 0;
    const passphrase = await askAgain(io, options, undefined);
    if (!passphrase.ok) return passphrase;
    return show(io, options, await core.invoke('vault.retune', { passphrase: passphrase.value, memoryMib, passes }));
  },
  paths: async ({ core, io, options }) => showPaths(io, options, await core.invoke('vault.unlockPaths', {})),
  async 'add-passphrase'({ core, io, options }) {
    const { label } = options;
    if (label === undefined) return err('invalid_input', '--label LABEL is missing.');
    const pair = await oldAndNew(io, options);
    if (!pair.ok) return pair;
    const { current: passphrase, next } = pair.value;
    return showPaths(io, options, await core.invoke('vault.addPassphrase', { passphrase, next, label }));
  },
  async 'remove-path'({ core, io, options, word }) {
    if (word === undefined) return err('invalid_input', 'ID is missing.', { hint: 'nacre vault paths shows the ids.' });
    const passphrase = await askAgain(io, options, undefined);
    if (!passphrase.ok) return passphrase;
    return showPaths(io, options, await core.invoke('vault.removePath', { passphrase: passphrase.value, id: word }));
  },
  async copies({ core, io, options }) {
    const copies = await core.invoke('vault.copies', {});
    if (!copies.ok) return copies;
    if (options.json === true) printJson(io, copies.value);
    else {
      const rows = copies.value.map(({ madeAt, bytes, readable, problem, path }) => [
        madeAt,
        formatBytes(bytes),
        readable ? 'readable' : `DAMAGED: ${problem ?? ''}`,
        path,
      ]);
      io.out(formatTable([['MADE', 'SIZE', 'STATE', 'FILE'], ...rows]));
    }
    return ok(copies.value.every(({ readable }) => readable) ? exitCodes.ok : exitCodes.refused);
  },
  async profiles({ core, io, options }) {
    const profiles = await core.invoke('vault.profiles', {});
    if (!profiles.ok) return profiles;
    if (options.json === true) printJson(io, profiles.value);
    else {
      const rows = profiles.value.map(({ path, current, vault, lastOpenedAt }) => [
        current ? '*' : '',
        vault,
        lastOpenedAt ?? 'never',
        path,
      ]);
      io.out(formatTable([['', 'VAULT', 'LAST OPENED', 'PROFILE'], ...rows]));
    }
    return ok(exitCodes.ok);
  },
};

export const vaultCommand: Command = {
  name: 'vault',
  summary: 'create the vault, check it, tune it, change how it is unlocked',
  usage,
  async run(args, io) {
    const parsed = parseOptions('vault', args, optionTypes, { names: ['ACTION', 'ID'], minimum: 1 });
    if (!parsed.ok) return reportError(io, parsed.error);
    const { options: given, words } = parsed.value;
    const counts: (number | undefined)[] = [];
    for (const name of ['target-ms', 'memory-mib', 'passes'] as const) {
      const count = parseCount(name, given[name]);
      if (!count.ok) return reportError(io, count.error);
      counts.push(count.value);
    }
    const [targetMs, memoryMib, passes] = counts;
    const name = words[0] ?? '';
    const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
    if (action === undefined) {
      const hint = `It knows ${Object.keys(actions).join(', ')}.`;
      return reportError(io, err('invalid_input', `vault does not know ${JSON.stringify(name)}.`, { hint }).error);
    }
    const options = { ...given, targetMs, memoryMib, passes };
    // What changes how the vault is unlocked proves the passphrase by itself; only copies are shown to the owner alone.
    return withCore(io, given, name === 'copies' ? 'unlocked' : 'any', (core) =>
      action({ io, core, options, word: words[1] }),
    );
  },
};

function show(io: CommandIo, options: VaultOptions, state: Result<VaultState>): Result<number> {
  if (!state.ok) return state;
  if (options.json === true) printJson(io, state.value);
  else {
    const { kdf, path, state: word } = state.value;
    io.out(`vault ${word}: ${path}\n`);
    if (kdf !== undefined) {
      const took = kdf.lastUnlockMs === undefined ? '' : `, last unlock ${Math.round(kdf.lastUnlockMs)} ms`;
      io.out(`Argon2id, ${kdf.memoryMib} MiB, ${kdf.passes} passes${took}\n`);
    }
  }
  return ok(exitCodes.ok);
}

function showCalibration(io: CommandIo, options: VaultOptions, found: Calibration): Result<number> {
  if (options.json === true) printJson(io, found);
  else {
    const rows = found.measured.map(({ memoryMib, passes, milliseconds }) => [
      `${memoryMib} MiB`,
      `${passes}`,
      `${Math.round(milliseconds)} ms`,
    ]);
    io.out(formatTable([['MEMORY', 'PASSES', 'TOOK'], ...rows]));
    const { memoryMib, passes, expectedMs } = found.proposed;
    io.out(
      `proposed: ${memoryMib} MiB, ${passes} passes (${Math.round(expectedMs)} ms with ${found.implementation})\n`,
    );
    const { current } = found;
    if (current !== undefined) io.out(`now: ${current.memoryMib} MiB, ${current.passes} passes\n`);
  }
  return ok(exitCodes.ok);
}

function showPaths(io: CommandIo, options: VaultOptions, found: Result<UnlockPaths>): Result<number> {
  if (!found.ok) return found;
  if (options.json === true) printJson(io, found.value);
  else {
    const rows = found.value.paths.map((path) => [
      path.id,
      path.type,
      printable(path.label),
      path.backend ?? path.rpId ?? (path.threshold === undefined ? '' : `${path.threshold} of ${path.shares ?? 0}`),
      path.createdAt ?? '',
    ]);
    io.out(formatTable([['ID', 'TYPE', 'LABEL', 'BY', 'ADDED'], ...rows]));
    const { available, backend, reason } = found.value.keychain;
    io.out(`keychain: ${available ? backend : (reason ?? 'not available')}\n`);
  }
  return ok(exitCodes.ok);
}

async function oldAndNew(
  io: CommandIo,
  options: VaultOptions,
): Promise<Result<{ current: Uint8Array; next: Uint8Array }>> {
  const descriptor = passphraseDescriptor(options);
  if (!descriptor.ok) return descriptor;
  const current = await io.secret('Current passphrase', descriptor.value);
  if (!current.ok) return current;
  const next = await askNewPassphrase(io, options, 'New passphrase');
  if (next.ok) return ok({ current: current.value, next: next.value });
  wipeSecrets(current.value);
  return next;
}
