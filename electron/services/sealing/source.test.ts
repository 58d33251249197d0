import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import * as fc from 'fast-check';
import { extract } from 'tar-stream';
import { afterAll, describe, expect, it } from 'vitest';
import type { SourceLayout } from './segment-task.ts';
import { planSource } from './source-plan.ts';
import { createSourceReader, SourceError } from './source-reader.ts';
import { encodeTarHeader } from './tar-header.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'nacre-source-'));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;

function readWhole(layout: SourceLayout, pieces: readonly number[]): Buffer {
  const reader = createSourceReader(layout);
  const whole = Buffer.alloc(layout.plainBytes, 0xaa);
  let at = 0;
  for (let i = 0; at < whole.length; i++) {
    const length = Math.min(pieces[i % pieces.length] ?? 1, whole.length - at);
    reader.read(at, whole.subarray(at, at + length));
    at += length;
  }
  reader.close();
  return whole;
}

async function members(tar: Uint8Array): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  const archive = Readable.from([tar]).pipe(extract());
  for await (const entry of archive) {
    const parts: Uint8Array[] = [];
    for await (const part of entry) parts.push(part as Uint8Array);
    if (entry.header.type === 'file') found.set(entry.header.name, Buffer.concat(parts));
  }
  return found;
}

const name = fc
  .string({ unit: fc.constantFrom('a', 'B', '7', '.', '-', ' ', 'é', '漢', '😀'), minLength: 1, maxLength: 60 })
  .filter((text) => !/^\.{1,2}$/.test(text));
const tree = fc.uniqueArray(
  fc.record({
    folders: fc.array(name, { maxLength: 3 }),
    name,
    size: fc.oneof(fc.nat(1100), fc.constant(512), fc.constant(70_000)),
  }),
  { minLength: 1, maxLength: 12, selector: (file) => [...file.folders, file.name].join('/') },
);

describe('a folder as one stream', () => {
  it('unpacks to its files, with tar-stream and with tar, in pieces of any size', async () => {
    await fc.assert(
      fc.asyncProperty(
        tree,
        fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 5 }),
        async (files, pieces) => {
          const root = path.join(folder, String(++count));
          mkdirSync(root);
          const expected = new Map<string, Buffer>();
          for (const [i, { folders, name, size }] of files.entries()) {
            try {
              mkdirSync(path.join(root, ...folders), { recursive: true });
              writeFileSync(path.join(root, ...folders, name), Buffer.alloc(size, i + 1), { flag: 'wx' });
            } catch {
              // A name that is both a file and a folder: not a tree that can exist.
              continue;
            }
            expected.set([...folders, name].join('/'), Buffer.alloc(size, i + 1));
          }
          fc.pre(expected.size > 0);
          const plan = await planSource(root);
          if (!plan.ok) throw new Error(plan.error.message);
          expect(plan.value.files).toBe(expected.size);
          const whole = readWhole(plan.value.layout, pieces);
          expect(whole.length % 512).toBe(0);
          expect(await members(whole)).toEqual(
            new Map([...expected].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))),
          );
          writeFileSync(`${root}.tar`, whole);
          mkdirSync(`${root}.out`);
          execFileSync('tar', ['xf', `${root}.tar`, '-C', `${root}.out`]);
          for (const [file, content] of expected)
            expect(readFileSync(path.join(`${root}.out`, file)).equals(content)).toBe(true);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('carries sizes from 8 GiB and names of any length in pax records', async () => {
    const long = `${'x'.repeat(99)}/`.repeat(30);
    for (const size of [8 ** 11 - 1, 8 ** 11, 2 ** 45]) {
      const head = encodeTarHeader({ name: `${long}file`, size, kind: 'file', executable: false });
      expect(head.length % 512).toBe(0);
      const seen = await new Promise((resolve, reject) => {
        const archive = extract();
        archive.on('entry', (header) => resolve({ name: header.name, size: header.size }));
        archive.on('error', reject);
        archive.write(Buffer.from(head));
      });
      expect(seen).toEqual({ name: `${long}file`, size });
    }
  });
});

describe('a file that changes between two reads', () => {
  it.each([
    ['is written to', (file: string) => appendFileSync(file, 'x')],
    ['is cut', (file: string) => truncateSync(file, 1000)],
    ['is overwritten in place', (file: string) => writeFileSync(file, Buffer.alloc(10_000, 9))],
  ])('is noticed when it %s, at the latest when it is closed', async (_, change) => {
    const file = path.join(folder, `${++count}.bin`);
    writeFileSync(file, Buffer.alloc(10_000, 1));
    const plan = await planSource(file);
    if (!plan.ok) throw new Error(plan.error.message);
    const reader = createSourceReader(plan.value.layout);
    reader.read(0, new Uint8Array(500));
    // Times move in steps of the kernel's clock: some milliseconds.
    await new Promise((resolve) => setTimeout(resolve, 20));
    change(file);
    const rest = (): void => {
      reader.read(500, new Uint8Array(9500));
      reader.close();
    };
    expect(rest).toThrow(SourceError);
    reader.abandon();
  });

  it('is left alone when nothing happens to it', async () => {
    const file = path.join(folder, `${++count}.bin`);
    writeFileSync(file, Buffer.alloc(10_000, 1));
    const plan = await planSource(file);
    if (!plan.ok) throw new Error(plan.error.message);
    expect(readWhole(plan.value.layout, [777]).every((byte) => byte === 1)).toBe(true);
  });
});
