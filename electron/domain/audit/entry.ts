import { utf8ToBytes } from '@noble/hashes/utils.js';
import canonicalize from 'canonicalize';
import { auditEntrySchema, auditLimits, type AuditEntry } from '../../contract/audit.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { leafHash } from '../merkle/merkle.ts';

/**
 * The RFC 8785 text of an entry: what is stored, and what its leaf is the hash of.
 * Errors: `invalid_input` for an entry that does not fit the schema or is too large.
 */
export function encodeEntry(entry: AuditEntry): Result<string> {
  const parsed = auditEntrySchema.safeParse(entry);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return err('invalid_input', `Audit entry: ${issue?.path.join('.') ?? 'entry'}: ${issue?.message ?? 'unfit'}.`);
  }
  const text = canonicalize(parsed.data) ?? '';
  if (utf8ToBytes(text).length > auditLimits.entryBytes) {
    return err('invalid_input', `Audit entry: larger than ${auditLimits.entryBytes} bytes.`);
  }
  return ok(text);
}

/**
 * Reads an entry back. Only the canonical text is taken: two texts must not stand for one entry.
 * Errors: `damaged`.
 */
export function decodeEntry(text: string): Result<AuditEntry> {
  if (text.length > auditLimits.entryBytes) return err('damaged', 'The entry is too large.');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return err('damaged', 'The entry is not JSON.');
  }
  const parsed = auditEntrySchema.safeParse(value);
  if (!parsed.success) return err('damaged', `The entry is not one of ours: ${parsed.error.issues[0]?.message ?? ''}.`);
  if (canonicalize(parsed.data) !== text) return err('damaged', 'The entry is not in canonical form.');
  return ok(parsed.data);
}

/** The leaf of an entry's canonical text in the Merkle tree. */
export function entryLeaf(text: string): Uint8Array {
  return leafHash(utf8ToBytes(text));
}
