import { constants, createPublicKey, verify, type KeyObject } from 'node:crypto';
import type { EcdsaInput, EvidenceCrypto, RsaInput } from '../../../domain/evidence/crypto.ts';
import { encodeSignature } from '../../../domain/evidence/simulated/certificate-builder.ts';

/** A signature check that the verifier asked for: exactly these are made again, bare, for comparison. */
export type RecordedCall =
  | { readonly kind: 'ecdsa'; readonly input: EcdsaInput }
  | { readonly kind: 'pss'; readonly input: RsaInput & { readonly saltLength: number } };

/** `crypto` that notes each signature check which reaches it. */
export function recordCalls(crypto: EvidenceCrypto, calls: RecordedCall[]): EvidenceCrypto {
  return {
    ...crypto,
    verifyEcdsa(input) {
      calls.push({ kind: 'ecdsa', input });
      return crypto.verifyEcdsa(input);
    },
    verifyRsaPss(input) {
      calls.push({ kind: 'pss', input });
      return crypto.verifyRsaPss(input);
    },
  };
}

export interface RawCall {
  /** Hex of the key. */
  readonly name: string;
  /** The key out of its bytes, by the cheapest way that Node has where the key is used more than once. */
  readonly readKey: () => KeyObject;
  /** The same for a key that is used once: read within the call, without Node's objects around it. */
  readonly readingKey: () => boolean;
  readonly key: KeyObject;
  /** r ‖ s as the evidence carries it: what node:crypto does with it by itself. */
  readonly asGiven: (key: KeyObject) => boolean;
  /** The cheapest call: the signature turned to DER beforehand. */
  readonly cheapest: (key: KeyObject) => boolean;
}

const spkiPrefixes = {
  'P-256': '3059301306072a8648ce3d020106082a8648ce3d030107034200',
  'P-384': '3076301006072a8648ce3d020106052b81040022036200',
} as const;

export function rawCall({ kind, input }: RecordedCall): RawCall {
  const spki = kind === 'pss' ? input.spki : 'spki' in input.key ? input.key.spki : pointSpki(input, input.key.point);
  const readText = () =>
    `-----BEGIN PUBLIC KEY-----\n${Buffer.from(spki).toString('base64')}\n-----END PUBLIC KEY-----\n`;
  const readKey = () => createPublicKey(readText());
  const common = { name: Buffer.from(spki).toString('hex'), readKey, key: readKey() };
  const { hash, data, signature } = input;
  if (kind === 'pss') {
    const { saltLength } = input;
    const check = (key: KeyObject) =>
      verify(hash, data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }, signature);
    const readingKey = () =>
      verify(hash, data, { key: readText(), padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }, signature);
    return { ...common, readingKey, asGiven: check, cheapest: check };
  }
  const der = input.encoding === 'der' ? signature : encodeSignature({ kind: input.curve }, signature);
  const cheapest = (key: KeyObject) => verify(hash, data, key, der);
  const asGiven =
    input.encoding === 'der'
      ? cheapest
      : (key: KeyObject) => verify(hash, data, { key, dsaEncoding: 'ieee-p1363' }, signature);
  const readingKey = () => verify(hash, data, readText(), der);
  return { ...common, readingKey, asGiven, cheapest };
}

function pointSpki({ curve }: EcdsaInput, point: Uint8Array): Uint8Array {
  const uncompressed = point.length % 2 === 1 ? point : Buffer.concat([Buffer.of(4), point]);
  return Buffer.concat([Buffer.from(spkiPrefixes[curve], 'hex'), uncompressed]);
}
