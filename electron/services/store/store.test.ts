import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { err, ok, type Result } from '../../contract/result.ts';
import { openStore, type Store } from './store.ts';

const clock = () => Date.UTC(2026, 10, 22, 10);
const child = join(import.meta.dirname, 'testing', 'profile-process.ts');
const runSchema = z.object({ name: z.string().max(10), step: z.number().int() });

let root: string;
let stores: Store[];
let processes: ChildProcessWithoutNullStreams[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nacre-store-'));
  stores = [];
  processes = [];
});
afterEach(() => {
  for (const store of stores) store.close();
  for (const process of processes) process.kill('SIGKILL');
  rmSync(root, { recursive: true, force: true });
});

const open = (directory = root): Store => {
  const opened = openStore({ directory, clock, pid: process.pid });
  if (!opened.ok) throw new Error(opened.error.message);
  stores.push(opened.value);
  return opened.value;
};
const value = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
};
const start = (...args: string[]) => {
  const started = spawn(process.execPath, [child, ...args]);
  processes.push(started);
  const lines = createInterface({ input: started.stdout });
  return { process: started, lines };
};
const firstLine = async (lines: ReturnType<typeof createInterface>): Promise<unknown> =>
  JSON.parse(String((await once(lines, 'line'))[0]));

const frame = (sequence: number) => ({ sequence, json: `{"sequence":${sequence}}` });

/** Runs the second process under a file size limit, which stands for the full disk: the kernel enforces it, even for root. */
const limited = (mode: string, directory: string, blocks: number) =>
  spawnSync(
    'bash',
    ['-c', `trap '' XFSZ; ulimit -f ${blocks}; exec "$0" "$@"`, process.execPath, child, mode, directory],
    {
      encoding: 'utf8',
      timeout: 20_000,
    },
  )
    .stdout.trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { opened?: true; written?: number; error?: { code: string } });

describe('collections', () => {
  it('keep typed values in the order of insertion, over a close and an open', () => {
    const first = open();
    const runs = first.collection('runs', runSchema);
    for (const [index, name] of ['c', 'a', 'b'].entries()) value(runs.put(name, { name, step: index }));
    value(runs.put('a', { name: 'a', step: 9 }));
    value(first.collection('nodes', runSchema).put('a', { name: 'other', step: 0 }));
    first.close();
    const again = open().collection('runs', runSchema);
    expect(value(again.list()).items.map((item) => [item.id, item.value.step])).toEqual([
      ['c', 0],
      ['a', 9],
      ['b', 2],
    ]);
    expect(value(again.list({ newestFirst: true, limit: 1 })).items[0]?.id).toBe('b');
    expect(value(again.list({ prefix: 'c' })).items).toHaveLength(1);
    expect(value(again.get('missing'))).toBeUndefined();
    expect(value(again.count())).toBe(3);
    expect(value(again.delete('a'))).toBe(true);
    expect(value(again.delete('a'))).toBe(false);
  });

  it('refuse what does not fit, and name what cannot be read', () => {
    const store = open();
    const runs = store.collection('runs', runSchema);
    expect(runs.put('x', { name: 'far too long a name', step: 1 })).toMatchObject({ error: { code: 'invalid_input' } });
    expect(value(runs.count())).toBe(0);
    value(runs.insert('x', { name: 'x', step: 1 }));
    expect(runs.insert('x', { name: 'x', step: 2 })).toMatchObject({ error: { code: 'already_exists' } });
    expect(runs.update('none', (run) => run)).toMatchObject({ error: { code: 'not_found' } });
    expect(value(runs.update('x', (run) => ({ ...run, step: run.step + 1 }))).step).toBe(2);
    // What another version wrote: the row is named, and the readable ones are still there.
    value(store.collection('runs', z.object({ other: z.boolean() })).put('y', { other: true }));
    expect(runs.get('y')).toMatchObject({ error: { code: 'damaged', message: expect.stringContaining('runs "y"') } });
    const listed = value(runs.list());
    expect(listed.items.map((item) => item.id)).toEqual(['x']);
    expect(listed.damaged.map((item) => item.id)).toEqual(['y']);
  });

  it('are undone together by an error, an exception, and inside another transaction', () => {
    const store = open();
    const runs = store.collection('runs', runSchema);
    const put = (id: string) => runs.put(id, { name: id, step: 0 });
    expect(
      store.transaction(() => {
        value(put('a'));
        return err('internal', 'no');
      }).ok,
    ).toBe(false);
    expect(() =>
      store.transaction(() => {
        value(put('b'));
        throw new TypeError('bug');
      }),
    ).toThrow(TypeError);
    value(
      store.transaction(() => {
        value(put('c'));
        const inner = store.transaction(() => {
          value(put('d'));
          return err('internal', 'no');
        });
        expect(inner.ok).toBe(false);
        return ok(undefined);
      }),
    );
    expect(value(runs.list()).items.map((item) => item.id)).toEqual(['c']);
  });
});

