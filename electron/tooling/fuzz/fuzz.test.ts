import { describe, expect, it } from 'vitest';
import { flipBit, mutate } from './mutate.ts';
import { fuzzParser, inputOf } from './parsers.ts';
import { createSeededRandom } from './random.ts';
import { stopwatch } from './stopwatch.ts';
import { createSubjects } from './subjects.ts';
import { flipSigned } from './verifiers.ts';

// The short version of `npm run fuzz`: another seed each run, printed when it finds something.
const seed = Date.now() % 2 ** 31;
const subjects = await createSubjects(Date.now());

describe(`fuzzing with seed ${seed}`, () => {
  it.each(subjects.parsers.map((target) => [target.name, target] as const))('%s survives any bytes', (_, target) => {
    const outcome = fuzzParser(target, {
      inputs: 2000,
      random: createSeededRandom(seed),
      limit: 50,
      measure: stopwatch,
    });
    expect(outcome.findings).toEqual([]);
    expect(outcome.inputs).toBe(2000);
  });

  it.each(subjects.verifiers.map((target) => [target.name, target] as const))(
    '%s: no signed bit can change',
    (_, target) => {
      const outcome = flipSigned(target, 150, createSeededRandom(seed));
      expect(outcome).toMatchObject({ before: 'affirming', accepted: [], throws: [] });
    },
  );
});

describe('the fuzzer itself', () => {
  const random = () => createSeededRandom(7);
  it('gives the same inputs for the same seed', () => {
    const bytes = Uint8Array.from({ length: 64 }, (_, at) => at);
    expect(mutate(bytes, random())).toEqual(mutate(bytes, random()));
    expect(random().bytes(9)).toHaveLength(9);
    expect(flipBit(Uint8Array.of(0, 0), 9)).toEqual(Uint8Array.of(0, 2));
  });

  it('finds a parser that throws and one that hangs', () => {
    const thrower = {
      name: 'x',
      seeds: [new Uint8Array(4)],
      parse: () => {
        throw new RangeError('here');
      },
    };
    const found = fuzzParser(thrower, { inputs: 100, random: random(), limit: 50, measure: stopwatch });
    expect(found.findings).toHaveLength(5);
    expect(found.findings[0]).toMatchObject({ kind: 'throws', detail: 'RangeError: here' });
  });

  it('calls slow only what is slow each time, and says which input that was', () => {
    const seen: number[] = [];
    const target = { name: 'y', seeds: [Uint8Array.of(1, 2, 3)], parse: () => undefined };
    const options = { inputs: 9, random: random(), limit: 50 };
    const slow = fuzzParser(target, { ...options, measure: () => ({ wall: 60, processor: 59 }) });
    expect(slow.findings).toHaveLength(5);
    expect(slow.findings[0]).toMatchObject({ kind: 'slow', detail: '60.0 ms, 59.0 of the processor' });
    const again = inputOf(target, slow.findings[0]?.seed ?? 0);
    expect(Buffer.from(again).toString('base64')).toBe(slow.findings[0]?.input);
    // A loaded machine: the fifth of five attempts is quick.
    let count = 0;
    const loaded = fuzzParser(target, {
      ...options,
      measure: (run) => {
        run();
        seen.push((count += 1));
        return { wall: count % 5 === 0 ? 6 : 80, processor: 1 };
      },
    });
    expect(loaded).toMatchObject({ findings: [], inputs: 9, slowest: { wall: 6 } });
    expect(seen).toHaveLength(45);
  });

  it('finds a verifier that overlooks a bit', () => {
    const lax = {
      name: 'z',
      evidence: Uint8Array.of(1, 2),
      signed: [[0, 2]] as const,
      verify: (evidence: Uint8Array) => (evidence[0] === 1 ? ('affirming' as const) : ('contraindicated' as const)),
    };
    expect(flipSigned(lax, 16, random()).accepted).toHaveLength(8);
  });
});
