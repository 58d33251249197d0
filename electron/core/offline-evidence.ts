import type { ConformanceReport, ConformanceRow } from '../contract/conformance.ts';
import type { FileVerification, FileVerificationOptions, InspectedFile } from '../contract/evidence-files.ts';
import type { Policy } from '../contract/policy.ts';
import { err, ok, type Result } from '../contract/result.ts';
import { decodeUtf8 } from '../domain/encoding/utf8.ts';
import { vendorAnchors } from '../domain/evidence/anchors.ts';
import { evidenceFilePolicy } from '../domain/evidence/files/default-policy.ts';
import { inspectEvidence } from '../domain/evidence/files/inspect/inspect.ts';
import { verifyEvidenceSet } from '../domain/evidence/files/verify.ts';
import { fromHex } from '../domain/evidence/readers/bytes.ts';
import { claimedAuthors, parsePolicyFile, readPolicyHistory } from '../domain/policy/document.ts';
import { readPolicyText } from '../domain/policy/text.ts';
import { cacheGoodSignatures } from '../services/evidence/caching-crypto.ts';
import { runConformance } from '../services/evidence/files/conformance.ts';
import { readEvidenceFile, readEvidenceFiles } from '../services/evidence/files/read-files.ts';
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
    ...(options.family === undefined ? {} : { family: options.family, logOnly: options.family === 'dstack' }),
    ...(nonce === undefined ? {} : { nonce }),
  });
}

/** Every field of one file; see `inspectEvidence`. Errors: those of reading, and `invalid_input` with the offset. */
export async function inspectEvidenceFile(path: string): Promise<Result<InspectedFile>> {
  const file = await readEvidenceFile(path);
  return file.ok ? inspectEvidence(file.value, { anchors: vendorAnchors, crypto: createNodeCrypto() }) : file;
}

/**
 * A policy out of a file: bare JSON, or the newest version of a signed policy file whose chain holds. Who its author is,
 * is for the person to know who names the file. Errors: `invalid_input` with line and column, `integrity`, `damaged`.
 */
export async function readPolicyFile(path: string): Promise<Result<Policy>> {
  const file = await readEvidenceFile(path);
  if (!file.ok) return file;
  const text = decodeUtf8(file.value.bytes);
  if (text === undefined) return err('invalid_input', `${path} is not text in UTF-8.`);
  if (/"format"\s*:\s*"nacre-policy"/.test(text)) return newestVersion(file.value.bytes);
  const read = readPolicyText(text);
  if (read.ok) return ok(read.policy);
  const [{ place, message, line, column }] = read.problems;
  const where = line === undefined ? '' : `, line ${line}, column ${column ?? 1}`;
  return err('invalid_input', `${path}${where}: ${place === '' ? '' : `${place}: `}${message}`);
}

function newestVersion(bytes: Uint8Array): Result<Policy> {
  const file = parsePolicyFile(bytes);
  if (!file.ok) return file;
  const authors = claimedAuthors(file.value).map((key) => new Uint8Array(Buffer.from(key, 'base64')));
  const history = readPolicyHistory(file.value.versions, authors);
  if (!history.ok) return history;
  const newest = history.value.at(-1);
  return newest === undefined ? err('damaged', 'The policy file holds no version.') : ok(newest.version.policy);
}

/** RFC 3339 with a zone, so that no machine's own zone decides. */
function parseTime(text: string): number | undefined {
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isFinite(at) ? at : undefined;
}