describe('tables', () => {
  it('take a challenge exactly once, and never after its time', () => {
    let now = clock();
    const opened = openStore({ directory: root, clock: () => now, pid: 1 });
    const store = value(opened);
    stores.push(store);
    const { challenges } = store;
    value(challenges.insert('n1', { session: 's' }, now + 300_000));
    expect(challenges.insert('n1', {}, now)).toMatchObject({ error: { code: 'already_exists' } });
    expect(value(challenges.consume('n1'))).toEqual({ session: 's' });
    expect(challenges.consume('n1')).toMatchObject({ error: { code: 'wrong_state' } });
    expect(challenges.insert('n1', {}, now + 1)).toMatchObject({ error: { code: 'already_exists' } });
    expect(challenges.consume('n2')).toMatchObject({ error: { code: 'not_found' } });
    value(challenges.insert('n3', {}, now + 300_000));
    now += 300_001;
    expect(challenges.consume('n3')).toMatchObject({ error: { code: 'timeout' } });
    expect(challenges.consume('n3')).toMatchObject({ error: { code: 'wrong_state' } });
    expect(value(challenges.forgetExpired(now))).toBe(2);
  });

  it('keep frames in order by node, pass over a repeated one, refuse a different one', () => {
    const { frames } = open();
    value(frames.append('run', 'n1', [frame(0), frame(1), frame(2)]));
    value(frames.append('run', 'n2', [frame(0)]));
    value(frames.append('run', 'n1', [frame(2), frame(3)]));
    expect(value(frames.read('run', 'n1', { from: 1, limit: 2 })).map((row) => row.sequence)).toEqual([1, 2]);
    expect(frames.append('run', 'n1', [frame(4), { sequence: 3, json: '{}' }])).toMatchObject({
      error: { code: 'integrity', details: { sequence: 3 } },
    });
    expect(value(frames.heads('run'))).toEqual([
      { node: 'n1', sequence: 3, frames: 4 },
      { node: 'n2', sequence: 0, frames: 1 },
    ]);
  });

  it('refuse to change or drop frames and audit entries, even by hand', () => {
    const store = open();
    value(store.frames.append('run', 'n1', [{ sequence: 0, json: '{}' }]));
    value(store.audit.append({ position: 0, json: '{}', leafHash: new Uint8Array(32) }));
    store.close();
    const database = new DatabaseSync(join(root, 'nacre.db'));
    for (const statement of [
      `UPDATE frames SET json = ''`,
      'DELETE FROM frames',
      `UPDATE audit_entries SET json = ''`,
      'DELETE FROM audit_entries',
    ])
      expect(() => database.exec(statement)).toThrow(/append-only/);
    database.close();
  });
});

