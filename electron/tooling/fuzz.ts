import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import v8 from 'node:v8';
import vm from 'node:vm';
import { fuzzParser, type ParserFinding, type ParserOutcome } from './fuzz/parsers.ts';
import { createSeededRandom } from './fuzz/random.ts';
import { stopwatch } from './fuzz/stopwatch.ts';
import { createSubjects } from './fuzz/subjects.ts';
import { flipSigned, type VerifierOutcome } from './fuzz/verifiers.ts';

/**
 * `npm run -s fuzz -- [--inputs 1000000] [--flips 100000] [--seed N] [--parser NAME] [--keep FOLDER]`: changed and random
 * inputs to every parser (or one), single bits of everything signed to every verifier. The inputs are spread evenly over the
 * subjects. `--keep` writes each parser's slowest input and its findings into a folder.
 * `npm run -s fuzz -- --parser NAME --input FILE`: what one kept input takes, ten times. Exit 1 on any finding.
 */
const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '1000000' },
    flips: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    parser: { type: 'string' },
    keep: { type: 'string' },
    input: { type: 'string' },
  },
});
const count = (name: 'inputs' | 'flips' | 'seed'): number => {
  const value = Number(values[name]);
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`--${name} takes a whole number`);
  return value;
};
/** Milliseconds that one input may take. */
const limit = 50;
/** MiB by which the heap may grow between the first tenth and the end. */
const heapGrowth = 16;
const write = (line: string) => void process.stdout.write(`${line}\n`);

v8.setFlagsFromString('--expose-gc');
const collect = vm.runInNewContext('gc') as () => void;
const heapMib = (): number => {
  collect();
  return process.memoryUsage().heapUsed / 2 ** 20;
};

const [inputs, flips, seed] = [count('inputs'), count('flips'), count('seed')];
write(`seed ${seed}`);
const subjects = await createSubjects(Date.now());
const parsers = subjects.parsers.filter(({ name }) => values.parser === undefined || values.parser === name);
if (parsers.length === 0)
  throw new RangeError(`--parser takes one of: ${subjects.parsers.map(({ name }) => name).join(', ')}`);
const random = createSeededRandom(seed);
let failures = 0;

if (values.input !== undefined) {
  const [target] = parsers;
  const bytes = new Uint8Array(readFileSync(values.input));
  for (let round = 0; round < 10; round += 1) {
    const { wall, processor } = stopwatch(() => void target?.parse(bytes));
    write(`${target?.name ?? ''}: ${wall.toFixed(2)} ms, ${processor.toFixed(2)} ms of the processor`);
  }
  process.exit();
}

write(`\n${'signed evidence'.padEnd(28)} ${'before'.padEnd(16)} ${'flips'.padStart(8)} ${'accepted'.padStart(9)}`);
const flipped: VerifierOutcome[] = [];
for (const target of values.parser === undefined ? subjects.verifiers : []) {
  const outcome = flipSigned(target, Math.ceil(flips / subjects.verifiers.length), random);
  flipped.push(outcome);
  const { before, accepted, throws } = outcome;
  failures += accepted.length + throws.length + (before === 'affirming' ? 0 : 1);
  write(
    `${outcome.target.padEnd(28)} ${before.padEnd(16)} ${String(outcome.flips).padStart(8)} ${String(accepted.length).padStart(9)}`,
  );
  for (const place of [...accepted, ...throws].slice(0, 10)) write(`  ${place}`);
}

write(
  `\n${'parser'.padEnd(28)} ${'inputs'.padStart(8)} ${'slowest'.padStart(10)} ${'processor'.padStart(10)} ${'its seed'.padStart(11)} ${'findings'.padStart(9)}`,
);
const share = Math.ceil(inputs / parsers.length);
const outcomes: ParserOutcome[] = [];
for (const target of parsers) {
  // A first share warms up code and caches: what grows after it, grows.
  const options = { random, limit, measure: stopwatch };
  const warm = fuzzParser(target, { ...options, inputs: Math.ceil(share / 10) });
  const before = heapMib();
  const rest = fuzzParser(target, { ...options, inputs: share - warm.inputs });
  const grown = heapMib() - before;
  const findings = [...warm.findings, ...rest.findings];
  outcomes.push({ ...rest, inputs: warm.inputs + rest.inputs, findings });
  failures += findings.length + (grown > heapGrowth ? 1 : 0);
  const slowest = (warm.slowest?.wall ?? 0) > (rest.slowest?.wall ?? 0) ? warm.slowest : rest.slowest;
  write(
    `${target.name.padEnd(28)} ${String(warm.inputs + rest.inputs).padStart(8)} ${`${slowest?.wall.toFixed(1) ?? '?'} ms`.padStart(10)} ${`${slowest?.processor.toFixed(1) ?? '?'} ms`.padStart(10)} ${String(slowest?.seed ?? '?').padStart(11)} ${String(findings.length).padStart(9)}`,
  );
  for (const { kind, detail, seed: made, input } of findings) write(`  ${kind} (seed ${made}): ${detail}\n  ${input}`);
  if (values.keep !== undefined) keep(values.keep, target.name, slowest?.input, findings);
  if (grown > heapGrowth) write(`  the heap grew by ${grown.toFixed(1)} MiB`);
}

function keep(folder: string, name: string, slowest: Uint8Array | undefined, found: readonly ParserFinding[]): void {
  mkdirSync(folder, { recursive: true });
  const file = (suffix: string) => join(folder, `${name.replaceAll(/[^\w.]+/g, '-')}.${suffix}`);
  if (slowest !== undefined) writeFileSync(file('slowest'), slowest);
  for (const [at, { kind, input }] of found.entries())
    writeFileSync(file(`${kind}${at}`), Buffer.from(input, 'base64'));
}

const total = (numbers: readonly number[]): string => numbers.reduce((sum, next) => sum + next, 0).toLocaleString('en');
write(
  `\n${total(flipped.map((outcome) => outcome.flips))} flips over signed regions, ${total(outcomes.map((outcome) => outcome.inputs))} inputs to parsers: ${failures === 0 ? 'nothing found' : `${failures} findings`}`,
);
process.exitCode = failures === 0 ? 0 : 1;
