import { resolve } from 'node:path';
import { err, ok, type Result } from '../contract/result.ts';
import type { ShareSet, WrittenShares } from '../contract/recovery.ts';
import { copySecret, wipeSecrets } from '../contract/secret-bytes.ts';
import type { Core } from '../core/types.ts';
import {
  exitCodes,
  parseCount,
  parseOptions,
  printJson,
  profileOptions,
  reportError,
  type Command,
  type CommandIo,
} from './command.ts';
import { formatTable, printable } from './format.ts';
import { askNewPassphrase } from './new-passphrase.ts';
import { askShares, type ShareOptions } from './recovery-input.ts';
import { askAgain, withCore } from './session.ts';

const usage = `nacre share make --threshold K --holder NAME --holder NAME... --out DIR [--text]
nacre share refresh --out DIR [--text]
nacre share list
nacre share check (--share FILE | --typed 1)
nacre share rehearse [--share FILE]... [--typed N]
nacre share recover [--share FILE]... [--typed N]
            all with [--profile DIR] [--passphrase-fd N] [--json]

  make      splits a recovery key into one share a holder, K of which open the vault, and
            writes one printable page (PDF with a QR code) for each into DIR; --text adds
            a text file each. Shares made before stop working.
  refresh   a new set for the same holders: old pages open nothing but older backups
  list      who holds which share, and when they were last rehearsed
  check     whether a share is of the set that works now; it is not shown
  rehearse  proves that these shares would open the vault, and changes nothing
  recover   sets a new passphrase on the vault of this profile

A share is a page of the kit, a picture of its code, a text file, or its 26 groups typed.
Passphrase and typed shares are asked for without echo, or read as lines from file
descriptor N: the passphrase first (recover: the new one last), then the shares.
`;

const optionTypes = {
  ...profileOptions,
  json: { type: 'boolean' },
  threshold: { type: 'string' },
  holder: { type: 'string', multiple: true },
  out: { type: 'string' },
  text: { type: 'boolean' },
  share: { type: 'string', multiple: true },
  typed: { type: 'string' },
} as const;

interface MakeOptions extends ShareOptions {
  readonly json?: boolean | undefined;
  readonly threshold?: number | undefined;
  readonly holder?: string[] | undefined;
  readonly out?: string | undefined;
  readonly text?: boolean | undefined;
}

type Action = (core: Core, io: CommandIo, options: MakeOptions) => Promise<Result<number>>;

/** Unlocks by the passphrase that the act itself asks for again. */
async function unlocked(core: Core, io: CommandIo, options: MakeOptions): Promise<Result<Uint8Array>> {
  const passphrase = await askAgain(io, options, undefined);
  if (!passphrase.ok) return passphrase;
  const state = await core.invoke('vault.unlock', { passphrase: copySecret(passphrase.value) });
  if (state.ok) return passphrase;
  wipeSecrets(passphrase.value);
  return state;
}

/** Unlocks for an act that needs the passphrase only for that. */
async function unlock(core: Core, io: CommandIo, options: MakeOptions): Promise<Result<unknown>> {
  const passphrase = await askAgain(io, options, undefined);
  return passphrase.ok ? core.invoke('vault.unlock', { passphrase: passphrase.value }) : passphrase;
}

function targetOf(io: CommandIo, { out, text }: MakeOptions): Result<{ folder: string; textFiles: boolean }> {
  return out === undefined
    ? err('invalid_input', '--out DIR is missing: the folder for the pages.')
    : ok({ folder: resolve(io.cwd, out), textFiles: text === true });
}

