import type { EvidenceKind } from '../../../contract/evidence-files.ts';
import { err, ok, type Result } from '../../../contract/result.ts';
import type { Certificate } from '../readers/x509.ts';
import type { Artifact, EvidenceFile } from './artifact.ts';
import { distinct, readCertificates } from './certificates.ts';
import { recognize } from './recognize.ts';

/** Everything recognized in the files of one piece of evidence, and the certificates among them. */
export interface EvidenceSet {
  readonly files: readonly EvidenceFile[];
  readonly artifacts: readonly Artifact[];
  /** Every certificate once, in the order of the files. */
  readonly certificates: readonly Certificate[];
  /** Certificate files that cannot be read, in words. */
  readonly certificateProblems: readonly string[];
  /** Artifacts of these kinds, in the order of the files. */
  of(...kinds: readonly EvidenceKind[]): readonly Artifact[];
}

/** Errors: `invalid_input` naming the file and the offset; see `recognize`. */
export function createEvidenceSet(files: readonly EvidenceFile[]): Result<EvidenceSet> {
  const artifacts: Artifact[] = [];
  for (const file of files) {
    const found = recognize(file);
    if (!found.ok) return found;
    artifacts.push(...found.value);
  }
  if (artifacts.length === 0) return err('invalid_input', 'No file was given.');
  const certificates: Certificate[] = [];
  const problems: string[] = [];
  for (const artifact of artifacts.filter(({ kind }) => kind === 'certificates')) {
    const read = readCertificates(artifact);
    if (read.ok) certificates.push(...read.value);
    else problems.push(read.detail);
  }
  return ok({
    files,
    artifacts,
    certificates: distinct(certificates),
    certificateProblems: problems,
    of: (...kinds) => artifacts.filter(({ kind }) => kinds.includes(kind)),
  });
}
