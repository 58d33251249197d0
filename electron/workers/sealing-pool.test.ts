import { createHash, randomBytes } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { control, createControl, type HashTask } from '../services/sealing/segment-task.ts';
import { createSealingPool } from './sealing-pool.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'nacre-pool-'));
afterAll(() => rmSync(folder, { recursive: true }));

function hashTask(bytes: Uint8Array, partSize: number): { task: HashTask; digests(): string[]; close(): void } {
  const file = path.join(folder, createHash('sha256').update(bytes).digest('hex'));
  writeFileSync(file, bytes);
  const descriptor = openSync(file, 'r');
  const digests = new SharedArrayBuffer(Math.ceil(bytes.length / partSize) * 32);
  return {
    task: { kind: 'hash', control: createControl(), file: descriptor, bytes: bytes.length, partSize, digests },
    digests: () => Buffer.from(digests).toString('hex').match(/.{64}/g) ?? [],
    close: () => closeSync(descriptor),
  };
}

const expected = (bytes: Uint8Array, partSize: number) =>
  Array.from({ length: Math.ceil(bytes.length / partSize) }, (_, i) =>
    createHash('sha256')
      .update(bytes.subarray(i * partSize, (i + 1) * partSize))
      .digest('hex'),
  );

describe('sealing pool', () => {
  it('runs tasks that are given at once one after the other, each right', async () => {
    const pool = createSealingPool({ size: 3 });
    const inputs = [10_000_000, 1, 3_333_333].map((size) => randomBytes(size));
    const tasks = inputs.map((bytes) => hashTask(bytes, 1_000_000));
    expect(await Promise.all(tasks.map(({ task }) => pool.run(task)))).toEqual([undefined, undefined, undefined]);
    tasks.forEach(({ digests, close }, i) => {
      expect(digests()).toEqual(expected(inputs[i] ?? new Uint8Array(0), 1_000_000));
      close();
    });
    await pool.close();
    await expect(pool.run(hashTask(randomBytes(1), 65_536).task)).rejects.toThrow('closed');
  });

  it('says which call failed, on whichever thread', async () => {
    const pool = createSealingPool({ size: 2 });
    const { task, close } = hashTask(randomBytes(5_000_000), 65_536);
    expect(await pool.run({ ...task, bytes: task.bytes + 1 })).toEqual({ kind: 'changed' });
    close();
    expect(await pool.run({ ...task, file: 9999, control: createControl() })).toEqual({ kind: 'read', code: 'EBADF' });
    await pool.close();
  });

  it('tells of a worker that breaks, and goes on with a fresh one', async () => {
    const script = path.join(folder, 'breaks.mjs');
    writeFileSync(
      script,
      `import { parentPort } from 'node:worker_threads';
       parentPort.on('message', (task) => {
         if (task.partSize === 1) process.exit(3);
         parentPort.postMessage({ failure: undefined });
       });`,
    );
    const pool = createSealingPool({ size: 1, entry: pathToFileURL(script) });
    const { task, close } = hashTask(randomBytes(10), 65_536);
    await expect(pool.run({ ...task, partSize: 1 })).rejects.toThrow('code 3');
    expect(new Int32Array(task.control)[2]).toBe(1);
    expect(await pool.run(task)).toBeUndefined();
    close();
    await pool.close();
  });

  it('waits while a task is held, goes on afterwards, and stops during a pause', async () => {
    const pool = createSealingPool({ size: 2 });
    const bytes = randomBytes(5_000_000);
    const first = hashTask(bytes, 1_000_000);
    const words = new Int32Array(first.task.control);
    Atomics.store(words, control.pause, 1);
    const running = pool.run(first.task);
    await new Promise((wake) => setTimeout(wake, 400));
    expect(Atomics.load(words, control.done)).toBe(0);
    // Others do not wait for somebody's pause.
    const other = hashTask(bytes, 2_000_000);
    expect(await pool.run(other.task)).toBeUndefined();
    expect(other.digests()).toEqual(expected(bytes, 2_000_000));
    other.close();
    Atomics.store(words, control.pause, 0);
    Atomics.notify(words, control.pause);
    expect(await running).toBeUndefined();
    expect(first.digests()).toEqual(expected(bytes, 1_000_000));
    first.close();
    const second = hashTask(bytes, 1_000_000);
    const held = new Int32Array(second.task.control);
    Atomics.store(held, control.pause, 1);
    const ending = pool.run(second.task);
    Atomics.store(held, control.stop, 1);
    expect(await ending).toBeUndefined();
    expect(Atomics.load(held, control.done)).toBe(0);
    second.close();
    await pool.close();
  });
});
