import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { err, ok, type Result } from '../../contract/result.ts';
import { parseHeader } from '../../domain/sealed/header.ts';
import { generateIdentity, parseIdentity, type Identity } from '../../domain/sealed/identities.ts';
import type { DatasetRecord, DatasetStore } from './dataset-record.ts';
import { detachedHeader, recipientsOf, rewrapDatasets, type RewrapOptions } from './rewrap.ts';

const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));
const valueOf = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
};

let root: string;
let oldIdentity: string;
let old: Identity;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'nacre-rewrap-'));
  oldIdentity = generateIdentity(random);
  old = valueOf(parseIdentity(oldIdentity));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function recordOf(id: string, sealedPath: string, recipients: string[]): DatasetRecord {
  return {
    version: 1,
    view: {
      id,
      name: id,
      sourcePath: '/x',
      sealedPath,
      plainBytes: 5,
      sealedBytes: 200,
      parts: 1,
      partSize: 65_536,
      root: '0'.repeat(64),
      recipients,
      sealedAt: '2026-11-22T10:00:00.000Z',
    },
    manifest: { payloadType: 'application/x', payload: 'e30=', signatures: [{ keyid: 'old', sig: 'AA==' }] },
  };
}

function storeOf(
  records: DatasetRecord[],
): DatasetStore & { readonly records: Map<string, DatasetRecord>; writes: number } {
  const map = new Map(records.map((record) => [record.view.id, record]));
  const store = {
    records: map,
    writes: 0,
    get: (id: string) => ok(map.get(id)),
    insert: () => ok(undefined),
    putAll(changed: readonly DatasetRecord[]) {
      store.writes += 1;
      for (const record of changed) map.set(record.view.id, record);
      return ok(undefined);
    },
    list: () => ok([...map.values()]),
  };
  return store;
}

/** Sealed by the real age. */
function sealed(name: string, ...recipients: string[]): string {
  const path = join(root, name);
  const args = recipients.flatMap((recipient) => ['-r', recipient]);
  execFileSync('age', [...args, '-o', path], { input: `plain ${name}` });
  return path;
}

function optionsOf(store: DatasetStore, to: Identity, more: Partial<RewrapOptions> = {}): RewrapOptions {
  return {
    store,
    random,
    clock: () => 0,
    to: to.recipient ?? '',
    own: [old.recipient ?? '', to.recipient ?? ''],
    lend: (work) => work([to, old]),
    log: () => ok(undefined),
    signAgain: (manifests) => ok(manifests),
    readHeader: async (path) => parseHeader(readFileSync(path)),
    ...more,
  };
}

/** What `age -d` makes of the old file under the detached header. */
function openWithAge(record: DatasetRecord, identity: string): string {
  const file = readFileSync(record.view.sealedPath);
  const payload = file.subarray(valueOf(parseHeader(file)).length);
  const identityFile = join(root, 'identity');
  writeFileSync(identityFile, `${identity}\n`, { mode: 0o600 });
  const input = Buffer.concat([detachedHeader(record) ?? new Uint8Array(0), payload]);
  return spawnSync('age', ['-d', '-i', identityFile], { input, encoding: 'utf8' }).stdout;
}

describe('rewrapping datasets', () => {
  it('gives the new identity every dataset, changes no sealed byte, and keeps other recipients', async () => {
    const custodian = valueOf(parseIdentity(generateIdentity(random)));
    const one = sealed('one', old.recipient ?? '');
    const two = sealed('two', old.recipient ?? '', custodian.recipient ?? '');
    const before = [readFileSync(one), readFileSync(two)];
    const store = storeOf([
      recordOf('one', one, [old.recipient ?? '']),
      recordOf('two', two, [old.recipient ?? '', custodian.recipient ?? '']),
    ]);
    const secret = generateIdentity(random);
    const next = valueOf(parseIdentity(secret));
    const logged: string[] = [];
    const report = valueOf(
      await rewrapDatasets(optionsOf(store, next, { log: (ids) => ok(void logged.push(...ids)) })),
    );
    expect(report).toEqual({ total: 2, rewrapped: 2, current: 0, failed: [] });
    expect(logged).toEqual(['one', 'two']);
    const first = store.records.get('one') as DatasetRecord;
    expect(openWithAge(first, secret)).toBe('plain one');
    expect(openWithAge(first, oldIdentity)).toBe('');
    expect(recipientsOf(store.records.get('two') as DatasetRecord)).toEqual([next.recipient, custodian.recipient]);
    expect([readFileSync(one), readFileSync(two)]).toEqual(before);
    // Again: nothing left to do. And once more to a third key, from the detached header.
    expect(valueOf(await rewrapDatasets(optionsOf(store, next)))).toMatchObject({ rewrapped: 0, current: 2 });
    const third = valueOf(parseIdentity(generateIdentity(random)));
    const own = [next.recipient ?? '', third.recipient ?? ''];
    valueOf(await rewrapDatasets(optionsOf(store, third, { own, lend: (work) => work([third, next]) })));
    expect(recipientsOf(store.records.get('one') as DatasetRecord)).toEqual([third.recipient]);
  });

  it('goes to a hybrid key, names what cannot be rewrapped, and does the rest', async () => {
    const stranger = valueOf(parseIdentity(generateIdentity(random)));
    const paths = [sealed('mine', old.recipient ?? ''), sealed('theirs', stranger.recipient ?? ''), join(root, 'gone')];
    const store = storeOf(paths.map((path, index) => recordOf(`d${index}`, path, [old.recipient ?? ''])));
    const secret = generateIdentity(random, 'hybrid');
    const hybrid = valueOf(parseIdentity(secret));
    const report = valueOf(
      await rewrapDatasets(
        optionsOf(store, hybrid, {
          readHeader: async (path) =>
            path.endsWith('gone') ? err('not_found', 'gone') : parseHeader(readFileSync(path)),
        }),
      ),
    );
    expect(report.rewrapped).toBe(1);
    expect(report.failed.map(({ id }) => id)).toEqual(['d1', 'd2']);
    const { unwrap } = hybrid;
    const header = valueOf(parseHeader(detachedHeader(store.records.get('d0') as DatasetRecord) ?? new Uint8Array(0)));
    expect(valueOf(unwrap(header.stanzas))).toHaveLength(16);
  });

  it('writes nothing when the log refuses, stops when asked, and goes on where it stopped', async () => {
    const path = sealed('many', old.recipient ?? '');
    const store = storeOf(
      Array.from({ length: 450 }, (_, index) => recordOf(`d${index}`, path, [old.recipient ?? ''])),
    );
    const next = valueOf(parseIdentity(generateIdentity(random)));
    const refused = await rewrapDatasets(optionsOf(store, next, { log: () => err('disk_full', 'full') }));
    expect(refused).toMatchObject({ error: { code: 'disk_full' } });
    expect(store.writes).toBe(0);
    const stop = new AbortController();
    const stopped = await rewrapDatasets(
      optionsOf(store, next, { signal: stop.signal, onProgress: () => stop.abort() }),
    );
    expect(stopped).toMatchObject({ error: { code: 'cancelled' } });
    expect(valueOf(await rewrapDatasets(optionsOf(store, next)))).toMatchObject({ rewrapped: 250, current: 200 });
  });
});
