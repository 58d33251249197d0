import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { BuiltinProgram } from '../../contract/job.ts';
import { splitRows } from './split.ts';
import { readTable } from './table.ts';
import type { ModelFile } from './model-file.ts';
import { train, type TrainingOutput } from './train.ts';

const program: BuiltinProgram = {
  type: 'builtin',
  trainer: 'csv-classification',
  target: 'diagnosis',
  hidden: [],
  epochs: 25,
  batchSize: 32,
  learningRate: 0.01,
  heldOutShare: 0.2,
  seed: 7,
};
const checker = '../shared/check/eval_model.py';
const folder = mkdtempSync(join(tmpdir(), 'nacre-trainer-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function collect() {
  const metrics: { step: number; epoch: number; values: Record<string, number> }[] = [];
  const checkpoints: number[] = [];
  const output: TrainingOutput = {
    metric: (step, epoch, values) => void metrics.push({ step, epoch, values }),
    checkpoint: (step) => void checkpoints.push(step),
    log: () => undefined,
  };
  return { metrics, checkpoints, output };
}

describe('the built-in trainer', () => {
  it.each([
    ['breast_cancer', { target: 'diagnosis', hidden: [] as number[], epochs: 25 }, 0.94],
    ['digits', { target: 'digit', hidden: [32], epochs: 12 }, 0.93],
  ])('learns %s, and an independent program finds the same accuracy', async (name, changes, least) => {
    const path = `assets/data/${name}.csv`;
    const { metrics, checkpoints, output } = collect();
    const result = await train(readFileSync(path), { ...program, ...changes }, 100, output);
    if (!result.ok) throw new Error(result.error.message);
    expect(result.value.accuracy).toBeGreaterThanOrEqual(least);
    expect(metrics.at(-1)?.values['held_out_accuracy']).toBe(result.value.accuracy);
    expect(metrics.filter(({ values }) => 'validation_accuracy' in values).length).toBe(changes.epochs);
    const losses = metrics.flatMap(({ values }) => values['loss'] ?? []);
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) / 2);
    expect(checkpoints[0]).toBe(100);
    for (const { name: file, bytes } of result.value.files) writeFileSync(join(folder, file), bytes);
    if (!existsSync(checker)) {
      // The independent program lies beside the checkout, not in it; CI must not pass without having compared.
      if (process.env['CI'] === 'true') throw new Error(`${checker} is absent: the accuracy was compared with nothing`);
      console.log(`not compared: ${checker} is absent`);
      return;
    }
    const checked = JSON.parse(execFileSync('python3', [checker, path, folder], { encoding: 'utf8' })) as unknown;
    expect(checked).toEqual({ rows: result.value.heldOutRows, accuracy: result.value.accuracy });
  });

  it('gives the same model for the same seed and another for another', async () => {
    const csv = readFileSync('assets/data/breast_cancer.csv');
    const short = { ...program, epochs: 2, hidden: [8] };
    const run = async (seed: number) => {
      const result = await train(csv, { ...short, seed }, 1000, collect().output);
      return result.ok ? result.value.files.map(({ bytes }) => Buffer.from(bytes).toString('base64')) : result.error;
    };
    expect(await run(1)).toEqual(await run(1));
    expect(await run(2)).not.toEqual(await run(1));
  });

  it('goes on from a checkpoint to the same end, and refuses one of another network', async () => {
    const csv = readFileSync('assets/data/breast_cancer.csv');
    const short = { ...program, epochs: 6, hidden: [8] };
    const kept: { step: number; files: ModelFile[] }[] = [];
    const whole = await train(csv, short, 20, {
      ...collect().output,
      checkpoint: (step, files) => void kept.push({ step, files }),
    });
    const from = kept.at(-3);
    const { metrics, output } = collect();
    const resumed = await train(csv, short, 20, output, from?.files);
    if (!whole.ok || !resumed.ok || from === undefined) throw new Error('training failed');
    expect(metrics[0]?.step).toBe(from.step + 1);
    expect(resumed.value.steps).toBe(whole.value.steps);
    expect(resumed.value.accuracy).toBe(whole.value.accuracy);
    const last = (files: readonly ModelFile[]) => {
      const { bytes } = files.find(({ name }) => name === 'model.safetensors') ?? { bytes: new Uint8Array(4) };
      return new DataView(bytes.buffer, bytes.byteOffset).getFloat32(bytes.length - 4, true);
    };
    expect(last(resumed.value.files)).toBeCloseTo(last(whole.value.files), 4);
    const other = await train(csv, { ...short, hidden: [9] }, 20, output, from.files);
    expect(other.ok ? '' : other.error.message).toMatch(/another network/);
    const cut = from.files.map(({ name, bytes }) => ({ name, bytes: bytes.slice(0, bytes.length - 4) }));
    expect(await train(csv, short, 20, output, cut)).toMatchObject({ ok: false, error: { code: 'damaged' } });
  });

  it('says when the loss is no number', async () => {
    const csv = readFileSync('assets/data/breast_cancer.csv');
    const steep = { ...program, learningRate: 1e38, hidden: [8], epochs: 3 };
    const result = await train(csv, steep, 1000, collect().output);
    expect(result.ok ? '' : result.error.message).toMatch(/^The loss became (NaN|Infinity) at step \d+; try a smaller/);
  });
});

