import type { ConformanceReport, ConformanceRow } from '../contract/conformance.ts';
import type { FileVerification, FileVerificationOptions } from '../contract/evidence-files.ts';
import type { Policy } from '../contract/policy.ts';
import { err, type Result } from '../contract/result.ts';
import { vendorAnchors } from '../domain/evidence/anchors.ts';
import { evidenceFilePolicy } from '../domain/evidence/files/default-policy.ts';
import { verifyEvidenceSet } from '../domain/evidence/files/verify.ts';
import { fromHex } from '../domain/evidence/readers/bytes.ts';
import { cacheGoodSignatures } from '../services/evidence/caching-crypto.ts';
import { runConformance } from '../services/evidence/files/conformance.ts';
import { readEvidenceFiles } from '../services/evidence/files/read-files.ts';
import { createNodeCrypto } from '../services/evidence/node-crypto.ts';

/** Runs the vectors of a folder; see `runConformance`. Needs no vault, no network and no profile. */
export async function checkConformance(
  folder: string,
  onRow?: (row: ConformanceRow) => void,
): Promise<Result<ConformanceReport>> {
  return runConformance(folder, {
    crypto: cacheGoodSignatures(createNodeCrypto()),
    stopwatch: () => performance.now(),
    ...(onRow === undefined ? {} : { onRow }),
  });
}

/**
 * Verifies evidence files with no vault, no network and no profile.
 * Errors: `invalid_input` naming file and offset, `not_found`, `not_permitted`, `unavailable`; evidence that does not hold
 * is a verdict, not an error.
 */
export async function verifyEvidenceFiles(
  paths: readonly string[],
  options: FileVerificationOptions & { readonly policy?: Policy } = {},
): Promise<Result<FileVerification>> {
  const files = await readEvidenceFiles(paths);
  if (!files.ok) return files;
  const now = options.at === undefined ? Date.now() : parseTime(options.at);
  if (now === undefined) {
    return err('invalid_input', `${JSON.stringify(options.at)} is no time; write 2026-06-29T02:06:37Z.`);
  }
  const nonce = options.nonce === undefined ? undefined : fromHex(options.nonce);
  return verifyEvidenceSet({
    files: files.value,
    policy: options.policy ?? evidenceFilePolicy,
    anchors: vendorAnchors,
    now,
    crypto: createNodeCrypto(),
    ...(options.family === undefined ? {} : { family: options.family }),
    ...(nonce === undefined ? {} : { nonce }),
  });
}

/** RFC 3339 with a zone, so that no machine's own zone decides. */
function parseTime(text: string): number | undefined {
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isFinite(at) ? at : undefined;
}