const actions: Readonly<Record<string, Action>> = {
  async make(core, io, options) {
    const { threshold, holder: holders } = options;
    if (threshold === undefined || holders === undefined) {
      return err('invalid_input', '--threshold K and one --holder NAME for each share are missing.');
    }
    const target = targetOf(io, options);
    if (!target.ok) return target;
    const passphrase = await unlocked(core, io, options);
    if (!passphrase.ok) return passphrase;
    const input = { passphrase: passphrase.value, threshold, holders, ...target.value };
    return showWritten(io, options, await core.invoke('shares.make', input));
  },
  async refresh(core, io, options) {
    const target = targetOf(io, options);
    if (!target.ok) return target;
    const passphrase = await unlocked(core, io, options);
    if (!passphrase.ok) return passphrase;
    const input = { passphrase: passphrase.value, ...target.value };
    return showWritten(io, options, await core.invoke('shares.refresh', input));
  },
  async list(core, io, options) {
    const open = await unlock(core, io, options);
    if (!open.ok) return open;
    const status = await core.invoke('recovery.status', {});
    if (!status.ok) return status;
    const { set } = status.value;
    if (options.json === true) printJson(io, set ?? null);
    else if (set === undefined) io.out('no recovery shares\n');
    else showSet(io, set);
    return ok(exitCodes.ok);
  },
  async check(core, io, options) {
    const open = await unlock(core, io, options);
    if (!open.ok) return open;
    const shares = await askShares(io, options);
    if (!shares.ok) return shares;
    const [share] = shares.value;
    if (share === undefined || shares.value.length > 1) return err('invalid_input', 'check takes one share.');
    const standing = await core.invoke('shares.check', { share });
    if (!standing.ok) return standing;
    const { state, index, threshold, shares: count, setId, holder, digest } = standing.value;
    if (options.json === true) printJson(io, standing.value);
    else {
      const words = {
        current: `of the set that works now${holder === undefined ? '' : `, held by ${printable(holder)}`}`,
        replaced: 'of a set that was replaced: it opens older backups at most',
        foreign: 'of another vault, or forged',
      };
      io.out(`share ${index} of ${count}, ${threshold} needed, set ${setId}\n${words[state]}\ndigest ${digest}\n`);
    }
    return ok(state === 'current' ? exitCodes.ok : exitCodes.refused);
  },
  async rehearse(core, io, options) {
    const open = await unlock(core, io, options);
    if (!open.ok) return open;
    const shares = await askShares(io, options);
    if (!shares.ok) return shares;
    const set = await core.invoke('shares.rehearse', { shares: shares.value });
    if (!set.ok) return set;
    if (options.json === true) printJson(io, set.value);
    else {
      io.out('these shares open the vault; nothing was changed\n');
      showSet(io, set.value);
    }
    return ok(exitCodes.ok);
  },
  async recover(core, io, options) {
    const shares = await askShares(io, options);
    if (!shares.ok) return shares;
    const next = await askNewPassphrase(io, options, 'New passphrase');
    if (!next.ok) return next;
    const recovered = await core.invoke('shares.recover', { shares: shares.value, next: next.value });
    if (!recovered.ok) return recovered;
    if (options.json === true) printJson(io, recovered.value);
    else io.out(`vault ${recovered.value.vaultId} has the new passphrase; now make a new set: nacre share refresh\n`);
    return ok(exitCodes.ok);
  },
};

export const shareCommand: Command = {
  name: 'share',
  summary: 'recovery shares: make, check, rehearse, refresh, recover',
  usage,
  async run(args, io) {
    const parsed = parseOptions('share', args, optionTypes, { names: ['ACTION'] });
    if (!parsed.ok) return reportError(io, parsed.error);
    const { options, words } = parsed.value;
    const typed = parseCount('typed', options.typed);
    const threshold = parseCount('threshold', options.threshold);
    if (!typed.ok) return reportError(io, typed.error);
    if (!threshold.ok) return reportError(io, threshold.error);
    const [name = ''] = words;
    const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
    if (action === undefined) {
      const hint = `It knows ${Object.keys(actions).join(', ')}.`;
      return reportError(io, err('invalid_input', `share does not know ${JSON.stringify(name)}.`, { hint }).error);
    }
    const given = { ...options, typed: typed.value, threshold: threshold.value };
    return withCore(io, options, 'any', (core) => action(core, io, given));
  },
};

function showWritten(io: CommandIo, options: MakeOptions, written: Result<WrittenShares>): Result<number> {
  if (!written.ok) return written;
  if (options.json === true) printJson(io, written.value);
  else {
    showSet(io, written.value.set);
    for (const { path } of written.value.files) io.out(`${printable(path)}\n`);
    io.out('Print each page, give it to its holder, check it, then delete the files.\n');
  }
  return ok(exitCodes.ok);
}

function showSet(io: CommandIo, { setId, threshold, shares, createdAt, rehearsedAt }: ShareSet): void {
  io.out(`set ${setId}, ${threshold} of ${shares.length}, made ${createdAt}, rehearsed ${rehearsedAt ?? 'never'}\n`);
  const rows = shares.map(({ index, holder, digest }) => [String(index), printable(holder), digest]);
  io.out(formatTable([['SHARE', 'HELD BY', 'DIGEST'], ...rows]));
}
