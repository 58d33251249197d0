import { mutate } from './mutate.ts';
import { createSeededRandom, type SeededRandom } from './random.ts';
import type { Stopwatch, Taken } from './stopwatch.ts';

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
  /** Makes the same change again, see {@link inputOf}. */
  readonly seed: number;
  /** The input in base64, to be made a test. */
  readonly input: string;
}

/** An input with what it took, at its best. */
export interface SlowestInput extends Taken {
  readonly seed: number;
  readonly input: Uint8Array;
}

export interface ParserOutcome {
  readonly target: string;
  readonly inputs: number;
  /** Undefined when every input threw. */
  readonly slowest: SlowestInput | undefined;
  readonly findings: readonly ParserFinding[];
}

export interface ParserOptions {
  readonly inputs: number;
  readonly random: SeededRandom;
  /** Milliseconds one input may take. */
  readonly limit: number;
  readonly measure: Stopwatch;
}

const maximumFindings = 5;
/** How often an input that took long is parsed again. */
const repeats = 4;

/** Feeds one parser with changed and random inputs. Stops a target at its fifth finding. */
export function fuzzParser(target: ParserTarget, { inputs, random, limit, measure }: ParserOptions): ParserOutcome {
  const findings: ParserFinding[] = [];
  let slowest: SlowestInput | undefined;
  let done = 0;
  for (; done < inputs && findings.length < maximumFindings; done += 1) {
    const seed = random.number(2 ** 32);
    const input = inputOf(target, seed);
    const found = (kind: ParserFinding['kind'], detail: string) =>
      void findings.push({ kind, detail, seed, input: Buffer.from(input).toString('base64') });
    try {
      const run = () => void target.parse(input);
      let taken = measure(run);
      // Another process or the collector may have taken the time: only what is slow again and again is slow. From a tenth
      // of the limit on, so that the slowest input is one that is slow.
      for (let again = 0; taken.wall > limit / 10 && again < repeats; again += 1) taken = lesser(taken, measure(run));
      if (slowest === undefined || taken.wall > slowest.wall) slowest = { ...taken, seed, input };
      if (taken.wall > limit)
        found('slow', `${taken.wall.toFixed(1)} ms, ${taken.processor.toFixed(1)} of the processor`);
    } catch (error) {
      found('throws', error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    }
  }
  return { target: target.name, inputs: done, slowest, findings };
}

/**
 * The input that a seed makes: of five, four are changed good ones and one is nothing but random bytes. Good inputs carry fresh
 * keys and signatures in every process, so another process changes the same places of other bytes; findings hold the bytes.
 */
export function inputOf({ seeds }: Pick<ParserTarget, 'seeds'>, seed: number): Uint8Array {
  const random = createSeededRandom(seed);
  const good = seeds[random.number(seeds.length)] ?? new Uint8Array(0);
  return random.number(5) === 0 ? random.bytes(random.number(2048)) : mutate(good, random);
}

function lesser(a: Taken, b: Taken): Taken {
  return a.wall <= b.wall ? a : b;
}
