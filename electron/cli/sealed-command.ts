import { resolve } from 'node:path';
import { err } from '../contract/result.ts';
import type { Manifest } from '../contract/sealed.ts';
import { createStandaloneSealing, readManifestFile, type SealingService } from '../core/sealing.ts';
import { exitCodes, parseOptions, printJson, reportError, type Command, type CommandIo } from './command.ts';
import { formatBytes } from './format.ts';
import { createSealProgress } from './seal-progress.ts';

const usage = `nacre sealed inspect FILE [--json]
nacre sealed verify FILE --manifest FILE [--json]

  Looks at a sealed file with no key and no vault.

  inspect   sizes, digest of the age header, kinds of recipients
  verify    reads every part again and compares it with the manifest (plain, or a signed envelope, whose signature is
            NOT checked here); exit code 1 when a part was changed
`;

/** `nacre sealed` */
export const sealedCommand: Command = {
  name: 'sealed',
  summary: 'inspect a sealed file, or check it against its manifest, without keys',
  usage,
  async run(args, io) {
    const parsed = parseOptions(
      'sealed',
      args,
      { manifest: { type: 'string' }, json: { type: 'boolean' } },
      { names: ['ACTION', 'FILE'] },
    );
    if (!parsed.ok) return reportError(io, parsed.error);
    const { options, words } = parsed.value;
    const [action, word = ''] = words;
    const file = resolve(io.cwd, word);
    const json = options.json === true;
    if (action !== 'inspect' && action !== 'verify') {
      const message = `sealed does not know ${JSON.stringify(action)}; it knows inspect and verify.`;
      return reportError(io, err('invalid_input', message).error);
    }
    const sealing = createStandaloneSealing();
    try {
      if (action === 'inspect') return await inspect(io, sealing, file, json);
      if (options.manifest === undefined)
        return reportError(io, err('invalid_input', '--manifest FILE is missing.').error);
      const manifest = await readManifestFile(resolve(io.cwd, options.manifest));
      return manifest.ok ? await verify(io, sealing, file, manifest.value, json) : reportError(io, manifest.error);
    } finally {
      await sealing.close();
    }
  },
};

async function inspect(io: CommandIo, sealing: SealingService, file: string, json: boolean): Promise<number> {
  const seen = await sealing.inspect(file);
  if (!seen.ok) return reportError(io, seen.error);
  if (json) printJson(io, seen.value);
  else {
    const { sealedBytes, plainBytes, recipientKinds, ageHeaderSha256 } = seen.value;
    io.out(`age v1, ${formatBytes(sealedBytes)} sealed, ${formatBytes(plainBytes)} inside\n`);
    io.out(`recipients: ${recipientKinds.join(', ')}\nheader SHA-256 ${ageHeaderSha256}\n`);
  }
  return exitCodes.ok;
}

async function verify(
  io: CommandIo,
  sealing: SealingService,
  file: string,
  manifest: Manifest,
  json: boolean,
): Promise<number> {
  const progress = createSealProgress(io);
  const verdict = await sealing.verifyParts(file, manifest, { onProgress: progress.onProgress, signal: io.signal });
  progress.end();
  if (!verdict.ok) return reportError(io, verdict.error);
  const { whole, parts, badParts } = verdict.value;
  if (json) printJson(io, { ...verdict.value, root: manifest.root });
  else if (whole) io.out(`whole: ${parts} parts, root ${manifest.root}\n`);
  else io.out(`NOT WHOLE: changed parts ${badParts.map((part) => part + 1).join(', ')} of ${parts}\n`);
  return whole ? exitCodes.ok : exitCodes.refused;
}
