import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createSigner } from '../../domain/dsse/dsse.ts';
import { loadSealedDataset } from './sealed-dataset.ts';
import { createDesk, nothingAt, random, sha256, take } from './testing/desk.ts';

const desk = createDesk();
const { fresh, identity, identityFile, recipient, service } = desk;
afterAll(() => desk.close());
const hasPeers = ['age', 'zstd'].every((program) => spawnSync(program, ['--version']).status === 0);
const rows = (count: number): string => Array.from({ length: count }, (_, i) => `${i},${i % 7},some text\n`).join('');
const options = { recipients: [recipient], compress: true, manifest: true };

describe('compressed and sealed', () => {
  it('gets smaller, has a right manifest, and opens to the same', async () => {
    const plain = fresh('.csv');
    writeFileSync(plain, rows(400_000));
    const sealed = take(await service.seal({ path: plain, out: `${plain}.age`, ...options }));
    const { size } = statSync(plain);
    expect(sealed).toMatchObject({ compression: 'zstd', plainBytes: size, sealedBytes: statSync(sealed.path).size });
    expect(sealed.sealedBytes).toBeLessThan(size / 3);
    expect(sealed.manifest?.compression).toEqual({ name: 'zstd', contentBytes: size });
    if (sealed.manifest === undefined) throw new Error('no manifest');
    expect(sealed.manifest.plainBytes).toBe(take(await service.inspect(sealed.path)).plainBytes);
    expect(take(await service.verifyParts(sealed.path, sealed.manifest)).whole).toBe(true);
    const opened = { file: sealed.path, identities: [identity], out: `${plain}.out` };
    expect(take(await service.open({ ...opened, decompress: true })).plainBytes).toBe(size);
    expect(sha256(`${plain}.out`)).toBe(sha256(plain));
    const bytes = readFileSync(sealed.path);
    bytes[bytes.length - 5] = (bytes.at(-5) ?? 0) ^ 1;
    writeFileSync(sealed.path, bytes);
    const bad = await service.open({ ...opened, out: `${plain}.bad`, decompress: true });
    expect(bad).toMatchObject({ error: { code: 'integrity' } });
    expect(nothingAt(`${plain}.bad`)).toBe(true);
  });

  it.skipIf(!hasPeers)('is what age, zstd and tar open; a folder too', async () => {
    const root = fresh('-folder');
    mkdirSync(path.join(root, 'sub'), { recursive: true });
    writeFileSync(path.join(root, 'sub', 'a.csv'), rows(100_000));
    writeFileSync(path.join(root, 'b.csv'), rows(50_000));
    take(await service.seal({ path: root, out: `${root}.age`, ...options }));
    mkdirSync(`${root}.peer`);
    const script = 'age -d -i "$1" "$2" | zstd -d | tar x -C "$3"';
    execFileSync('sh', ['-c', script, 'sh', identityFile, `${root}.age`, `${root}.peer`], { stdio: 'pipe' });
    execFileSync('diff', ['-r', root, `${root}.peer`]);
    take(await service.open({ file: `${root}.age`, identities: [identity], out: `${root}.out`, extract: true }));
    execFileSync('diff', ['-r', root, `${root}.out`]);
  });

  it('leaves alone what does not get smaller, and opens it all the same', async () => {
    const plain = fresh('.bin');
    writeFileSync(plain, randomBytes(3_000_000));
    const sealed = take(await service.seal({ path: plain, out: `${plain}.age`, ...options }));
    expect(sealed.compression).toBe('not-smaller');
    expect(sealed.manifest?.compression).toBeUndefined();
    take(await service.open({ file: sealed.path, identities: [identity], out: `${plain}.out`, decompress: true }));
    expect(sha256(`${plain}.out`)).toBe(sha256(plain));
    const empty = fresh('.txt');
    writeFileSync(empty, '');
    expect(take(await service.seal({ path: empty, out: `${empty}.age`, ...options })).compression).toBe('not-smaller');
  });

  it('is no dataset for nodes, which would take the compressed bytes for the data', async () => {
    const plain = fresh('.csv');
    writeFileSync(plain, rows(100_000));
    const signer = createSigner(random(32));
    const sealed = take(await service.seal({ path: plain, out: `${plain}.age`, ...options, signer }));
    const { path: file, envelope } = sealed;
    const trusted = [{ publicKey: signer.publicKey }];
    const identities = () => ({ ok: true as const, value: [identity] });
    expect(await loadSealedDataset({ path: file, envelope, trusted, identities })).toMatchObject({
      error: { code: 'invalid_input', message: expect.stringContaining('compressed') },
    });
  });

  it('leaves nothing when it is cancelled or the file changes', async () => {
    const plain = fresh('.csv');
    writeFileSync(plain, rows(1_500_000));
    const stopping = new AbortController();
    const onProgress = (): void => stopping.abort();
    const stopped = await service.seal({
      path: plain,
      out: `${plain}.age`,
      ...options,
      onProgress,
      signal: stopping.signal,
    });
    expect(stopped).toMatchObject({ error: { code: 'cancelled' } });
    const grown = await service.seal({
      path: plain,
      out: `${plain}.age`,
      ...options,
      onProgress: () => appendFileSync(plain, 'more'),
    });
    expect(grown).toMatchObject({ error: { code: 'wrong_state', details: { reason: 'changed' } } });
    expect(nothingAt(`${plain}.age`)).toBe(true);
  });
});
