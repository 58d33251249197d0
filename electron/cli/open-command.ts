import { resolve } from 'node:path';
import { err, ok, type Result } from '../contract/result.ts';
import { wipeSecrets } from '../contract/secret-bytes.ts';
import { createStandaloneSealing, passphraseIdentity, readIdentityFile, type Identity } from '../core/sealing.ts';
import { exitCodes, parseOptions, printJson, reportError, type Command, type CommandIo } from './command.ts';
import { formatBytes } from './format.ts';
import { createSealProgress } from './seal-progress.ts';
import { passphraseDescriptor } from './session.ts';

const usage = `nacre open FILE --identity FILE --out PATH [--extract] [--force] [--json]
nacre open FILE --passphrase [--passphrase-fd N] --out PATH [--extract] [--force] [--json]

  Opens an age file whole, or not at all; needs no vault.

  --identity FILE   identities as age-keygen or "nacre key export" writes them; never given as an argument
  --passphrase      the file was sealed to a passphrase
  --out PATH        the opened file; never replaced without --force
  --decompress      undo zstd, if the content is compressed (seal --compress)
  --extract         the file holds a folder: unpack it into the new folder PATH
`;

/** `nacre open` */
export const openCommand: Command = {
  name: 'open',
  summary: 'open a sealed file with an age identity (no vault needed)',
  usage,
  async run(args, io) {
    const parsed = parseOptions(
      'open',
      args,
      {
        identity: { type: 'string' },
        passphrase: { type: 'boolean' },
        'passphrase-fd': { type: 'string' },
        out: { type: 'string' },
        extract: { type: 'boolean' },
        decompress: { type: 'boolean' },
        force: { type: 'boolean' },
        json: { type: 'boolean' },
      },
      { names: ['FILE'] },
    );
    if (!parsed.ok) return reportError(io, parsed.error);
    const { options, words } = parsed.value;
    if (options.out === undefined) return reportError(io, err('invalid_input', '--out PATH is missing.').error);
    const key = await readKey(io, options);
    if (!key.ok) return reportError(io, key.error);
    const sealing = createStandaloneSealing();
    const progress = createSealProgress(io);
    const out = resolve(io.cwd, options.out);
    try {
      const opened = await sealing.open({
        file: resolve(io.cwd, words[0] ?? ''),
        identities: key.value.identities,
        out,
        extract: options.extract === true,
        decompress: options.decompress === true,
        overwrite: options.force === true,
        onProgress: progress.onProgress,
        signal: io.signal,
      });
      progress.end();
      if (!opened.ok) return reportError(io, opened.error);
      if (options.json === true) printJson(io, { path: out, ...opened.value });
      else io.out(`opened ${formatBytes(opened.value.plainBytes)} into ${out}\n`);
      return exitCodes.ok;
    } finally {
      wipeSecrets(key.value.passphrase);
      progress.end();
      await sealing.close();
    }
  },
};

/** What the file is opened with. The caller wipes the passphrase. */
async function readKey(
  io: CommandIo,
  options: { identity?: string; passphrase?: boolean; 'passphrase-fd'?: string },
): Promise<Result<{ identities: readonly Identity[]; passphrase?: Uint8Array }>> {
  if (options.identity !== undefined && options.passphrase === true) {
    return err('invalid_input', '--passphrase cannot be combined with --identity.');
  }
  if (options.identity !== undefined) {
    const identities = await readIdentityFile(resolve(io.cwd, options.identity));
    return identities.ok ? ok({ identities: identities.value }) : identities;
  }
  if (options.passphrase !== true) return err('invalid_input', 'Say with what: --identity FILE, or --passphrase.');
  const descriptor = passphraseDescriptor(options);
  if (!descriptor.ok) return descriptor;
  const passphrase = await io.secret('Passphrase', descriptor.value);
  if (!passphrase.ok) return passphrase;
  return ok({ identities: [passphraseIdentity(passphrase.value)], passphrase: passphrase.value });
}
