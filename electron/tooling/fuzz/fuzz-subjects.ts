import type { ParserTarget } from './parsers.ts';
import type { VerifierTarget } from './verifiers.ts';

/** Everything that is fuzzed: parsers of evidence, and verifiers with evidence of the project's own test authority. */
export interface FuzzSubjects {
  readonly parsers: readonly ParserTarget[];
  readonly verifiers: readonly VerifierTarget[];
}
