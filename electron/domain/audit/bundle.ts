import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { auditBundleSchema, type AuditBundle, type AuditEntry } from '../../contract/audit.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import type { VerifySignature } from '../dsse/dsse.ts';
import { verifyInclusion } from '../merkle/merkle.ts';
import { openNote } from './checkpoint.ts';
import { encodeEntry, entryLeaf } from './entry.ts';

export interface VerifiedBundle {
  readonly size: number;
  /** Hex. */
  readonly root: string;
  /** Every entry of the bundle, each proved to be in the log under the signed root. */
  readonly entries: readonly AuditEntry[];
}

/**
 * Checks entries that came in an auditor pack, with no log, vault or network at hand.
 * Errors: `damaged` (not a bundle), `integrity` (not signed by the key, or an entry that is not in the signed tree: named).
 */
export function verifyAuditBundle(
  input: unknown,
  options: { readonly publicKey: Uint8Array; readonly verify?: VerifySignature },
): Result<VerifiedBundle> {
  const parsed = auditBundleSchema.safeParse(input);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return err('damaged', `The log proof cannot be read: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}.`);
  }
  const bundle: AuditBundle = parsed.data;
  const head = openNote(bundle.checkpoint, options.publicKey, options.verify);
  if (!head.ok) return head;
  const { size, root } = head.value;
  for (const { entry, path } of bundle.proofs) {
    const text = encodeEntry(entry);
    if (!text.ok) return text;
    const proof = path.map(hexToBytes);
    if (!verifyInclusion({ leaf: entryLeaf(text.value), index: entry.index, size, proof, root })) {
      return err('integrity', `Entry ${entry.index} (${entry.kind}) is not in the signed audit log.`, {
        details: { index: entry.index, kind: entry.kind },
      });
    }
  }
  return ok({ size, root: bytesToHex(root), entries: bundle.proofs.map((proof) => proof.entry) });
}