describe('the profile', () => {
  it('belongs to one process, which is named to the second; a killed one leaves it free', async () => {
    const holder = start('hold', root);
    expect(await firstLine(holder.lines)).toEqual({ opened: true });
    const second = openStore({ directory: root, clock, pid: process.pid });
    expect(second).toMatchObject({
      error: {
        code: 'in_use',
        details: { pid: holder.process.pid },
        message: expect.stringContaining(String(holder.process.pid)),
      },
    });
    holder.process.kill('SIGKILL');
    await once(holder.process, 'exit');
    expect(existsSync(join(root, 'nacre.owner'))).toBe(true);
    const store = open();
    expect(value(store.check())).toBeUndefined();
    expect(openStore({ directory: root, clock, pid: 2 })).toMatchObject({ error: { code: 'in_use' } });
    store.close();
    expect(readdirSync(root)).toEqual(['nacre.db']);
    expect(statSync(join(root, 'nacre.db')).mode & 0o777).toBe(0o600);
  });

  it('keeps every acknowledged pair whole when the writer is killed again and again', async () => {
    let acknowledged = -1;
    for (let round = 0; round < 8; round++) {
      const writer = start('write', root);
      // Killed by progress and not by time, so that a busy machine tests as much as an idle one.
      await new Promise<void>((resolve) => {
        let seen = 0;
        writer.lines.on('line', (line) => {
          const said = JSON.parse(line) as { written?: number };
          acknowledged = Math.max(acknowledged, said.written ?? -1);
          seen += 1;
          if (seen === 2 + round * 7) resolve();
        });
      });
      await new Promise((resolve) => setTimeout(resolve, round / 2));
      writer.process.kill('SIGKILL');
      await once(writer.process, 'close');
      const store = open();
      value(store.check());
      const runs = store.collection('runs', z.object({ text: z.string(), number: z.number() }));
      const ids = new Set(value(runs.list()).items.map((item) => item.id));
      expect(ids.size % 2).toBe(0);
      for (let number = 0; number <= acknowledged; number++) {
        expect(ids.has(`a${number}`) && ids.has(`b${number}`)).toBe(true);
      }
      store.close();
    }
    expect(acknowledged).toBeGreaterThan(0);
  });

  it('is refused by name where it cannot be, and nothing is left behind', () => {
    writeFileSync(join(root, 'file'), '');
    expect(openStore({ directory: join(root, 'file'), clock, pid: 1 })).toMatchObject({
      error: { code: 'invalid_input' },
    });
    expect(openStore({ directory: join(root, 'file', 'deeper'), clock, pid: 1 })).toMatchObject({
      error: { code: 'invalid_input' },
    });
    // No user, not even root, can make a folder there.
    expect(openStore({ directory: '/proc/nacre', clock, pid: 1 })).toMatchObject({ error: { code: 'not_permitted' } });
    expect(readdirSync(root)).toEqual(['file']);
  });

  it('names a disk that is full, keeps what was there, and leaves a store that opens', () => {
    const grown = join(root, 'grown');
    open(grown).close();
    const said = limited('write', grown, 300);
    expect(said[0]).toEqual({ opened: true });
    expect(['disk_full', 'unavailable']).toContain(said.at(-1)?.error?.code);
    const acknowledged = said.filter((line) => line.written !== undefined).length;
    expect(acknowledged).toBeGreaterThan(0);
    const store = open(grown);
    value(store.check());
    const runs = store.collection('runs', z.object({ text: z.string(), number: z.number() }));
    expect(value(runs.count())).toBe(acknowledged * 2);

    const fresh = join(root, 'fresh');
    mkdirSync(fresh);
    expect(['disk_full', 'unavailable']).toContain(limited('write', fresh, 4)[0]?.error?.code);
    expect(readdirSync(fresh)).toEqual([]);
  });

  it('tells damage and foreign files apart', () => {
    const store = open();
    const runs = store.collection('runs', z.object({ text: z.string() }));
    for (let index = 0; index < 200; index++) value(runs.put(`r${index}`, { text: 'z'.repeat(500) }));
    store.close();
    const path = join(root, 'nacre.db');
    const whole = readFileSync(path);
    const torn = Buffer.from(whole);
    torn.fill(0xff, 4096, 12_288);
    writeFileSync(path, torn);
    writeFileSync(join(root, 'nacre.owner'), '{"pid":1,"since":"x"}');
    expect(openStore({ directory: root, clock, pid: 1 })).toMatchObject({ error: { code: 'damaged' } });
    writeFileSync(path, 'not a database at all, but long enough to look like one'.repeat(100));
    expect(openStore({ directory: root, clock, pid: 1 })).toMatchObject({ error: { code: 'damaged' } });
    rmSync(path);
    const foreign = new DatabaseSync(path);
    foreign.exec('PRAGMA application_id = 7; CREATE TABLE t (a)');
    foreign.close();
    expect(openStore({ directory: root, clock, pid: 1 })).toMatchObject({ error: { code: 'wrong_state' } });
    writeFileSync(path, whole);
    const newer = new DatabaseSync(path);
    newer.exec('PRAGMA user_version = 99');
    newer.close();
    expect(openStore({ directory: root, clock, pid: 1 })).toMatchObject({
      error: { code: 'wrong_state', message: expect.stringContaining('newer') },
    });
    expect(existsSync(path)).toBe(true);
  });
});
