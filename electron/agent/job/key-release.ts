import { createHash, createHmac } from 'node:crypto';
import { Aes256Gcm, CipherSuite, DhkemP384HkdfSha384, HkdfSha384 } from '@hpke/core';
import { err, ok, type Result } from '../../contract/result.ts';
import type { KeyReleaseMessage } from '../../contract/wire.ts';
import { canonicalJson } from '../../domain/dsse/dsse.ts';
import { decodeBase64 } from '../../domain/encoding/base64.ts';
import { fileKeySize } from '../../domain/sealed/stream.ts';

/** A key pair as the suite makes it. */
export type ReleaseKeyPair = Awaited<ReturnType<CipherSuite['kem']['generateKeyPair']>>;

const infoLabel = 'nacre/key-release/v1';
const confirmationLabel = 'nacre/key-confirmation/v1';
const confirmationBytes = 48;

/** The suite of DESIGN §5: DHKEM(P-384, HKDF-SHA384), HKDF-SHA384, AES-256-GCM (RFC 9180). */
export function releaseSuite(): CipherSuite {
  return new CipherSuite({ kem: new DhkemP384HkdfSha384(), kdf: new HkdfSha384(), aead: new Aes256Gcm() });
}

/** A fresh HPKE key pair for one session; the private key does not leave the process. */
export async function generateReleaseKey(): Promise<{ pair: ReleaseKeyPair; publicKey: Uint8Array }> {
  const suite = releaseSuite();
  const pair = await suite.kem.generateKeyPair();
  return { pair, publicKey: new Uint8Array(await suite.kem.serializePublicKey(pair.publicKey)) };
}

/** "nacre/key-release/v1" ‖ SHA-384(JCS(challenge) ‖ JCS(evidence) ‖ UTF-8(EAR)). */
export function releaseInfo(challenge: unknown, evidence: unknown, ear: string): Uint8Array<ArrayBuffer> {
  const hash = createHash('sha384').update(canonicalJson(challenge)).update(canonicalJson(evidence)).update(ear);
  return new Uint8Array(Buffer.concat([Buffer.from(infoLabel), hash.digest()]));
}

export interface OpenedRelease {
  /** The dataset's age file key: 16 bytes, to be wiped after use. */
  readonly fileKey: Uint8Array;
  /** Those of the inputs that the associated data names, in its order; to be wiped too. */
  readonly inputKeys: readonly Uint8Array[];
  /** Hex HMAC-SHA-384 of JCS(aad) under the exporter secret: proves to the desk that this key was opened here. */
  readonly confirmation: string;
}

/**
 * Opens a key release. Errors: `invalid_input` (not base64), `integrity` (it was made for another session, challenge,
 * evidence, attestation result or associated data; HPKE cannot tell which).
 */
export async function openRelease(
  release: KeyReleaseMessage,
  recipientKey: ReleaseKeyPair,
  info: Uint8Array<ArrayBuffer>,
): Promise<Result<OpenedRelease>> {
  const encapsulated = decodeBase64(release.encapsulated);
  const ciphertext = decodeBase64(release.ciphertext);
  if (encapsulated === undefined || ciphertext === undefined) {
    return err('invalid_input', 'The key release is not base64.');
  }
  const aad = new Uint8Array(canonicalJson(release.aad));
  let keys: Uint8Array;
  let secret: ArrayBuffer;
  try {
    const enc = new Uint8Array(encapsulated).buffer;
    const context = await releaseSuite().createRecipientContext({ recipientKey, enc, info: info.buffer });
    keys = new Uint8Array(await context.open(new Uint8Array(ciphertext).buffer, aad.buffer));
    secret = await context.export(new TextEncoder().encode(confirmationLabel).buffer, confirmationBytes);
  } catch {
    return err(
      'integrity',
      'The key release does not open: it was made for another session, evidence, verdict or job.',
    );
  }
  const inputs = release.aad.inputs?.length ?? 0;
  if (keys.length !== fileKeySize * (1 + inputs)) {
    keys.fill(0);
    return err('invalid_input', `The released keys have ${keys.length} bytes; an age file key has ${fileKeySize}.`);
  }
  const [fileKey, ...inputKeys] = Array.from({ length: 1 + inputs }, (_, i) =>
    keys.slice(i * fileKeySize, (i + 1) * fileKeySize),
  );
  keys.fill(0);
  if (fileKey === undefined) throw new Error('a release holds one key at least');
  const confirmation = createHmac('sha384', Buffer.from(secret)).update(aad).digest('hex');
  return ok({ fileKey, inputKeys, confirmation });
}
