import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { payloadTypes, type DsseEnvelope } from '../../contract/dsse.ts';
import { receiptStatementSchema, type ReceiptStatement } from '../../contract/receipt.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import {
  keyIdOf,
  preAuthenticationEncoding,
  readUnverified,
  verifyEd25519,
  verifyJson,
  type Signer,
  type VerifySignature,
} from '../dsse/dsse.ts';
import { decodeBase64, encodeBase64 } from '../encoding/base64.ts';

/** A receipt whose agent signature was checked against the attested key. */
export interface SignedReceipt {
  readonly statement: ReceiptStatement;
  /** The signed bytes. */
  readonly payload: Uint8Array;
  /** Hex SHA-256 of those bytes: the name of the receipt in logs and reports. */
  readonly statementSha256: string;
}

/**
 * Reads a receipt that the attested key of a node must have signed.
 * @param signingKey raw Ed25519 key from verified evidence, never from the receipt itself.
 * Errors: those of `verifyJson`; `integrity` when the statement names another key than the one that signed it.
 */
export function readReceipt(
  envelope: unknown,
  signingKey: Uint8Array,
  verify: VerifySignature = verifyEd25519,
): Result<SignedReceipt> {
  const read = verifyJson(envelope, receiptStatementSchema, {
    payloadType: payloadTypes.inToto,
    trusted: [{ publicKey: signingKey }],
    verify,
  });
  if (!read.ok) return read;
  const { value: statement, payload } = read.value;
  if (statement.predicate.nacre.signingKey !== encodeBase64(signingKey)) {
    return err('integrity', 'The receipt names another signing key than the attested one that signed it.');
  }
  return ok({ statement, payload, statementSha256: bytesToHex(sha256(payload)) });
}

/**
 * Adds the organisation's signature over the same bytes the agent signed: "we checked this and took it". Only after
 * `readReceipt` and `compareReceipt` passed; asking twice changes nothing.
 * Errors: `damaged` when it is no receipt; `invalid_input` when the payload is of another type.
 */
export function countersignReceipt(envelope: DsseEnvelope, organisation: Signer): Result<DsseEnvelope> {
  if (envelope.payloadType !== payloadTypes.inToto) {
    return err('invalid_input', `A countersignature goes under a receipt, not under ${envelope.payloadType}.`);
  }
  const read = readUnverified(envelope, receiptStatementSchema);
  if (!read.ok) return read;
  if (envelope.signatures.some(({ keyid }) => keyid === organisation.keyId)) return ok(envelope);
  const payload = decodeBase64(envelope.payload);
  if (payload === undefined) return err('damaged', 'The payload of the receipt is not base64.');
  const sig = encodeBase64(organisation.sign(preAuthenticationEncoding(envelope.payloadType, payload)));
  return ok({ ...envelope, signatures: [...envelope.signatures, { keyid: organisation.keyId, sig }] });
}

/**
 * Whether the envelope is exactly agent then organisation, both good over the same bytes. No third signature is let in:
 * one that nobody checks would be bytes that anyone may change.
 */
export function isCountersigned(
  envelope: DsseEnvelope,
  keys: { readonly signingKey: Uint8Array; readonly organisationKey: Uint8Array },
  verify: VerifySignature = verifyEd25519,
): boolean {
  const payload = decodeBase64(envelope.payload);
  if (payload === undefined || envelope.signatures.length !== 2) return false;
  const message = preAuthenticationEncoding(envelope.payloadType, payload);
  return [keys.signingKey, keys.organisationKey].every((key, at) => {
    const entry = envelope.signatures[at];
    const signature = entry === undefined ? undefined : decodeBase64(entry.sig);
    return entry?.keyid === keyIdOf(key) && signature !== undefined && verify(signature, message, key);
  });
}
