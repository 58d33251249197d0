import { readFile } from 'node:fs/promises';
import { join, normalize, relative } from 'node:path';
import { z } from 'zod';
import type { ConformanceReport, ConformanceRow } from '../../../contract/conformance.ts';
import { evidenceFamilies, type EvidenceFamily } from '../../../contract/evidence.ts';
import type { FileVerification } from '../../../contract/evidence-files.ts';
import { err, ok, type Result } from '../../../contract/result.ts';
import { vendorAnchors } from '../../../domain/evidence/anchors.ts';
import type { EvidenceCrypto } from '../../../domain/evidence/crypto.ts';
import { agreementOf } from '../../../domain/evidence/files/agreement.ts';
import { evidenceFilePolicy } from '../../../domain/evidence/files/default-policy.ts';
import { verifyEvidenceSet } from '../../../domain/evidence/files/verify.ts';
import { fromHex } from '../../../domain/evidence/readers/bytes.ts';
import { parseJson, jsonPlain } from '../../../domain/evidence/readers/json.ts';
import { listFolder, readEvidenceFolder } from './read-files.ts';

/** What a vector says of itself. `files` and sources are for people. */
const descriptionSchema = z.object({
  family: z.string().max(64),
  expected: z.string().regex(/^(valid|invalid(:.*)?)$/),
  evaluate_at: z.iso.datetime({ offset: true }),
  /** Hex, or text that was the nonce as it stands. */
  nonce: z.string().min(1).max(512).nullish(),
});
type Description = z.infer<typeof descriptionSchema>;

/** What is known of a vector before its folder is opened. Members that nobody knows are left alone. */
const entrySchema = z.looseObject({ dir: z.string().min(1).max(512) });
const indexSchema = z.looseObject({ vectors: z.array(z.unknown()).max(100_000) });

/** A vector to run, or a row that failed before there was one. */
type Listed = { readonly name: string; readonly entry?: unknown; readonly problem?: string };

/** Their evidence has a field for a nonce; what the others bind is told by no vector. */
const familiesWithNonce: ReadonlySet<string> = new Set(['nvidia', 'nras', 'nitro', 'azure-vtpm', 'composite']);

const maximumDepth = 6;
const maximumDescriptionBytes = 4 * 1_048_576;

/** Families by the names that vectors use. */
const familyNames: Readonly<Record<string, EvidenceFamily>> = { 'sev-snp': 'snp', eventlog: 'dstack' };

export interface ConformanceOptions {
  readonly crypto: EvidenceCrypto;
  /** Milliseconds, for the time that a row took. */
  readonly stopwatch: () => number;
  readonly onRow?: (row: ConformanceRow) => void;
}

/**
 * Runs the verifier over a folder of vectors: those of its INDEX.json, and every folder with a meta.json that the index
 * does not name. A row passes only if valid or invalid agrees; a vector that cannot be read fails, by itself.
 * Errors: `invalid_input` when there is no vector at all, and those of reading the folder.
 */
export async function runConformance(folder: string, options: ConformanceOptions): Promise<Result<ConformanceReport>> {
  const found = await findVectors(folder, folder, 0);
  if (!found.ok) return found;
  const listed = await readIndex(join(folder, 'INDEX.json'));
  const indexed = new Set(listed.map(({ name }) => name));
  const vectors = [...listed, ...found.value.filter((name) => !indexed.has(name)).map((name) => ({ name }))];
  if (vectors.length === 0) {
    return err('invalid_input', `${folder} holds no vectors: neither INDEX.json nor a folder with meta.json.`);
  }
  const rows: ConformanceRow[] = [];
  for (const vector of vectors.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const started = options.stopwatch();
    const judged = await runAlone(folder, vector, options.crypto);
    const row = { ...judged, milliseconds: options.stopwatch() - started };
    rows.push(row);
    options.onRow?.(row);
  }
  const passed = rows.filter((row) => row.passed).length;
  return ok({ rows, passed, failed: rows.length - passed });
}

/** Every entry of the index once. What is wrong with the index, or with one entry of it, is a row of its own. */
async function readIndex(path: string): Promise<Listed[]> {
  const json = await readJsonFile(path);
  if (!json.ok) return json.error.code === 'not_found' ? [] : [{ name: 'INDEX.json', problem: json.error.message }];
  const parsed = indexSchema.safeParse(json.value);
  if (!parsed.success) {
    const problem = `${path} is no index of vectors: ${parsed.error.issues[0]?.message ?? '?'}.`;
    return [{ name: 'INDEX.json', problem }];
  }
  const listed = new Map<string, Listed>();
  for (const [at, one] of parsed.data.vectors.entries()) {
    const entry = entrySchema.safeParse(one);
    const name = entry.success ? normalize(entry.data.dir).replace(/\/+$/, '') : `INDEX.json#${at}`;
    const problem = entry.success ? undefined : `Entry ${at} of the index names no folder.`;
    const twice = listed.has(name) ? `The index names ${name} twice.` : problem;
    listed.set(name, twice === undefined ? { name, entry: one } : { name, problem: twice });
  }
  return [...listed.values()];
}

/** One row, whatever happens: an exception is a bug of the verifier and must not hide the other rows. */
async function runAlone(root: string, vector: Listed, crypto: EvidenceCrypto): Promise<RowWithoutTime> {
  if (vector.problem !== undefined) return unreadable(vector.name, vector.problem);
  try {
    return await runVector(root, vector, crypto);
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    return unreadable(vector.name, `The verifier failed, which is a mistake in it: ${words}.`);
  }
}

