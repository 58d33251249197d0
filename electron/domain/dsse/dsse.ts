import { ed25519 } from '@noble/curves/ed25519.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import canonicalize from 'canonicalize';
import type { ZodType } from 'zod';
import { dsseEnvelopeSchema, type DsseEnvelope } from '../../contract/dsse.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { decodeBase64, encodeBase64 } from '../encoding/base64.ts';
import { decodeUtf8 } from '../encoding/utf8.ts';

/** Whoever can sign: the vault, an agent's attested key, a test. The private key stays behind it. */
export interface Signer {
  /** See `keyIdOf`. */
  readonly keyId: string;
  /** Ed25519 signature (RFC 8032) over the bytes: 64 bytes. */
  sign(bytes: Uint8Array): Uint8Array;
}

/** A public key that the reader trusts for what is read. Where it comes from is the reader's business. */
export interface TrustedKey {
  /** Raw Ed25519 public key: 32 bytes. */
  readonly publicKey: Uint8Array;
}

/** Ed25519 verification; sodium-native or another fast one may be injected. Must refuse, not throw, on malformed input. */
export type VerifySignature = (signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array) => boolean;

/** Strict RFC 8032 verification in pure code: no malleable or small-order leniency of ZIP 215. */
export const verifyEd25519: VerifySignature = (signature, message, publicKey) => {
  if (signature.length !== 64 || publicKey.length !== 32) return false;
  try {
    return ed25519.verify(signature, message, publicKey, { zip215: false });
  } catch {
    // A public key that is no point on the curve: nothing signed by it can be valid.
    return false;
  }
};

/** The name of a key in envelopes and logs: hex SHA-256 of the raw public key. */
export function keyIdOf(publicKey: Uint8Array): string {
  return bytesToHex(sha256(publicKey));
}

/** A signer on a 32-byte Ed25519 seed, in pure code. */
export function createSigner(seed: Uint8Array): Signer & { readonly publicKey: Uint8Array } {
  const publicKey = ed25519.getPublicKey(seed);
  return { publicKey, keyId: keyIdOf(publicKey), sign: (bytes) => ed25519.sign(bytes, seed) };
}

/** DSSE v1 pre-authentication encoding: what is signed. Lengths make type and body inseparable. */
export function preAuthenticationEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = utf8ToBytes(payloadType);
  return concatBytes(utf8ToBytes(`DSSEv1 ${type.length} `), type, utf8ToBytes(` ${payload.length} `), payload);
}

/** Signs bytes as they are. Several signers make several signatures over the same bytes. */
export function signEnvelope(
  payloadType: string,
  payload: Uint8Array,
  ...signers: readonly [Signer, ...Signer[]]
): DsseEnvelope {
  const message = preAuthenticationEncoding(payloadType, payload);
  return {
    payloadType,
    payload: encodeBase64(payload),
    signatures: signers.map((signer) => ({ keyid: signer.keyId, sig: encodeBase64(signer.sign(message)) })),
  };
}

/** Signs a JSON value in its RFC 8785 (JCS) form, so that its digest is the same wherever it is computed. */
export function signJson(
  payloadType: string,
  value: unknown,
  ...signers: readonly [Signer, ...Signer[]]
): DsseEnvelope {
  return signEnvelope(payloadType, canonicalJson(value), ...signers);
}

/**
 * The RFC 8785 bytes of a JSON value.
 * @throws TypeError for what JSON cannot hold (a function, undefined): a bug of the caller.
 */
export function canonicalJson(value: unknown): Uint8Array {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('not a JSON value');
  return utf8ToBytes(text);
}

export interface VerifyOptions {
  /** The one type the reader expects. */
  readonly payloadType: string;
  /** At least one of these must have signed. */
  readonly trusted: readonly TrustedKey[];
  readonly verify?: VerifySignature;
}

export interface VerifiedPayload<T> {
  readonly value: T;
  /** The signed bytes. */
  readonly payload: Uint8Array;
  /** Key ids of the trusted keys whose signature is good. Never empty. */
  readonly signedBy: readonly string[];
}

