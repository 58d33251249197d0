import { mutate } from './mutate.ts';
import type { SeededRandom } from './random.ts';

/** A parser under test: it may refuse any input, and must neither throw nor hang nor keep memory. */
export interface ParserTarget {
  readonly name: string;
  /** Good inputs, to be changed. */
  readonly seeds: readonly Uint8Array[];
  readonly parse: (bytes: Uint8Array) => unknown;
}

export interface ParserFinding {
  readonly kind: 'throws' | 'slow';
  readonly detail: string;
  /** The input in base64, to be made a test. */
  readonly input: string;
}

export interface ParserOutcome {
  readonly target: string;
  readonly inputs: number;
  /** Milliseconds of the slowest input. */
  readonly slowest: number;
  readonly findings: readonly ParserFinding[];
}

export interface ParserOptions {
  readonly inputs: number;
  readonly random: SeededRandom;
  /** Milliseconds one input may take. */
  readonly limit: number;
  /** Milliseconds, monotonic. */
  readonly clock: () => number;
}

/** Of five inputs four are changed seeds, one is nothing but random bytes. */
const randomShare = 5;
const maximumFindings = 5;

/** Feeds one parser with changed and random inputs. Stops a target at its fifth finding. */
export function fuzzParser(target: ParserTarget, { inputs, random, limit, clock }: ParserOptions): ParserOutcome {
  const findings: ParserFinding[] = [];
  let slowest = 0;
  let done = 0;
  for (; done < inputs && findings.length < maximumFindings; done += 1) {
    const seed = target.seeds[random.number(target.seeds.length)] ?? new Uint8Array(0);
    const input = done % randomShare === 0 ? random.bytes(random.number(2048)) : mutate(seed, random);
    const found = (kind: ParserFinding['kind'], detail: string) =>
      void findings.push({ kind, detail, input: Buffer.from(input).toString('base64') });
    try {
      let took = timed(target, input, clock);
      // Another process or the collector may have taken the time: only what is slow again and again is slow.
      for (let again = 0; took > limit && again < 4; again += 1) took = Math.min(took, timed(target, input, clock));
      slowest = Math.max(slowest, took);
      if (took > limit) found('slow', `${took.toFixed(1)} ms`);
    } catch (error) {
      found('throws', error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    }
  }
  return { target: target.name, inputs: done, slowest, findings };
}

function timed({ parse }: ParserTarget, input: Uint8Array, clock: () => number): number {
  const started = clock();
  parse(input);
  return clock() - started;
}
