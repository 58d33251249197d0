import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CollateralBundleView } from '../../contract/collateral.ts';
import type { ConformanceReport, ConformanceRow } from '../../contract/conformance.ts';
import type { FileVerification, FileVerificationOptions, InspectedFile } from '../../contract/evidence-files.ts';
import type { Policy } from '../../contract/policy.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { decodeUtf8 } from '../../domain/encoding/utf8.ts';
import { simulatedAnchors, vendorAnchors, type SimulatedAnchors } from '../../domain/evidence/anchors.ts';
import type { EvidenceFile } from '../../domain/evidence/files/artifact.ts';
import { selfIssued } from '../../domain/evidence/files/certificates.ts';
import { evidenceFilePolicy } from '../../domain/evidence/files/default-policy.ts';
import { createEvidenceSet } from '../../domain/evidence/files/evidence-set.ts';
import type { CollateralSource } from '../../domain/evidence/files/family.ts';
import { inspectEvidence } from '../../domain/evidence/files/inspect/inspect.ts';
import { verifyEvidenceSet } from '../../domain/evidence/files/verify.ts';
import { fromHex, toHex } from '../../domain/evidence/readers/bytes.ts';
import { claimedAuthors, parsePolicyFile, readPolicyHistory } from '../../domain/policy/document.ts';
import { readPolicyText } from '../../domain/policy/text.ts';
import { cacheGoodSignatures } from '../../services/evidence/caching-crypto.ts';
import {
  collateralOfFile,
  createCollateralService,
  inspectBundle,
} from '../../services/evidence/collateral/collateral-service.ts';
import { runConformance } from '../../services/evidence/files/conformance.ts';
import { readEvidenceFile, readEvidenceFiles } from '../../services/evidence/files/read-files.ts';
import { createNodeCrypto } from '../../services/evidence/node-crypto.ts';
import { openStore } from '../../services/store/store.ts';
import { createEd25519Verifier } from '../ed25519.ts';

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

/** What a verification may be told beside the files; all of it has a default. */
interface VerificationContext {
  readonly policy?: Policy;
  /** Roots of a test authority: all that is verified under them is SIMULATED. */
  readonly anchors?: SimulatedAnchors;
  readonly collateral?: CollateralSource;
  /** Milliseconds since the epoch; the machine's clock when absent. */
  readonly now?: number;
}

/** Fields that the contract parses as optional arrive as `undefined` too. */
type OptionalFields<T> = { readonly [K in keyof T]?: T[K] | undefined };

/**
 * Verifies evidence files with no vault, no network and no profile.
 * Errors: `invalid_input` naming file and offset, `denied_by_policy` (test roots under a policy that accepts no SIMULATED
 * hardware), `not_found`, `not_permitted`, `unavailable`; evidence that does not hold is a verdict, not an error.
 */
export async function verifyEvidenceFiles(
  paths: readonly string[],
  options: OptionalFields<FileVerificationOptions> & VerificationContext = {},
): Promise<Result<FileVerification>> {
  const files = await readEvidenceFiles(paths);
  return files.ok ? judgeEvidence(files.value, options) : files;
}

/** `verifyEvidenceFiles` for files that were read. */
export function judgeEvidence(
  files: readonly EvidenceFile[],
  options: OptionalFields<FileVerificationOptions> & VerificationContext,
): Result<FileVerification> {
  const now = options.at === undefined ? (options.now ?? Date.now()) : parseTime(options.at);
  if (now === undefined) {
    return err('invalid_input', `${JSON.stringify(options.at)} is no time; write 2026-06-29T02:06:37Z.`);
  }
  if (options.anchors !== undefined && options.policy?.acceptSimulated === false) {
    const message = `The policy ${options.policy.id} accepts no SIMULATED hardware, so nothing under test roots can pass it.`;
    return err('denied_by_policy', message, { hint: 'Judge without the test roots, or by another policy.' });
  }
  const nonce = options.nonce === undefined ? undefined : fromHex(options.nonce);
  return verifyEvidenceSet({
    files,
    policy: options.policy ?? { ...evidenceFilePolicy, acceptSimulated: options.anchors !== undefined },
    anchors: options.anchors ?? vendorAnchors,
    now,
    crypto: createNodeCrypto(),
    ...(options.family === undefined ? {} : { family: options.family, logOnly: options.family === 'dstack' }),
    ...(nonce === undefined ? {} : { nonce }),
    ...(options.collateral === undefined ? {} : { collateral: options.collateral }),
  });
}

/**
 * Test roots out of a file of certificates that a person named. A vendor's root among them does not count.
 * Errors: `invalid_input` when there is no root certificate in it, and those of reading.
 */
export async function testRootsOfFile(path: string): Promise<Result<SimulatedAnchors>> {
  const file = await readEvidenceFile(path);
  if (!file.ok) return file;
  const set = createEvidenceSet([file.value]);
  if (!set.ok) return set;
  const { sha256 } = createNodeCrypto();
  const roots = set.value.certificates
    .filter((one) => selfIssued(one) && one.basicConstraints?.ca === true)
    .map(({ der }) => toHex(sha256(der)));
  const anchors = simulatedAnchors({ amd: roots, nvidia: roots, intel: roots });
  return anchors.amd.length === 0
    ? err('invalid_input', `${file.value.name} holds no root certificate of a test authority.`, {
        hint: 'Choose the certificate of its root, PEM or DER.',
      })
    : ok(anchors);
}

/** Collateral out of a file: a bundle, or Intel's as JSON. Errors: `damaged`, `integrity`, `invalid_input`, those of reading. */
export async function collateralFromFile(path: string): Promise<Result<CollateralSource>> {
  return collateralOfFile(path, offlineContext());
}

/** A bundle looked at with no profile. Errors: `damaged`, and those of reading. */
export async function inspectCollateralBundle(path: string): Promise<Result<CollateralBundleView>> {
  return inspectBundle(path, offlineContext());
}

/**
 * What was imported into a profile, read without its vault; undefined when there is no profile there.
 * Errors: `in_use` while another Nacre has the profile open, `damaged`, `not_permitted`.
 */
export function collateralOfProfile(profile: string): Result<CollateralSource | undefined> {
  if (!existsSync(join(profile, 'nacre.db'))) return ok(undefined);
  const store = openStore({ directory: profile, clock: Date.now, pid: process.pid });
  if (!store.ok) return store;
  try {
    const locked = err('locked', 'The profile is open for reading only.');
    const service = createCollateralService({
      ...offlineContext(),
      store: store.value,
      signer: () => locked,
      log: () => locked,
      write: async () => locked,
    });
    return service.source();
  } finally {
    store.value.close();
  }
}

function offlineContext() {
  return { anchors: vendorAnchors, crypto: createNodeCrypto(), verify: createEd25519Verifier(), clock: Date.now };
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