/**
 * Checks an envelope from anywhere: its shape, its type, and that a trusted key signed it. The `keyid` in it is a hint
 * that is not used: every trusted key is tried, so a forged hint neither helps nor hides a signature.
 * Errors: `damaged` (not an envelope), `invalid_input` (another payload type), `integrity` (no good trusted signature).
 */
export function verifyEnvelope(input: unknown, options: VerifyOptions): Result<VerifiedPayload<Uint8Array>> {
  const parsed = dsseEnvelopeSchema.safeParse(input);
  if (!parsed.success) return err('damaged', `This is not a DSSE envelope: ${firstIssue(parsed.error.issues)}.`);
  const { payloadType, signatures } = parsed.data;
  const payload = decodeBase64(parsed.data.payload);
  if (payload === undefined) return err('damaged', 'The payload of the envelope is not base64.');
  if (payloadType !== options.payloadType) {
    return err('invalid_input', `The envelope holds ${JSON.stringify(payloadType)}, not ${options.payloadType}.`);
  }
  const message = preAuthenticationEncoding(payloadType, payload);
  const verify = options.verify ?? verifyEd25519;
  const decoded = signatures.map(({ sig }) => decodeBase64(sig)).filter((sig) => sig !== undefined);
  const signedBy = options.trusted
    .filter(({ publicKey }) => decoded.some((signature) => verify(signature, message, publicKey)))
    .map(({ publicKey }) => keyIdOf(publicKey));
  if (signedBy.length === 0) {
    return err('integrity', 'No trusted key signed this document: it was changed, or signed by someone else.', {
      details: {
        payloadType,
        signatures: signatures.length,
        trusted: options.trusted.map((k) => keyIdOf(k.publicKey)),
      },
    });
  }
  return ok({ value: payload, payload, signedBy });
}

/**
 * `verifyEnvelope`, then the payload as JSON under a schema. Nothing of the payload is parsed before it is verified.
 * Errors: those of `verifyEnvelope`, and `damaged` when a signed payload is not of the schema, naming the place.
 */
export function verifyJson<T>(input: unknown, schema: ZodType<T>, options: VerifyOptions): Result<VerifiedPayload<T>> {
  const verified = verifyEnvelope(input, options);
  if (!verified.ok) return verified;
  const value = parseJson(verified.value.payload);
  if (!value.ok) return value;
  const parsed = schema.safeParse(value.value);
  if (!parsed.success) {
    return err('damaged', `The signed ${options.payloadType} is not valid: ${firstIssue(parsed.error.issues)}.`);
  }
  return ok({ ...verified.value, value: parsed.data });
}

/**
 * The payload without any check of who signed it: to show what a file claims to be, never to act on it.
 * Errors: `damaged`.
 */
export function readUnverified<T>(input: unknown, schema: ZodType<T>): Result<T> {
  const parsed = dsseEnvelopeSchema.safeParse(input);
  if (!parsed.success) return err('damaged', `This is not a DSSE envelope: ${firstIssue(parsed.error.issues)}.`);
  const payload = decodeBase64(parsed.data.payload);
  if (payload === undefined) return err('damaged', 'The payload of the envelope is not base64.');
  const json = parseJson(payload);
  if (!json.ok) return json;
  const value = schema.safeParse(json.value);
  return value.success
    ? ok(value.data)
    : err('damaged', `The payload is not valid: ${firstIssue(value.error.issues)}.`);
}

function parseJson(payload: Uint8Array): Result<unknown> {
  const text = decodeUtf8(payload);
  try {
    if (text !== undefined) return ok(JSON.parse(text) as unknown);
  } catch {
    // Reported below, with the same words as bytes that are no text at all.
  }
  return err('damaged', 'The payload of the envelope is not JSON in UTF-8.');
}

function firstIssue(issues: readonly { path: PropertyKey[]; message: string }[]): string {
  const issue = issues[0];
  if (issue === undefined) return 'unknown reason';
  const place = issue.path.map(String).join('.');
  return place === '' ? issue.message : `${place}: ${issue.message}`;
}
