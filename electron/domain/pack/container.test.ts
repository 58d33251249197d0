import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSigner } from '../dsse/dsse.ts';
import { openPack, parseCanonical, writePack, type PackEntries } from './container.ts';

const organisation = createSigner(new Uint8Array(32).fill(7));
const title = { runId: 'run-1', runName: 'A run', simulated: true, createdAt: '2026-11-22T10:00:00Z' };

function pack(entries: PackEntries): Uint8Array {
  const written = writePack(title, entries, organisation);
  if (!written.ok) throw new Error(written.error.message);
  return written.value;
}

const small = pack(
  new Map([
    ['b.json', Uint8Array.of(1, 2, 3)],
    ['a/empty', new Uint8Array(0)],
    ['a.txt', new Uint8Array(40).fill(65)],
  ]),
);

const bytes = (text: string) => new TextEncoder().encode(text);

describe('the pack container', () => {
  it('opens what it wrote, in the order of paths, whatever the entries are', () => {
    const path = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,8}(\/[a-z0-9][a-z0-9._-]{0,8}){0,2}$/);
    fc.assert(
      fc.property(fc.dictionary(path, fc.uint8Array({ maxLength: 200 }), { minKeys: 1, maxKeys: 8 }), (record) => {
        const entries = new Map(Object.entries(record));
        const opened = openPack(pack(entries));
        expect(opened.ok).toBe(true);
        if (!opened.ok) return;
        expect([...opened.value.entries.keys()]).toEqual([...entries.keys()].toSorted());
        for (const [name, content] of entries) expect(opened.value.entries.get(name)).toEqual(content);
      }),
      { numRuns: 25 },
    );
  });

  it('refuses the change of any byte, at every position, and says what broke', () => {
    for (let at = 0; at < small.length; at++) {
      const changed = small.slice();
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      const opened = openPack(changed);
      expect(opened.ok, `byte ${at}`).toBe(false);
      if (!opened.ok) expect(opened.fault.detail.length).toBeGreaterThan(20);
    }
  }, 60_000);

  it('refuses every truncation and any extension', () => {
    for (let length = 0; length < small.length; length += 7) {
      expect(openPack(small.subarray(0, length)).ok, `cut to ${length}`).toBe(false);
    }
    expect(openPack(small.subarray(0, small.length - 1))).toMatchObject({
      fault: { at: 'container', reason: 'truncated' },
    });
    const longer = new Uint8Array(small.length + 1);
    longer.set(small);
    expect(openPack(longer)).toMatchObject({ fault: { at: 'container', reason: 'extended' } });
  });

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (tail, begun) => {
        expect(openPack(begun ? Uint8Array.of(...small.subarray(0, 24), ...tail) : tail).ok).toBe(false);
      }),
    );
  });

  it('names the entry whose bytes were changed', () => {
    const changed = small.slice();
    changed[changed.length - 1] = 9;
    expect(openPack(changed)).toMatchObject({ fault: { at: 'entry', reason: 'digest' } });
    const opened = openPack(changed);
    if (!opened.ok) expect(opened.fault.detail).toContain('b.json was changed');
  });

  it('reads canonical JSON only, and none that is nested too deep', () => {
    expect(parseCanonical(bytes('{"a":"]]]{[\\"[","b":1}'))).toEqual({ value: { a: ']]]{["[', b: 1 } });
    for (const text of ['{"b":1,"a":2}', '{ "a":1}', '{"a":1.0}', '{"a":1,"a":1}', 'x', '']) {
      expect(parseCanonical(bytes(text)), text).toBeUndefined();
    }
    expect(parseCanonical(bytes('['.repeat(64) + ']'.repeat(64)))).toBeDefined();
    for (const depth of [65, 200_000]) {
      expect(parseCanonical(bytes('['.repeat(depth) + ']'.repeat(depth)))).toBeUndefined();
    }
  });

  it('refuses paths that could leave a folder, and an empty pack', () => {
    for (const path of ['../x', '/x', 'a//b', 'A', 'a/', '']) {
      expect(writePack(title, new Map([[path, new Uint8Array(1)]]), organisation)).toMatchObject({
        ok: false,
        error: { code: 'invalid_input' },
      });
    }
    expect(writePack(title, new Map(), organisation).ok).toBe(false);
  });
});
