import { resolve } from 'node:path';
import { err, ok, type Result } from '../contract/result.ts';
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
import { formatBytes, printable } from './format.ts';
import { askNewPassphrase } from './new-passphrase.ts';
import { askShares, behindWords, type ShareOptions } from './recovery-input.ts';
import { askAgain, withCore } from './session.ts';

const usage = `nacre backup create FILE [--own-passphrase] [--profile DIR] [--passphrase-fd N] [--json]
nacre backup check FILE [--open] [--profile DIR] [--passphrase-fd N] [--json]
nacre backup restore FILE [--share FILE]... [--typed N] [--replace]
             [--profile DIR] [--passphrase-fd N] [--json]

  create   one new file with vault, keys, records of datasets, policies, rules, settings
           and the audit log, as they are at one moment; read back before it is named.
           Sealed files, models and telemetry are not in it.
           --own-passphrase: it opens with another passphrase than the vault
  check    compares every byte with its digest, and says what this profile knows that the
           backup does not; --open opens every record in it, too
  restore  into a new profile, or over a vault that is damaged (--replace: over any; the
           old file stays beside it). With --share or --typed, shares open the backup
           and a new passphrase is set; else the passphrase of the backup is asked for.

Passphrases and typed shares are asked for without echo, or read as lines from file
descriptor N: create reads the passphrase of the vault, then the backup's own; restore
reads the passphrase, or the typed shares and then the new passphrase.
`;

const optionTypes = {
  ...profileOptions,
  json: { type: 'boolean' },
  'own-passphrase': { type: 'boolean' },
  open: { type: 'boolean' },
  replace: { type: 'boolean' },
  share: { type: 'string', multiple: true },
  typed: { type: 'string' },
} as const;

interface BackupOptions extends ShareOptions {
  readonly json?: boolean | undefined;
  readonly 'own-passphrase'?: boolean | undefined;
  readonly open?: boolean | undefined;
  readonly replace?: boolean | undefined;
}

const unlock = (core: Core, passphrase: Uint8Array): Promise<Result<unknown>> =>
  core.invoke('vault.unlock', { passphrase: copySecret(passphrase) });

type Action = (core: Core, io: CommandIo, path: string, options: BackupOptions) => Promise<Result<number>>;

const actions: Readonly<Record<string, Action>> = {
  async create(core, io, path, options) {
    const passphrase = await askAgain(io, options, undefined);
    if (!passphrase.ok) return passphrase;
    const own =
      options['own-passphrase'] === true ? await askNewPassphrase(io, options, 'Passphrase of the backup') : undefined;
    const unlocked = own?.ok === false ? own : await unlock(core, passphrase.value);
    if (!unlocked.ok) {
      wipeSecrets([passphrase.value, own?.ok === true ? own.value : undefined]);
      return unlocked;
    }
    const written = await core.invoke('backup.create', {
      path,
      passphrase: passphrase.value,
      ...(own?.ok === true ? { ownPassphrase: own.value } : {}),
    });
    if (!written.ok) return written;
    const { bytes, sha256 } = written.value;
    if (options.json === true) printJson(io, written.value);
    else io.out(`${printable(path)}\n${formatBytes(bytes)}, read back whole, sha256 ${sha256}\n`);
    return ok(exitCodes.ok);
  },
  async check(core, io, path, options) {
    const passphrase = options.open === true ? await askAgain(io, options, undefined) : undefined;
    if (passphrase?.ok === false) return passphrase;
    const checked = await core.invoke('backup.check', {
      path,
      ...(passphrase === undefined ? {} : { passphrase: passphrase.value }),
    });
    if (!checked.ok) return checked;
    if (options.json === true) {
      printJson(io, checked.value);
      return ok(exitCodes.ok);
    }
    const { vaultId, createdAt, bytes, sha256, opensWith, opened, records, datasets, behind } = checked.value;
    io.out(`whole: ${formatBytes(bytes)}, sha256 ${sha256}\nvault ${vaultId}, made ${createdAt}\n`);
    io.out(`opens with: ${opensWith.join('; ')}\n`);
    io.out(opened ? `opened: ${records ?? 0} records, ${datasets ?? 0} datasets\n` : 'not opened: --open does that\n');
    if (behind !== undefined) io.out(`newer here: ${behindWords(behind)}\n`);
    return ok(exitCodes.ok);
  },
  async restore(core, io, path, options) {
    const byShares = options.share !== undefined || options.typed !== undefined;
    const shares = byShares ? await askShares(io, options) : undefined;
    if (shares?.ok === false) return shares;
    const passphrase = byShares
      ? await askNewPassphrase(io, options, 'New passphrase')
      : await askAgain(io, options, undefined);
    if (!passphrase.ok) return passphrase;
    const restored = await core.invoke('backup.restore', {
      path,
      with: shares === undefined ? { passphrase: passphrase.value } : { shares: shares.value, next: passphrase.value },
      replace: options.replace === true,
    });
    if (!restored.ok) return restored;
    if (options.json === true) {
      printJson(io, restored.value);
      return ok(exitCodes.ok);
    }
    const { vaultId, createdAt, took, datasets, behind } = restored.value;
    io.out(`vault ${vaultId} of ${createdAt} is back\n`);
    io.out(
      took === 'all'
        ? `${datasets} datasets; their sealed files are not in a backup, put them where they were\n`
        : `records and log of this profile stayed; the vault does not know: ${behindWords(behind)}\n`,
    );
    return ok(exitCodes.ok);
  },
};

export const backupCommand: Command = {
  name: 'backup',
  summary: 'write, check and restore a backup of the whole profile',
  usage,
  async run(args, io) {
    const parsed = parseOptions('backup', args, optionTypes, { names: ['ACTION', 'FILE'] });
    if (!parsed.ok) return reportError(io, parsed.error);
    const { options, words } = parsed.value;
    const typed = parseCount('typed', options.typed);
    if (!typed.ok) return reportError(io, typed.error);
    const [name = '', file = ''] = words;
    const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
    if (action === undefined) {
      const hint = `It knows ${Object.keys(actions).join(', ')}.`;
      return reportError(io, err('invalid_input', `backup does not know ${JSON.stringify(name)}.`, { hint }).error);
    }
    const given = { ...options, typed: typed.value };
    return withCore(io, options, 'any', (core) => action(core, io, resolve(io.cwd, file), given));
  },
};