async function findVectors(root: string, folder: string, depth: number): Promise<Result<string[]>> {
  const entries = await listFolder(folder);
  if (!entries.ok) return entries;
  if (entries.value.some(({ name, folder: isFolder }) => name === 'meta.json' && !isFolder))
    return ok([relative(root, folder) || '.']);
  const names: string[] = [];
  for (const entry of entries.value) {
    if (!entry.folder || depth >= maximumDepth || entry.name.startsWith('.')) continue;
    const inside = await findVectors(root, join(folder, entry.name), depth + 1);
    if (!inside.ok) return inside;
    names.push(...inside.value);
  }
  return ok(names);
}

type RowWithoutTime = Omit<ConformanceRow, 'milliseconds'>;

async function runVector(root: string, { name, entry }: Listed, crypto: EvidenceCrypto): Promise<RowWithoutTime> {
  const folder = join(root, name);
  if (relative(root, folder).startsWith('..')) return unreadable(name, 'The index leads out of its folder.');
  const json = await readJsonFile(join(folder, 'meta.json'));
  // A folder that does not describe itself is described by the index.
  if (!json.ok && (json.error.code !== 'not_found' || entry === undefined)) return unreadable(name, json.error.message);
  const description = descriptionSchema.safeParse(json.ok ? json.value : entry);
  if (!description.success) {
    const [issue] = description.error.issues;
    const where = json.ok ? 'meta.json' : 'INDEX.json';
    return unreadable(name, `${where}: ${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? '?'}.`);
  }
  const files = await readEvidenceFolder(folder, ['meta.json']);
  if (!files.ok) {
    // Empty, damaged or too large is what the verifier says to such a file anywhere: evidence that is refused.
    return files.error.code === 'invalid_input'
      ? rowOf(description.data, name, files)
      : unreadable(name, files.error.message, description.data);
  }
  if (files.value.length === 0) return unreadable(name, 'The folder holds no evidence.', description.data);
  const { family, evaluate_at: at, nonce } = description.data;
  const input = {
    files: files.value,
    policy: evidenceFilePolicy,
    anchors: vendorAnchors,
    now: Date.parse(at),
    crypto,
    logOnly: family === 'eventlog',
    ...(nonce === undefined || nonce === null || !familiesWithNonce.has(family)
      ? {}
      : { nonce: fromHex(nonce) ?? new TextEncoder().encode(nonce) }),
  };
  const verdict = verifyEvidenceSet(input);
  const named = evidenceFamilies.find((one) => one === (familyNames[family] ?? family));
  // Evidence that has lost its marks goes to the reader of its family, which says where it stops; and evidence that is
  // part of something larger may be judged as the vector says.
  const asSaid = verdict.ok && (named === undefined || verdict.value.family === named);
  const unknown = !verdict.ok && verdict.error.details?.['unrecognized'] === true;
  const judged =
    asSaid || named === undefined || (!verdict.ok && !unknown)
      ? verdict
      : verifyEvidenceSet({ ...input, family: named });
  const instead = !judged.ok && (unknown || verdict.ok);
  // Files without any evidence of the family are refused by every verifier. That is an answer only to a vector about the
  // form of evidence: elsewhere a reader that knows nothing would pass on what it did not look at.
  if (!judged.ok && (named === undefined || (instead && !aboutForm.test(description.data.expected)))) {
    return unreadable(name, judged.error.message, description.data);
  }
  return rowOf(description.data, name, judged, instead ? 'evidence-missing' : 'evidence-malformed');
}

/** Reasons that speak of what was given, not of what it says. */
const aboutForm = /^invalid(:.*(malformed|missing|absent|truncated|empty|format|incomplete|family|tee|type).*)?$/;

function rowOf(
  { family, expected }: Description,
  name: string,
  result: Result<FileVerification>,
  refusal = 'evidence-malformed',
): RowWithoutTime {
  // Content that no reader takes is refused evidence, not a vector that could not be read.
  const verification = result.ok ? result.value.verification : undefined;
  const valid = verification?.status === 'affirming';
  const reason = result.ok ? (verification?.reason ?? 'warning') : refusal;
  const detail = result.ok ? verification?.reasonDetail : result.error.message;
  return {
    name,
    family,
    expected,
    verdict: valid ? 'valid' : `invalid:${reason}`,
    ...(detail === undefined ? {} : { detail }),
    agreement: agreementOf(expected, verification),
    passed: valid === (expected === 'valid'),
  };
}

function unreadable(name: string, detail: string, description?: Description): RowWithoutTime {
  const { family = 'unknown', expected = 'unknown' } = description ?? {};
  return { name, family, expected, verdict: 'unreadable', detail, agreement: 'none', passed: false };
}

async function readJsonFile(path: string): Promise<Result<unknown>> {
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(await readFile(path));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return err(code === 'ENOENT' ? 'not_found' : 'unavailable', `${path} cannot be read (${code}).`);
  }
  const parsed = parseJson(bytes, { what: path, maxSize: maximumDescriptionBytes });
  return parsed.ok ? ok(jsonPlain(parsed.value)) : err('invalid_input', `${parsed.detail}.`);
}
