import { utf8ToBytes } from '@noble/hashes/utils.js';
import type { EvidenceKind } from '../../../contract/evidence-files.ts';
import { decodeBase64 } from '../../encoding/base64.ts';
import { decodeUtf8 } from '../../encoding/utf8.ts';
import { err, ok, type Result } from '../../../contract/result.ts';
import { parseCrl } from '../readers/crl.ts';
import { fromHex } from '../readers/bytes.ts';
import { jsonSource, octetList, parseJson, type JsonNode } from '../readers/json.ts';
import { maximumOcspBytes, parseOcsp } from '../readers/ocsp.ts';
import { parseCertificate } from '../readers/x509.ts';
import { readCertificateTable } from '../snp/certificate-table.ts';
import { snpReportBytes } from '../snp/report.ts';
import type { Artifact, EvidenceFile } from './artifact.ts';
import { recognizeBytes } from './recognize-bytes.ts';
import { gpuItems, jwtPattern, recognizeJson } from './recognize-json.ts';

/** Largest size of each kind in bytes (ATTESTATION §4.8); a file of any other kind may be as large as files may be. */
export const kindLimits: Readonly<Partial<Record<EvidenceKind, number>>> = {
  'tdx-quote': 16_384,
  'sgx-quote': 16_384,
  'snp-report': 1184,
  'nitro-document': 16_384,
  'gpu-report': 65_536,
  rim: 262_144,
  'dstack-event-log': 1_048_576,
  'ccel-log': 1_048_576,
  certificates: 262_144,
  'revocation-list': 1_048_576,
  'ocsp-answer': maximumOcspBytes,
};

const maximumJsonBytes = 4 * 1_048_576;
const maximumDepth = 4;
/** Values inside JSON documents that are looked at; real ones have some dozens. */
const maximumValues = 1024;
/** Characters of hex or base64 that are unwrapped: twice the largest binary kind, with line ends. */
const maximumWrapped = 2_400_000;

/**
 * Everything that one file holds, the file itself first. By content alone: names are only repeated in what is said.
 * Errors: `invalid_input`, with the offset where the content stopped making sense: an empty file, JSON with a key twice,
 * a PEM block that is not one, more bytes than its kind may have.
 */
export function recognize(file: EvidenceFile): Result<Artifact[]> {
  if (file.bytes.length === 0) return err('invalid_input', `${file.name} is empty.`, { details: { offset: 0 } });
  const budget = { values: maximumValues };
  // Some editors begin UTF-8 with a byte order mark, which RFC 8259 §8.1 lets readers ignore.
  const marked = file.bytes[0] === 0xef && file.bytes[1] === 0xbb && file.bytes[2] === 0xbf;
  const bytes = marked ? file.bytes.subarray(3) : file.bytes;
  const found = recognizeOne(file.name, file.name, bytes, [], 0, budget);
  if (!found.ok) return found;
  for (const artifact of found.value) {
    const limit = kindLimits[artifact.kind];
    if (limit !== undefined && artifact.bytes.length > limit) {
      return err(
        'invalid_input',
        `${artifact.name} is a ${artifact.kind} of ${artifact.bytes.length} bytes; at most ${limit} are read.`,
        { details: { file: file.name, offset: limit } },
      );
    }
  }
  return found;
}

function recognizeOne(
  file: string,
  name: string,
  bytes: Uint8Array,
  wrapping: readonly string[],
  depth: number,
  budget: { values: number },
): Result<Artifact[]> {
  const table = depth < maximumDepth ? certificateTable({ file, name, wrapping }, bytes, depth, budget) : undefined;
  if (table !== undefined) return ok(table);
  const binary = recognizeBytes(bytes);
  if (binary !== undefined) return ok([{ name, file, wrapping, ...binary }]);
  if (bytes[0] === 0x30 && (bytes[1] ?? 0) >= 0x80) {
    if (parseCertificate(bytes).ok) return ok([{ kind: 'certificates', name, file, wrapping, bytes }]);
    if (parseCrl(bytes).ok) return ok([{ kind: 'revocation-list', name, file, wrapping, bytes }]);
    if (parseOcsp(bytes).ok) return ok([{ kind: 'ocsp-answer', name, file, wrapping, bytes }]);
  }
  const text = plainText(bytes);
  if (text === undefined) return ok([{ kind: 'bytes', name, file, wrapping, bytes }]);
  return recognizeText(file, name, bytes, text, wrapping, depth, budget);
}

