import { createHash, timingSafeEqual } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { payloadTypes } from '../contract/dsse.ts';
import { err, type Result } from '../contract/result.ts';
import type { Artifact } from '../contract/wire.ts';
import type { VerifySignature } from '../domain/dsse/dsse.ts';
import { headerDigest, openAgeFile } from '../services/sealing/age-file.ts';
import { createManifest, partSizeFor } from '../services/sealing/manifest.ts';
import { loadSealedDataset, type LoadOptions, type SealedDataset } from '../services/sealing/sealed-dataset.ts';
import type { Signing } from './signing.ts';

export interface CheckpointOptions {
  readonly signing: Pick<Signing, 'envelope' | 'ownerKey'>;
  readonly identities: LoadOptions['identities'];
  readonly verify: VerifySignature;
}

/**
 * Makes a sealed checkpoint that came home into something that can be uploaded and whose key can be released: with a
 * signed manifest of its own. The same file gives the same manifest, so an order that names it stays good.
 * Errors: `integrity` (it is not the file that the node announced), `locked`, those of the file system.
 */
export function createCheckpointOpener(options: CheckpointOptions) {
  return async (artifact: Artifact & { readonly path: string }, createdAt: string): Promise<Result<SealedDataset>> => {
    const { path, name } = artifact;
    const file = await openAgeFile(path);
    if (!file.ok) return file;
    const { header, sealedBytes, plainBytes } = file.value;
    await file.value.close();
    const partSize = partSizeFor(sealedBytes);
    const whole = createHash('sha256');
    const parts: string[] = [];
    for await (const part of createReadStream(path, { highWaterMark: partSize }) as AsyncIterable<Buffer>) {
      whole.update(part);
      parts.push(createHash('sha256').update(part).digest('hex'));
    }
    if (!timingSafeEqual(whole.digest(), Buffer.from(artifact.sha256, 'hex'))) {
      return err('integrity', `${path} is not the checkpoint that its node announced; nothing resumes from it.`);
    }
    if (plainBytes === undefined) return err('damaged', `${path} is no whole age file.`);
    const manifest = createManifest({
      name,
      kind: 'folder',
      sealedBytes,
      plainBytes,
      partSize,
      parts,
      ageHeaderSha256: headerDigest(header.bytes),
      recipients: [],
      now: Date.parse(createdAt),
    });
    if (!manifest.ok) return manifest;
    const envelope = options.signing.envelope('manifest', payloadTypes.manifest, manifest.value);
    if (!envelope.ok) return envelope;
    const publicKey = options.signing.ownerKey();
    if (!publicKey.ok) return publicKey;
    const { identities, verify } = options;
    return loadSealedDataset({
      path,
      envelope: envelope.value,
      trusted: [{ publicKey: publicKey.value }],
      identities,
      verify,
    });
  };
}
