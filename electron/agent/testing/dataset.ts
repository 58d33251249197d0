import { createHash } from 'node:crypto';
import { Decrypter, Encrypter, generateIdentity, identityToRecipient } from 'age-encryption';
import type { Manifest } from '../../contract/sealed.ts';
import { payloadTypes, type DsseEnvelope } from '../../contract/wire.ts';
import { canonicalJson, createSigner, signJson } from '../../domain/dsse/dsse.ts';
import { leafHash, merkleRoot } from '../../domain/merkle/merkle.ts';

/** Who owns data and orders in a test: a signing key and an age identity. */
export interface Owner {
  readonly signer: ReturnType<typeof createSigner>;
  readonly identity: string;
  readonly recipient: string;
}

export async function makeOwner(): Promise<Owner> {
  const identity = await generateIdentity();
  return {
    signer: createSigner(crypto.getRandomValues(new Uint8Array(32))),
    identity,
    recipient: await identityToRecipient(identity),
  };
}

/** A dataset as a desk seals it, by another age implementation than the agent's. */
export interface TestDataset {
  readonly parts: readonly Buffer[];
  readonly manifest: Manifest;
  readonly envelope: DsseEnvelope;
  readonly manifestSha256: string;
  readonly fileKey: Uint8Array;
}

export async function sealDataset(
  plain: Uint8Array,
  owner: Owner,
  changes: Partial<Manifest> = {},
  /** Take the place of the first parts: enough for tests that never open the data. */
  firstParts: readonly Buffer[] = [],
): Promise<TestDataset> {
  const encrypter = new Encrypter();
  encrypter.addRecipient(owner.recipient);
  const sealed = Buffer.from(await encrypter.encrypt(new Uint8Array(plain)));
  const headerEnd = sealed.indexOf('\n', sealed.indexOf('\n---') + 1) + 1;
  const decrypter = new Decrypter();
  decrypter.addIdentity(owner.identity);
  const header = new Uint8Array(sealed.subarray(0, headerEnd));
  const partSize = 64 * 1024;
  const parts: Buffer[] = [];
  for (let at = 0; at < sealed.length; at += partSize) parts.push(sealed.subarray(at, at + partSize));
  parts.splice(0, firstParts.length, ...firstParts);
  const digests = parts.map((part) => createHash('sha256').update(part).digest());
  const manifest: Manifest = {
    version: 1,
    name: 'table.csv',
    kind: 'file',
    sealedBytes: sealed.length,
    plainBytes: plain.length,
    partSize,
    parts: digests.map((digest) => digest.toString('hex')),
    root: Buffer.from(merkleRoot(digests.map(leafHash))).toString('hex'),
    ageHeaderSha256: createHash('sha256').update(header).digest('hex'),
    recipients: [owner.recipient],
    createdAt: new Date().toISOString(),
    ...changes,
  };
  return {
    parts,
    manifest,
    envelope: signJson(payloadTypes.manifest, manifest, owner.signer),
    manifestSha256: createHash('sha256').update(canonicalJson(manifest)).digest('hex'),
    fileKey: await decrypter.decryptHeader(header),
  };
}

/** Opens what the agent sealed to the owner: the files in the tar. */
export async function openArtifact(sealed: Uint8Array, owner: Owner): Promise<Map<string, Buffer>> {
  const decrypter = new Decrypter();
  decrypter.addIdentity(owner.identity);
  const tar = Buffer.from(await decrypter.decrypt(new Uint8Array(sealed)));
  const files = new Map<string, Buffer>();
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0;) {
    const name = tar.toString('utf8', at, tar.indexOf(0, at));
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 135), 8);
    files.set(name, tar.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}