function message(csv: string, target = 'y'): string {
  const result = readTable(Buffer.from(csv), target);
  return result.ok ? 'ok' : result.error.message;
}

describe('reading a table', () => {
  it('names the place of what is wrong', () => {
    expect(message('a,b\n1,2\n')).toMatch(/no column "y".*"a", "b"/);
    expect(message('a,y\n1,u\nx2,v\n')).toBe('Row 2 (line 3), column "a": the cell is not a number.');
    expect(message('a,y\n1,u\n,v\n')).toBe('Row 2 (line 3), column "a": the cell is empty.');
    expect(message('a,y\n1,u\n0x10,v\n')).toMatch(/not a number/);
    expect(message('a,y\n1,u\n1e999,v\n')).toMatch(/not a number/);
    expect(message('a,y\n')).toMatch(/no rows/);
    expect(message('')).toMatch(/empty/);
    expect(message('a,y\n1,u\n2,u\n')).toMatch(/one class only/);
    expect(message('a,y\n1,u\n2\n')).toBe('Row 2 (line 3) has 1 cells; the header has 2.');
    expect(message('a,a,y\n1,2,u\n')).toMatch(/"a" twice/);
    expect(message('y\nu\nv\n')).toMatch(/no column besides/);
    expect(message('a,y\n1,"u\n')).toMatch(/never closed in line \d/);
    expect(message('a,y\n1,secret"u\n')).toBe('The table is not readable as CSV: a quote is out of place in line 2.');
    expect(message('a,y\n1,u\n2,\n')).toMatch(/class is empty/);
  });

  it('stops at an endless line without reading it all', () => {
    expect(message(`a,y\n1,${'x'.repeat(3_000_000)}`)).toMatch(/a row is longer than 1048576 characters/);
  });

  it('survives any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void readTable(bytes, 'y')));
    fc.assert(fc.property(fc.string(), (text) => void readTable(Buffer.from(`a,y\n${text}`), 'y')));
  });
});

describe('the split', () => {
  it('holds out a share of each class and loses no row', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3), { minLength: 8, maxLength: 300 }), fc.nat(1000), (labels, seed) => {
        const split = splitRows(Int32Array.from(labels), 4, 0.25, seed);
        if (!split.ok) return;
        const { training, heldOut } = split.value;
        expect([...training, ...heldOut].sort((a, b) => a - b)).toEqual(labels.map((_, row) => row));
        for (let label = 0; label < 4; label++) {
          const all = labels.filter((l) => l === label).length;
          const held = heldOut.filter((row) => labels[row] === label).length;
          expect(Math.abs(held - all * 0.25)).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});
