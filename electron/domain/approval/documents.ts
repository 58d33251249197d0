import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import {
  approvalPayloadTypes,
  approvalRequestSchema,
  approvalSchema,
  quorumRuleSchema,
  type Approval,
  type ApprovalRequest,
  type QuorumRule,
} from '../../contract/approval.ts';
import type { DsseEnvelope } from '../../contract/dsse.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { canonicalJson, readUnverified, verifyJson, type VerifySignature } from '../dsse/dsse.ts';
import { decodeBase64 } from '../encoding/base64.ts';

/** Hex SHA-256 of the JCS of a value: the name of a rule and of a request. */
export function documentDigest(value: unknown): string {
  return bytesToHex(sha256(canonicalJson(value)));
}

export interface SignedDocument<T> {
  readonly value: T;
  /** Hex SHA-256 of its JCS. */
  readonly digest: string;
  readonly envelope: DsseEnvelope;
}

/**
 * A request that its requester signed. The signer's key is in the document: that a person of that name may ask is for
 * the rule to say. Only the canonical bytes are taken, so that what is shown is what was signed.
 * Errors: `damaged` (not a request, an unknown kind, field or version), `integrity` (changed after signing).
 */
export function readRequest(envelope: unknown, verify?: VerifySignature): Result<SignedDocument<ApprovalRequest>> {
  const claimed = readUnverified(envelope, approvalRequestSchema);
  if (!claimed.ok) return claimed;
  return readSigned(
    envelope,
    approvalPayloadTypes.request,
    approvalRequestSchema,
    claimed.value.requester.publicKey,
    verify,
  );
}

/** An answer, signed by the key it names. Errors: as `readRequest`. */
export function readApproval(envelope: unknown, verify?: VerifySignature): Result<SignedDocument<Approval>> {
  const claimed = readUnverified(envelope, approvalSchema);
  if (!claimed.ok) return claimed;
  return readSigned(envelope, approvalPayloadTypes.approval, approvalSchema, claimed.value.publicKey, verify);
}

/** A rule, signed by one of the given keys. Errors: as `readRequest`. */
export function readRule(
  envelope: unknown,
  signers: readonly string[],
  verify?: VerifySignature,
): Result<SignedDocument<QuorumRule>> {
  return readSigned(envelope, approvalPayloadTypes.rule, quorumRuleSchema, signers, verify);
}

function readSigned<T>(
  envelope: unknown,
  payloadType: string,
  schema: Parameters<typeof verifyJson<T>>[1],
  signers: string | readonly string[],
  verify: VerifySignature | undefined,
): Result<SignedDocument<T>> {
  const trusted = (typeof signers === 'string' ? [signers] : signers).flatMap((key) => {
    const publicKey = decodeBase64(key);
    return publicKey?.length === 32 ? [{ publicKey }] : [];
  });
  const read = verifyJson(envelope, schema, {
    payloadType,
    trusted,
    ...(verify === undefined ? {} : { verify }),
  });
  if (!read.ok) return read;
  // A second spelling of the same document would have another digest and the same look.
  const canonical = canonicalJson(read.value.value);
  const same = canonical.length === read.value.payload.length && canonical.every((b, i) => b === read.value.payload[i]);
  if (!same) return err('damaged', 'The document is not in its canonical form (RFC 8785).');
  return ok({
    value: read.value.value,
    digest: bytesToHex(sha256(canonical)),
    envelope: envelope as DsseEnvelope,
  });
}
