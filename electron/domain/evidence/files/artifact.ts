import type { EvidenceKind } from '../../../contract/evidence-files.ts';
import type { JsonNode } from '../readers/json.ts';

/** A named blob as it was read; of a gzip file, what was in it. */
export interface EvidenceFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** One recognized thing: a file, or a value inside one. */
export interface Artifact {
  readonly kind: EvidenceKind;
  /** The file's name, with the place inside it: `attestation.json#cpu.report`. */
  readonly name: string;
  /** The file that it came in. */
  readonly file: string;
  /** Decoded bytes. */
  readonly bytes: Uint8Array;
  /** What the bytes were wrapped in, outermost first: `hex`, `base64`, `PEM`. */
  readonly wrapping: readonly string[];
  /** Present for text formats. */
  readonly text?: string;
  /** Present for JSON formats: the parsed value, with the byte range of every part. */
  readonly json?: JsonNode;
}

/** The text of one, which is a bug to ask of a binary format. */
export function textOf(artifact: Artifact): string {
  if (artifact.text === undefined) throw new Error(`${artifact.kind} has no text`);
  return artifact.text;
}
