import { sha256 } from '@noble/hashes/sha2.js';
import { payloadTypes, type DsseEnvelope } from '../../contract/dsse.ts';
import {
  policyFileSchema,
  policyLimits,
  policyVersionSchema,
  type PolicyFile,
  type PolicyVersion,
} from '../../contract/policy-document.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { canonicalJson, keyIdOf, verifyJson, type VerifySignature } from '../dsse/dsse.ts';
import { decodeBase64 } from '../encoding/base64.ts';
import { jsonPlain, parseJson } from '../evidence/readers/json.ts';
import { toHex } from '../evidence/readers/bytes.ts';

/** A version whose signature and place in the chain were checked. */
export interface SignedPolicyVersion {
  readonly version: PolicyVersion;
  readonly envelope: DsseEnvelope;
  /** Hex SHA-256 of the signed payload: what the next version names as `previous`. */
  readonly documentSha256: string;
}

/** Hex SHA-256 of the JCS of a version. */
export function policyVersionDigest(version: PolicyVersion): string {
  return toHex(sha256(canonicalJson(version)));
}

/**
 * Checks the whole history of one policy, oldest first: every version is signed by the key it names as author, that key
 * is one of `trusted`, numbers and digests make one chain, and all are about one policy. A history
 * without its beginning is refused: it proves nothing of what was dropped.
 * Errors: `damaged`, `integrity`, naming the version.
 */
export function readPolicyHistory(
  envelopes: readonly unknown[],
  trusted: readonly Uint8Array[],
  verify?: VerifySignature,
): Result<readonly SignedPolicyVersion[]> {
  const history: SignedPolicyVersion[] = [];
  for (const [index, envelope] of envelopes.entries()) {
    const read = verifyJson(envelope, policyVersionSchema, {
      payloadType: payloadTypes.policy,
      trusted: trusted.map((publicKey) => ({ publicKey })),
      ...(verify === undefined ? {} : { verify }),
    });
    const place = `Version ${index + 1} of the policy`;
    if (!read.ok) return err(read.error.code, `${place}: ${read.error.message}`, { details: read.error.details ?? {} });
    const { value: version, payload, signedBy } = read.value;
    const author = decodeBase64(version.author);
    if (author === undefined || !signedBy.includes(keyIdOf(author))) {
      return err('integrity', `${place} is not signed by the author it names.`);
    }
    const before = history.at(-1);
    if (version.number !== index + 1 || version.previous !== (before?.documentSha256 ?? null)) {
      return err('integrity', `${place} does not follow the version before it: one was taken out, added or changed.`);
    }
    if (before !== undefined && before.version.policy.id !== version.policy.id) {
      return err('integrity', `${place} is about ${version.policy.id}, not ${before.version.policy.id}.`);
    }
    // What was parsed is what was signed, so the envelope of the contract holds nothing else.
    history.push({ version, envelope: envelope as DsseEnvelope, documentSha256: toHex(sha256(payload)) });
  }
  return history.length === 0 ? err('damaged', 'The policy has no version.') : ok(history);
}

/**
 * Reads a policy file without believing it: who signs for it is for `readPolicyHistory` to say.
 * Errors: `damaged`, naming the place.
 */
export function parsePolicyFile(bytes: Uint8Array): Result<PolicyFile> {
  const parsed = parseJson(bytes, { what: 'The policy file', maxSize: policyLimits.fileBytes, maxDepth: 12 });
  if (!parsed.ok) return err('damaged', `${parsed.detail}.`);
  const file = policyFileSchema.safeParse(jsonPlain(parsed.value));
  if (file.success) return ok(file.data);
  const issue = file.error.issues[0];
  return err(
    'damaged',
    `The policy file is not valid at ${issue?.path.map(String).join('.') ?? '?'}: ${issue?.message}.`,
  );
}

/** Raw keys that the versions of a file name as their authors, each once: a claim, to ask a person about. */
export function claimedAuthors(file: PolicyFile): readonly string[] {
  const authors = file.versions.flatMap(({ payload }) => {
    const bytes = decodeBase64(payload);
    if (bytes === undefined) return [];
    const parsed = parseJson(bytes, { what: 'The version', maxSize: policyLimits.fileBytes });
    const version = parsed.ok ? policyVersionSchema.safeParse(jsonPlain(parsed.value)) : undefined;
    return version?.success === true ? [version.data.author] : [];
  });
  return [...new Set(authors)];
}