/** The host's table of certificates, alone or behind the report that it came with. @returns undefined for other bytes */
function certificateTable(
  { file, name, wrapping }: Pick<Artifact, 'file' | 'name' | 'wrapping'>,
  bytes: Uint8Array,
  depth: number,
  budget: { values: number },
): Artifact[] | undefined {
  const alone = readCertificateTable(bytes);
  const entries = alone ?? readCertificateTable(bytes.subarray(snpReportBytes));
  if (entries === undefined) return undefined;
  const report = alone === undefined ? recognizeBytes(bytes.subarray(0, snpReportBytes)) : undefined;
  if (alone === undefined && report?.kind !== 'snp-report') return undefined;
  const found = entries.flatMap((entry) => {
    const inner = recognizeOne(file, `${name}#${entry.role}`, entry.bytes, wrapping, depth + 1, budget);
    return inner.ok ? inner.value : [];
  });
  return report === undefined ? found : [{ name, file, wrapping, ...report }, ...found];
}

function recognizeText(
  file: string,
  name: string,
  bytes: Uint8Array,
  text: string,
  wrapping: readonly string[],
  depth: number,
  budget: { values: number },
): Result<Artifact[]> {
  const base = { name, file, wrapping, bytes, text };
  const trimmed = text.trim();
  if (trimmed.startsWith('-----BEGIN')) return ok(recognizePem(base, trimmed));
  if (trimmed.startsWith('<'))
    return ok([{ ...base, kind: /<[\w:.-]*SoftwareIdentity[\s>]/.test(trimmed) ? 'rim' : 'text' }]);
  if (jwtPattern.test(trimmed)) return ok([{ ...base, kind: 'nras-token' }]);
  if (/^[{["]/.test(trimmed)) {
    const parsed = parseJson(bytes, { what: name, maxSize: maximumJsonBytes });
    if (parsed.ok) return recognizeNode(base, parsed.value, depth, budget);
    // Text in quotes or brackets inside another document is that document's own; a file of JSON must be JSON.
    if (depth > 0) return ok([{ ...base, kind: 'text' }]);
    return err('invalid_input', `${parsed.detail}.`, { details: { file, ...offsetOf(parsed.detail) } });
  }
  // Tools print certificates with what is in them, in words, around the block (RFC 7468 §2 allows it).
  if (trimmed.includes(begin)) return ok(recognizePem(base, trimmed));
  if (depth < maximumDepth && trimmed.length >= 64 && trimmed.length <= maximumWrapped) {
    const unwrapped = unwrap(trimmed);
    if (unwrapped !== undefined) {
      const inner = recognizeOne(file, name, unwrapped.bytes, [...wrapping, unwrapped.form], depth + 1, budget);
      // Text of hex digits that hides nothing we know stays text, unless it is all of the file.
      if (inner.ok && inner.value.some(({ kind }) => kind !== 'bytes' && kind !== 'text' && kind !== 'json'))
        return inner;
      if (depth === 0 && inner.ok) return inner;
    }
  }
  return ok([{ ...base, kind: 'text' }]);
}

function recognizeNode(
  base: Omit<Artifact, 'kind' | 'json'>,
  json: JsonNode,
  depth: number,
  budget: { values: number },
): Result<Artifact[]> {
  const kind = recognizeJson(json);
  const found: Artifact[] = [{ ...base, kind, json }];
  // Nothing is taken out of what is only a description, nor out of the one-format documents.
  const closed: readonly EvidenceKind[] = [
    'vector-description',
    'dcap-collateral',
    'collateral-bundle',
    'jwks',
    'fingerprints',
    'nras-token',
    'dstack-event-log',
  ];
  if (closed.includes(kind) || depth >= maximumDepth) return ok(found);
  // The entries of a list are its own, and neither lists of one nor, together, a second list.
  const entries: ReadonlySet<JsonNode> = new Set(kind === 'gpu-evidence-list' ? gpuItems(json) : []);
  const isOwn = (node: JsonNode) =>
    entries.has(node) || (node.kind === 'array' && node.items.some((item) => entries.has(item)));
  const visit = (node: JsonNode, path: string): void => {
    if (budget.values-- <= 0) return;
    const name = `${base.name}#${path.replace(/^\./, '')}`;
    const octets = octetList(node);
    if (octets !== undefined && octets.length >= 64) {
      const inner = recognizeOne(base.file, name, octets, [...base.wrapping, 'list'], depth + 1, budget);
      if (inner.ok) found.push(...inner.value.filter(({ kind: one }) => one !== 'bytes' && one !== 'text'));
    } else if (
      node !== json &&
      !isOwn(node) &&
      (node.kind === 'object' || node.kind === 'array') &&
      nested.has(recognizeJson(node))
    ) {
      // Read again on its own, so that its offsets count from its own first byte.
      const bytes = jsonSource(base.bytes, node);
      found.push(...insideText(base, bytes, decodeUtf8(bytes) ?? '', name, depth, budget));
    } else if (node.kind === 'object') for (const [member, value] of node.members) visit(value, `${path}.${member}`);
    else if (node.kind === 'array') node.items.forEach((item, at) => visit(item, `${path}[${at}]`));
    else if (node.kind === 'string' && node.value.length >= 64) {
      found.push(...insideText(base, utf8ToBytes(node.value), node.value, name, depth, budget));
    }
  };
  visit(json, '');
  return ok(found);
}

/** Documents that may stand inside another, as they are. */
const nested: ReadonlySet<EvidenceKind> = new Set([
  'dstack-event-log',
  'gpu-evidence-list',
  'dcap-collateral',
  'jwks',
  'near-request',
]);

/** Known things inside one value; a string of JSON text counts (dstack's event log). */
function insideText(
  base: Omit<Artifact, 'kind' | 'json'>,
  bytes: Uint8Array,
  text: string,
  name: string,
  depth: number,
  budget: { values: number },
): Artifact[] {
  const found = recognizeText(base.file, name, bytes, text, base.wrapping, depth + 1, budget);
  return found.ok ? found.value.filter(({ kind }) => kind !== 'bytes' && kind !== 'text' && kind !== 'json') : [];
}

const pemBlock = /-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\s]*?)-----END \1-----/y;

const begin = '-----BEGIN CERTIFICATE-----';
const end = '-----END CERTIFICATE-----';

/** The blocks of certificates alone, where words stand around them (RFC 7468 §2); the text itself where none do. */
function withoutWords(text: string): string {
  const blocks: string[] = [];
  let words = '';
  // By hand: a pattern would look for the end of each beginning anew, and a text may have many without any end.
  for (let at = 0; ;) {
    const from = text.indexOf(begin, at);
    const to = from < 0 ? -1 : text.indexOf(end, from);
    words += text.slice(at, to < 0 ? text.length : from);
    if (to < 0) break;
    at = to + end.length;
    blocks.push(text.slice(from, at));
  }
  return blocks.length > 0 && words.trim() !== '' && !words.includes('-----') ? blocks.join('\n') : text;
}

/** Blocks of a PEM text; labels other than of certificates and CRLs make the whole a text. */
function recognizePem({ text, ...rest }: Omit<Artifact, 'kind' | 'json'>, trimmed: string): Artifact[] {
  const base = { ...rest, ...(text === undefined ? {} : { text: withoutWords(text) }) };
  const labels: string[] = [];
  const bodies: Uint8Array[] = [];
  for (let at = 0; at < trimmed.length && labels.length < 64;) {
    pemBlock.lastIndex = at;
    const match = pemBlock.exec(trimmed);
    if (match === null) break;
    labels.push(match[1] ?? '');
    bodies.push(decodeBase64((match[2] ?? '').replace(/\s/g, '')) ?? new Uint8Array());
    at = pemBlock.lastIndex;
    while (/\s/.test(trimmed.charAt(at))) at++;
  }
  const [body] = bodies;
  if (labels.length === 1 && labels[0] === 'X509 CRL' && body !== undefined) {
    return [
      { kind: 'revocation-list', name: base.name, file: base.file, wrapping: [...base.wrapping, 'PEM'], bytes: body },
    ];
  }
  // Broken blocks are for the reader of certificates to name, with the character.
  return [
    {
      ...base,
      kind: trimmed.includes('CERTIFICATE-----') ? 'certificates' : 'text',
      wrapping: [...base.wrapping, 'PEM'],
    },
  ];
}

/** Hex (with 0x, spaces or line ends) or base64 (also base64url, also without padding). */
function unwrap(text: string): { form: string; bytes: Uint8Array } | undefined {
  const dense = text.replace(/\s+/g, '');
  const hex = /^(?:0x)?[0-9a-f]+$/i.test(dense) ? fromHex(dense.replace(/^0x/i, '')) : undefined;
  if (hex !== undefined) return { form: 'hex', bytes: hex };
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(dense)) return undefined;
  const standard = dense.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '');
  const bytes = decodeBase64(standard, { padding: false });
  return bytes === undefined ? undefined : { form: /[-_]/.test(dense) ? 'base64url' : 'base64', bytes };
}

/** UTF-8 without control characters other than white space (a zero byte at the end is seen in the field). */
function plainText(bytes: Uint8Array): string | undefined {
  const text = decodeUtf8(bytes);
  if (text === undefined) return undefined;
  const shown = text.replace(/\0+$/, '');
  // oxlint-disable-next-line no-control-regex -- control characters are what tells bytes from text
  return shown.length === 0 || /[\0-\x08\x0e-\x1f\x7f]/.test(shown) ? undefined : shown;
}

/** The offset that a reader put into its sentence. */
export function offsetOf(detail: string): { offset?: number } {
  const match = /(?:at byte|at offset|at character) (\d+)/.exec(detail);
  return match === null ? {} : { offset: Number(match[1]) };
}
