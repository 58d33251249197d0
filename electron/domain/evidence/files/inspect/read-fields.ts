import type { EvidenceKind, InspectedPart } from '../../../../contract/evidence-files.ts';
import { Malformed } from '../../readers/bytes.ts';
import type { Artifact } from '../artifact.ts';
import { readCertificates } from '../certificates.ts';
import { offsetOf } from '../recognize.ts';
import { ccelFields, ccelTableFields, hclFields, tpmQuoteFields } from './azure-fields.ts';
import { certificateFields, crlFields, derCertificateFields } from './certificate-fields.ts';
import { FieldReader } from './field-reader.ts';
import { gpuFields } from './gpu-fields.ts';
import { nitroFields } from './nitro-fields.ts';
import { ocspFields } from './ocsp-fields.ts';
import { quoteFields } from './quote-fields.ts';
import { snpFields } from './snp-fields.ts';
import { jsonFields, manifestFields, tokenFields } from './text-fields.ts';

const binaryReaders: Readonly<Partial<Record<EvidenceKind, (reader: FieldReader) => void>>> = {
  'tdx-quote': quoteFields,
  'sgx-quote': quoteFields,
  'snp-report': snpFields,
  'nitro-document': nitroFields,
  'gpu-report': gpuFields,
  'hcl-report': hclFields,
  'tpm-quote': tpmQuoteFields,
  'ccel-log': ccelFields,
  'ccel-table': ccelTableFields,
  'revocation-list': crlFields,
  'ocsp-answer': ocspFields,
};

/** Writes down the fields of an artifact. @returns where and why it stopped making sense */
export function readFields(artifact: Artifact, reader: FieldReader): InspectedPart['problem'] {
  return attempt(() => fieldsOf(artifact, reader));
}

/** The offset where bytes stop being of this kind; undefined when they do not, or the kind has no layout of bytes. */
export function placeOf(kind: EvidenceKind, bytes: Uint8Array): number | undefined {
  const read = binaryReaders[kind];
  const reader = new FieldReader(bytes);
  const problem = read === undefined ? undefined : attempt(() => read(reader));
  return problem === undefined ? undefined : (problem.offset ?? reader.at);
}

function fieldsOf(artifact: Artifact, reader: FieldReader): void {
  const read = binaryReaders[artifact.kind];
  if (read !== undefined) read(reader);
  else if (artifact.json !== undefined) reader.fields.push(...jsonFields(artifact.json));
  else if (artifact.kind === 'rim') reader.fields.push(...manifestFields(artifact.text ?? ''));
  else if (artifact.kind === 'nras-token') reader.fields.push(...tokenFields((artifact.text ?? '').trim(), 'token'));
  else if (artifact.kind === 'certificates' && artifact.text === undefined) derCertificateFields(reader);
  else if (artifact.kind === 'certificates') {
    const read = readCertificates(artifact);
    if (!read.ok) throw new Malformed(read.detail);
    for (const [at, certificate] of read.value.entries()) certificateFields(certificate, `[${at}].`, reader);
  } else throw new Malformed(`${artifact.name} is of no format that Nacre knows, at offset 0`);
}

function attempt(read: () => void): InspectedPart['problem'] {
  try {
    read();
    return undefined;
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return { detail: `${error.message}.`, ...offsetOf(error.message) };
  }
}
