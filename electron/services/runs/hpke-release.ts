import { Aes256Gcm, CipherSuite, DhkemP384HkdfSha384, HkdfSha384 } from '@hpke/core';
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { err, ok, type Result } from '../../contract/result.ts';
import type { KeyReleaseMessage, ReleaseAad } from '../../contract/wire.ts';
import { canonicalJson } from '../../domain/dsse/dsse.ts';

export interface SealKeyInput {
  /** Raw uncompressed P-384 point that the evidence attested: 97 bytes. */
  readonly hpkeKey: Uint8Array;
  readonly sessionId: string;
  /** The challenge as it was sent, and the evidence answer as it came: JSON values. */
  readonly challenge: unknown;
  readonly evidence: unknown;
  /** Compact JWT. */
  readonly ear: string;
  readonly aad: ReleaseAad;
  /** The age file key of the dataset, then that of the checkpoint when there is one: 16 bytes each. */
  readonly fileKey: Uint8Array;
}

export interface SealedKey {
  readonly message: KeyReleaseMessage;
  /** True when the agent's confirmation (hex) proves that it opened exactly this release. Constant time. */
  confirms(confirmation: string): boolean;
}

/**
 * HPKE base mode to the attested key (RFC 9180; DHKEM(P-384, HKDF-SHA384), HKDF-SHA384, AES-256-GCM), with info and aad
 * as contract/wire.ts says. Errors: `attestation_failed` when the attested key is no P-384 point.
 */
export async function sealFileKey(input: SealKeyInput): Promise<Result<SealedKey>> {
  const suite = new CipherSuite({ kem: new DhkemP384HkdfSha384(), kdf: new HkdfSha384(), aead: new Aes256Gcm() });
  const aad = canonicalJson(input.aad);
  let encapsulated: ArrayBuffer;
  let ciphertext: ArrayBuffer;
  let exporter: Buffer;
  try {
    const recipientPublicKey = await suite.kem.deserializePublicKey(arrayBuffer(input.hpkeKey));
    const context = await suite.createSenderContext({
      recipientPublicKey,
      info: arrayBuffer(releaseInfo(input.challenge, input.evidence, input.ear)),
    });
    ciphertext = await context.seal(arrayBuffer(input.fileKey), arrayBuffer(aad));
    encapsulated = context.enc;
    exporter = Buffer.from(await context.export(arrayBuffer(Buffer.from('nacre/key-confirmation/v1')), 48));
  } catch {
    return err('attestation_failed', 'The node proved an HPKE key that is no P-384 key; no key was released to it.', {
      details: { reason: 'hpke-key-invalid' },
    });
  }
  const expected = createHmac('sha384', exporter).update(aad).digest();
  exporter.fill(0);
  return ok({
    message: {
      version: 1,
      sessionId: input.sessionId,
      aad: input.aad,
      ear: input.ear,
      encapsulated: Buffer.from(encapsulated).toString('base64'),
      ciphertext: Buffer.from(ciphertext).toString('base64'),
    },
    confirms(confirmation) {
      const found = Buffer.from(confirmation, 'hex');
      return found.length === expected.length && timingSafeEqual(found, expected);
    },
  });
}

/** "nacre/key-release/v1" ‖ SHA-384(JCS(challenge) ‖ JCS(evidence) ‖ UTF-8(EAR)). */
export function releaseInfo(challenge: unknown, evidence: unknown, ear: string): Uint8Array {
  const digest = createHash('sha384')
    .update(canonicalJson(challenge))
    .update(canonicalJson(evidence))
    .update(ear, 'utf8')
    .digest();
  return Buffer.concat([Buffer.from('nacre/key-release/v1'), digest]);
}

/** An own copy: WebCrypto takes whole buffers, and a pooled Buffer would hand over its neighbours. */
function arrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
