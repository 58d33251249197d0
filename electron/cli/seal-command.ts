import { lstat, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { err, ok, type Result } from '../contract/result.ts';
import { wipeSecrets } from '../contract/secret-bytes.ts';
import { createStandaloneSealing, describeEarlier, passphraseRecipient, readIdentityFile } from '../core/sealing.ts';
import { exitCodes, parseOptions, printJson, reportError, type Command, type CommandIo } from './command.ts';
import { formatBytes } from './format.ts';
import { createSealProgress } from './seal-progress.ts';
import { askNewPassphrase } from './new-passphrase.ts';

const usage = `nacre seal PATH --to RECIPIENT [--to RECIPIENT]... --out FILE [--identity FILE] [--manifest FILE] [--force]
           [--json]
nacre seal PATH --passphrase [--passphrase-fd N] --out FILE [--force] [--json]

  Seals a file or a folder into a standard age v1 file; needs no vault. "age -d" opens it; a folder is a tar stream
  inside ("age -d FILE | tar x").

  --to RECIPIENT     age1... (X25519) or age1pq1... (ML-KEM-768 + X25519); may be given several times
  --passphrase       seal to a passphrase instead
  --out FILE         the sealed file; never replaced without --force
  --identity FILE    an identity of one of the recipients: a sealing that was killed is then gone on with by the same
                     command; without one it starts anew
  --keep-times       a folder: keep when its files were changed; otherwise one content always gives one stream
  --compress         zstd, when a sample gets smaller by it; "age -d" then gives a .zst (a folder: .tar.zst), and
                     "nacre open" undoes it with --decompress or --extract; slower, and does not go on after a kill
  --manifest FILE    also write the SHA-256 of every part and their Merkle root, unsigned
`;

/** `nacre seal` */
export const sealCommand: Command = {
  name: 'seal',
  summary: 'seal a file or folder to age recipients (no vault needed)',
  usage,
  async run(args, io) {
    const parsed = parseOptions(
      'seal',
      args,
      {
        to: { type: 'string', multiple: true },
        passphrase: { type: 'boolean' },
        'passphrase-fd': { type: 'string' },
        out: { type: 'string' },
        identity: { type: 'string' },
        manifest: { type: 'string' },
        'keep-times': { type: 'boolean' },
        compress: { type: 'boolean' },
        force: { type: 'boolean' },
        json: { type: 'boolean' },
      },
      { names: ['PATH'] },
    );
    if (!parsed.ok) return reportError(io, parsed.error);
    const { options, words } = parsed.value;
    if (options.out === undefined) return reportError(io, err('invalid_input', '--out FILE is missing.').error);
    const identities =
      options.identity === undefined ? ok([]) : await readIdentityFile(resolve(io.cwd, options.identity));
    if (!identities.ok) return reportError(io, identities.error);
    const manifestPath = options.manifest === undefined ? undefined : resolve(io.cwd, options.manifest);
    if (manifestPath !== undefined && options.force !== true && (await exists(manifestPath))) {
      return reportError(
        io,
        err('already_exists', `${manifestPath} exists already.`, { hint: '--force replaces it.' }).error,
      );
    }
    const passphrase = await readPassphrase(io, options);
    if (!passphrase.ok) return reportError(io, passphrase.error);
    const sealing = createStandaloneSealing();
    const progress = createSealProgress(io);
    try {
      const sealed = await sealing.seal({
        path: resolve(io.cwd, words[0] ?? ''),
        recipients: passphrase.value === undefined ? (options.to ?? []) : [passphraseRecipient(passphrase.value)],
        out: resolve(io.cwd, options.out),
        manifest: manifestPath !== undefined,
        keepTimes: options['keep-times'] === true,
        compress: options.compress === true,
        lendIdentities: (work) => work(identities.value),
        overwrite: options.force === true,
        onProgress: progress.onProgress,
        signal: io.signal,
      });
      progress.end();
      if (!sealed.ok) return reportError(io, sealed.error);
      if (manifestPath !== undefined) {
        const written = await writeManifest(manifestPath, sealed.value.manifest, options.force === true);
        if (!written.ok) return reportError(io, written.error);
      }
      const { manifest, ...facts } = sealed.value;
      const root = manifest === undefined ? {} : { root: manifest.root, parts: manifest.parts.length };
      if (options.json === true) printJson(io, { ...facts, ...root });
      else {
        const { kind, files, plainBytes, sealedBytes, path, earlier } = facts;
        if (facts.compression === 'not-smaller') io.note('Not compressed: a sample did not get smaller by it.\n');
        if (earlier !== 'none') io.note(`${describeEarlier({ ...sealed.value, earlier })}\n`);
        const what = kind === 'folder' ? `${files} ${files === 1 ? 'file' : 'files'}, ` : '';
        io.out(`sealed ${what}${formatBytes(plainBytes)} into ${path} (${formatBytes(sealedBytes)})\n`);
        if (manifest !== undefined) io.out(`root ${manifest.root}, ${manifest.parts.length} parts\n`);
      }
      return exitCodes.ok;
    } finally {
      wipeSecrets(passphrase.value);
      progress.end();
      await sealing.close();
    }
  },
};

/** The passphrase to seal to; undefined where there are recipients. The caller wipes it. */
async function readPassphrase(
  io: CommandIo,
  options: { to?: string[]; passphrase?: boolean; 'passphrase-fd'?: string },
): Promise<Result<Uint8Array | undefined>> {
  const { to = [], passphrase } = options;
  if (passphrase !== true) {
    return to.length > 0 ? ok(undefined) : err('invalid_input', 'Say for whom: --to RECIPIENT, or --passphrase.');
  }
  if (to.length > 0) return err('invalid_input', '--passphrase cannot be combined with --to.');
  const first = await askNewPassphrase(io, options, 'New passphrase');
  if (!first.ok || first.value.length > 0) return first;
  return err('invalid_input', 'The passphrase is empty.');
}

async function writeManifest(path: string, manifest: unknown, overwrite: boolean): Promise<Result<void>> {
  try {
    await writeFile(path, `${JSON.stringify(manifest, null, 2)}\n`, { flag: overwrite ? 'w' : 'wx' });
    return ok(undefined);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    return err('unavailable', `The data is sealed, but its manifest ${path} could not be written (${code}).`);
  }
}

function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
