import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createNodeCrypto } from '../../node-crypto.ts';
import { runConformance } from '../conformance.ts';

export const vectors = '../shared/vectors';

/** What is done to one file. */
export type Change = (bytes: Buffer) => Uint8Array | string;

/** A vector with something changed; the expectation goes with it. */
export interface Variant {
  readonly of: string;
  readonly expected: string;
  readonly at?: string;
  readonly nonce?: string;
  readonly family?: string;
  readonly without?: readonly string[];
  readonly change?: Readonly<Record<string, Change>>;
  readonly add?: Readonly<Record<string, Uint8Array | string>>;
}

export const json =
  (change: (value: Record<string, unknown>) => void): Change =>
  (bytes) => {
    const value = JSON.parse(bytes.toString()) as Record<string, unknown>;
    change(value);
    return JSON.stringify(value);
  };

/** One bit of each of these bytes; negative places count from the end. */
export const flip =
  (...places: readonly number[]): Change =>
  (bytes) => {
    const changed = Buffer.from(bytes);
    for (const place of places) {
      const at = place < 0 ? changed.length + place : place;
      changed[at] = (changed[at] ?? 0) ^ 1;
    }
    return changed;
  };

export const put =
  (at: number, ...octets: readonly number[]): Change =>
  (bytes) => {
    const changed = Buffer.from(bytes);
    changed.set(octets, at);
    return changed;
  };

export const cut =
  (size: number): Change =>
  (bytes) =>
    bytes.subarray(0, size);

/** The file of another vector in its place. */
export const of =
  (path: string): Change =>
  () =>
    readFileSync(join(vectors, path));

export const textOf = (path: string): string => readFileSync(join(vectors, path), 'utf8');

/** One test over a table, made at run time out of the vectors: each row agrees on valid or invalid, and on the reason. */
export function describeVariants(title: string, make: () => Readonly<Record<string, Variant>>): void {
  describe(title, () => {
    if (!existsSync(vectors)) {
      it('needs ../shared/vectors', () => {
        expect(process.env['CI'], 'the evidence vectors are missing').not.toBe('true');
      });
      return;
    }
    it('agrees on valid and invalid, and on the reason', async () => {
      const directory = mkdtempSync(join(tmpdir(), 'nacre-variants-'));
      try {
        const variants = make();
        for (const [name, variant] of Object.entries(variants)) lay(join(directory, name), variant);
        const report = await runConformance(directory, { crypto: createNodeCrypto(), stopwatch: () => 0 });
        if (!report.ok) throw new Error(report.error.message);
        const wrong = report.value.rows.filter(
          ({ passed, agreement, expected }) => !passed || (expected !== 'valid' && agreement === 'other'),
        );
        // A file that is no JSON is an error with an offset, which has no row to compare reasons with.
        expect(wrong.map(({ name, expected, verdict, detail }) => [name, expected, verdict, detail])).toEqual([]);
        expect(report.value.passed).toBe(Object.keys(variants).length);
      } finally {
        rmSync(directory, { recursive: true });
      }
    }, 120_000);
  });
}

function lay(folder: string, variant: Variant): void {
  mkdirSync(folder);
  cpSync(join(vectors, variant.of), folder, { recursive: true });
  const path = join(folder, 'meta.json');
  const meta = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  for (const file of variant.without ?? []) rmSync(join(folder, file));
  for (const [file, change] of Object.entries(variant.change ?? {})) {
    writeFileSync(join(folder, file), change(readFileSync(join(folder, file))));
  }
  for (const [file, bytes] of Object.entries(variant.add ?? {})) writeFileSync(join(folder, file), bytes);
  const { expected, at = meta['evaluate_at'], nonce = meta['nonce'], family = meta['family'] } = variant;
  writeFileSync(path, JSON.stringify({ ...meta, expected, evaluate_at: at, nonce, family }));
}
