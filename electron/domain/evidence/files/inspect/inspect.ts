import type {
  CertificateView,
  EvidenceField,
  InspectedFile,
  InspectedPart,
} from '../../../../contract/evidence-files.ts';
import { ok, type Result } from '../../../../contract/result.ts';
import type { TrustAnchors } from '../../anchors.ts';
import type { EvidenceCrypto } from '../../crypto.ts';
import { toHex } from '../../readers/bytes.ts';
import { parsePemCertificates } from '../../readers/pem.ts';
import { parseCertificate, type Certificate } from '../../readers/x509.ts';
import type { Artifact, EvidenceFile } from '../artifact.ts';
import { certificateView, readCertificates } from '../certificates.ts';
import { createEvidenceSet } from '../evidence-set.ts';
import { detectFamily } from '../detect.ts';
import { FieldReader } from './field-reader.ts';
import { readFields } from './read-fields.ts';

export interface InspectContext {
  /** Only to mark certificates that are pinned roots. */
  readonly anchors: TrustAnchors;
  readonly crypto: Pick<EvidenceCrypto, 'sha256'>;
}

/**
 * Every field of a file, named, with offset, length, value and meaning. Nothing is verified. A part that stops making
 * sense keeps the fields before that place, and says where and why.
 * Errors: `invalid_input`, as `recognize`.
 */
export function inspectEvidence(file: EvidenceFile, context: InspectContext): Result<InspectedFile> {
  const set = createEvidenceSet([file]);
  if (!set.ok) return set;
  const family = detectFamily(set.value);
  return ok({
    name: file.name,
    bytes: file.bytes.length,
    sha256: toHex(context.crypto.sha256(file.bytes)),
    ...(family.ok ? { family: family.value.family } : {}),
    parts: set.value.artifacts.map((artifact) => inspectPart(artifact, context)),
  });
}

function inspectPart(artifact: Artifact, context: InspectContext): InspectedPart {
  const reader = new FieldReader(artifact.bytes);
  const problem = readFields(artifact, reader);
  return {
    name: artifact.name,
    kind: artifact.kind,
    bytes: artifact.bytes.length,
    sha256: toHex(context.crypto.sha256(artifact.bytes)),
    wrapping: [...artifact.wrapping],
    fields: reader.fields,
    certificates: certificatesIn(artifact, reader.fields, context),
    ...(problem === undefined ? {} : { problem }),
  };
}

/** Certificates of the part itself, and of a PEM chain or DER inside it. */
function certificatesIn(
  artifact: Artifact,
  fields: readonly EvidenceField[],
  context: InspectContext,
): CertificateView[] {
  if (artifact.kind === 'certificates') {
    const read = readCertificates(artifact);
    return read.ok ? read.value.map((one) => certificateView(one, context.anchors, context.crypto)) : [];
  }
  const found: Certificate[] = [];
  for (const { name, offset, length } of fields) {
    if (offset === undefined || length === undefined) continue;
    const bytes = artifact.bytes.subarray(offset, offset + length);
    if (name === 'signature.chain.pem') found.push(...pemCertificates(bytes));
    if (name === 'certificate' || name.startsWith('cabundle[')) found.push(...derCertificate(bytes));
  }
  return found.map((one) => certificateView(one, context.anchors, context.crypto));
}

function pemCertificates(bytes: Uint8Array): Certificate[] {
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  const ders = parsePemCertificates(text);
  return ders.ok ? ders.value.flatMap(derCertificate) : [];
}

function derCertificate(der: Uint8Array): Certificate[] {
  const parsed = parseCertificate(der);
  return parsed.ok ? [parsed.value] : [];
}
