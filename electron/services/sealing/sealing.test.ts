import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';

import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { SealProgress } from '../../contract/sealed.ts';
import { createSigner } from '../../domain/dsse/dsse.ts';
import { generateIdentity, parseIdentity } from '../../domain/sealed/identities.ts';
import { parseManifest } from './manifest.ts';
import { loadSealedDataset } from './sealed-dataset.ts';
import { createDesk, nothingAt, random, sha256, take } from './testing/desk.ts';

const desk = createDesk();
const { at, fresh, identity, recipient, service } = desk;
const signer = createSigner(random(32));
const identities = () => ({ ok: true as const, value: [identity] });
const locked = () => ({ ok: false as const, error: { code: 'locked' as const, message: 'The vault is locked.' } });
afterAll(() => desk.close());

function age(args: string[]): void {
  execFileSync('age', args, { stdio: 'pipe' });
}

/** To standard output: with `-o` age 1.1 makes no file for an empty content. */
function ageOpens(file: string, out: string): void {
  execFileSync('sh', ['-c', 'age -d -i "$1" "$2" > "$3"', 'sh', at('identity'), file, out], { stdio: 'pipe' });
}

/** Debian's age is the peer; a machine without it is no reason to fail, but CI has it. */
const hasAge = spawnSync('age', ['--version']).status === 0;
if (!hasAge && process.env['CI'] === 'true') throw new Error('the age program is needed under CI');

function makeFolder(): string {
  const root = fresh('-folder');
  mkdirSync(path.join(root, 'b', 'empty'), { recursive: true });
  writeFileSync(path.join(root, 'b', 'data.bin'), randomBytes(3_000_000));
  writeFileSync(path.join(root, 'b.txt'), 'between b and b/');
  writeFileSync(path.join(root, 'run.sh'), '#!/bin/sh\n');
  chmodSync(path.join(root, 'run.sh'), 0o755);
  writeFileSync(path.join(root, 'nothing'), '');
  writeFileSync(path.join(root, 'größe äöü.txt'), 'not ASCII');
  const long = path.join(root, ...Array.from({ length: 4 }, (_, i) => `${i}`.repeat(60)));
  mkdirSync(long, { recursive: true });
  writeFileSync(path.join(long, 'deep.txt'), 'long name');
  return root;
}

describe('sealing a file', () => {
  // On both sides of chunks, of segments (512 KiB), and of the size from which workers are used (8 MiB).
  const sizes = [0, 1, 65_536, 65_537, 524_288, 524_289, 8 * 1024 * 1024, 9 * 1024 * 1024 + 17, 20 * 1024 * 1024];

  it.skipIf(!hasAge).each(sizes)('age opens ours and we open its: %i bytes', async (size) => {
    const plain = fresh('.bin');
    writeFileSync(plain, randomBytes(size));
    const ours = take(await service.seal({ path: plain, recipients: [recipient], out: `${plain}.age` }));
    expect(ours).toMatchObject({ kind: 'file', files: 1, plainBytes: size });
    ageOpens(ours.path, `${plain}.by-age`);
    expect(sha256(`${plain}.by-age`)).toBe(sha256(plain));
    age(['-r', recipient, '-o', `${plain}.theirs`, plain]);
    const opened = await service.open({ file: `${plain}.theirs`, identities: [identity], out: `${plain}.ours` });
    expect(opened).toMatchObject({ ok: true, value: { plainBytes: size } });
    expect(sha256(`${plain}.ours`)).toBe(sha256(plain));
  });

  it.skipIf(!hasAge)('age opens it for each of several recipients, and ours opens armor', async () => {
    const plain = fresh('.txt');
    writeFileSync(plain, 'armored');
    age(['-a', '-r', recipient, '-o', `${plain}.asc`, plain]);
    take(await service.open({ file: `${plain}.asc`, identities: [identity], out: `${plain}.out` }));
    expect(readFileSync(`${plain}.out`, 'utf8')).toBe('armored');
    const other = take(parseIdentity(generateIdentity(random)));
    const both = [other.recipient ?? '', recipient];
    take(await service.seal({ path: plain, recipients: both, out: `${plain}.age` }));
    ageOpens(`${plain}.age`, `${plain}.by-age`);
    expect(readFileSync(`${plain}.by-age`, 'utf8')).toBe('armored');
    expect(take(await service.inspect(`${plain}.age`)).recipientKinds).toEqual(['X25519', 'X25519']);
  });

  it('is opened by hybrid recipients, and by a released file key', async () => {
    const plain = fresh('.bin');
    writeFileSync(plain, randomBytes(100_000));
    const hybrid = take(parseIdentity(generateIdentity(random, 'hybrid')));
    take(await service.seal({ path: plain, recipients: [hybrid.recipient ?? ''], out: `${plain}.age` }));
    const fileKey = take(await service.unwrapFileKey(`${plain}.age`, [identity, hybrid]));
    take(await service.open({ file: `${plain}.age`, fileKey, out: `${plain}.out` }));
    expect(sha256(`${plain}.out`)).toBe(sha256(plain));
    expect(await service.open({ file: `${plain}.age`, fileKey: random(16), out: `${plain}.no` })).toMatchObject({
      error: { code: 'integrity' },
    });
    expect(nothingAt(`${plain}.no`)).toBe(true);
  });

  it('reports progress at most ten times a second, and the whole at the end', async () => {
    const plain = fresh('.bin');
    writeFileSync(plain, randomBytes(30 * 1024 * 1024));
    const seen: SealProgress[] = [];
    const started = performance.now();
    take(
      await service.seal({
        path: plain,
        recipients: [recipient],
        out: `${plain}.age`,
        manifest: true,
        onProgress: (p) => void seen.push(p),
      }),
    );
    expect(seen.length).toBeLessThanOrEqual((performance.now() - started) / 100 + 2);
    expect(seen.at(-1)?.bytes).toBe(seen.at(-1)?.total);
    for (const [i, { bytes }] of seen.entries()) expect(bytes).toBeGreaterThanOrEqual(seen[i - 1]?.bytes ?? 0);
  });
});

describe('sealing a folder', () => {
  it.skipIf(!hasAge)('gives a tar stream that age and tar unpack to the same files', async () => {
    const root = makeFolder();
    const sealed = take(await service.seal({ path: root, recipients: [recipient], out: `${root}.age` }));
    expect(sealed).toMatchObject({ kind: 'folder', files: 6 });
    const listed = execFileSync('sh', ['-c', `age -d -i "$1" "$2" | tar t`, 'sh', at('identity'), `${root}.age`], {
      encoding: 'utf8',
    });
    expect(listed.split('\n').slice(0, 3)).toEqual([
      `${'0'.repeat(60)}/`,
      `${'0'.repeat(60)}/${'1'.repeat(60)}/`,
      expect.anything(),
    ]);
    mkdirSync(`${root}.out`);
    execFileSync('sh', [
      '-c',
      `age -d -i "$1" "$2" | tar x -C "$3"`,
      'sh',
      at('identity'),
      `${root}.age`,
      `${root}.out`,
    ]);
    execFileSync('diff', ['-r', root, `${root}.out`]);
    const modes = execFileSync('sh', ['-c', `age -d -i "$1" "$2" | tar tv`, 'sh', at('identity'), `${root}.age`], {
      encoding: 'utf8',
      env: { TZ: 'UTC', PATH: process.env['PATH'] },
    });
    expect(modes).toMatch(/-rwxr-xr-x 0\/0 +10 1970-01-01 00:00 run\.sh/);
  });

  it('is the same stream whatever the times, and unpacks again', async () => {
    const root = makeFolder();
    const first = take(await service.seal({ path: root, recipients: [recipient], out: `${root}.1.age` }));
    utimesSync(path.join(root, 'b.txt'), 1, 1);
    const second = take(await service.seal({ path: root, recipients: [recipient], out: `${root}.2.age` }));
    for (const { path: file } of [first, second]) {
      take(await service.open({ file, identities: [identity], out: `${file}.tar` }));
    }
    expect(sha256(`${first.path}.tar`)).toBe(sha256(`${second.path}.tar`));
    take(await service.open({ file: first.path, identities: [identity], out: `${root}.again`, extract: true }));
    execFileSync('diff', ['-r', root, `${root}.again`]);
    expect(
      await service.open({ file: first.path, identities: [identity], out: `${root}.again`, extract: true }),
    ).toMatchObject({
      error: { code: 'already_exists' },
    });
  });

  it('refuses a symbolic link and a socket with their path, and an empty folder', async () => {
    const root = makeFolder();
    symlinkSync('/etc/passwd', path.join(root, 'b', 'link'));
    expect(await service.seal({ path: root, recipients: [recipient], out: `${root}.age` })).toMatchObject({
      error: { code: 'invalid_input', details: { path: path.join(root, 'b', 'link'), reason: 'symbolic-link' } },
    });
    rmSync(path.join(root, 'b', 'link'));
    execFileSync('mkfifo', [path.join(root, 'pipe')]);
    expect(await service.seal({ path: root, recipients: [recipient], out: `${root}.age` })).toMatchObject({
      error: { code: 'invalid_input', details: { path: path.join(root, 'pipe') } },
    });
    const empty = fresh('-empty');
    mkdirSync(empty);
    expect(await service.seal({ path: empty, recipients: [recipient], out: `${empty}.age` })).toMatchObject({
      error: { code: 'invalid_input' },
    });
    expect(nothingAt(`${root}.age`)).toBe(true);
  });

  it.skipIf(!hasAge)('keeps times when asked, and only then', async () => {
    const root = makeFolder();
    utimesSync(path.join(root, 'run.sh'), 1_600_000_000, 1_600_000_000);
    const listing = async (keepTimes: boolean): Promise<string> => {
      const out = `${root}.${keepTimes}.age`;
      take(await service.seal({ path: root, recipients: [recipient], out, keepTimes }));
      return execFileSync('sh', ['-c', 'age -d -i "$1" "$2" | tar tv --utc', 'sh', at('identity'), out], {
        encoding: 'utf8',
      });
    };
    expect(await listing(true)).toMatch(/2020-09-13 12:26 run\.sh/);
    expect(await listing(false)).toMatch(/1970-01-01 00:00 run\.sh/);
    const unpacked = { file: `${root}.true.age`, identities: [identity], out: `${root}.kept`, extract: true };
    take(await service.open(unpacked));
    expect(statSync(path.join(root + '.kept', 'run.sh')).mtimeMs).toBe(1_600_000_000_000);
  });

  it.skipIf(!hasAge)('seals sparse files whole and makes holes again, alone and in a folder', async () => {
    const root = fresh('-sparse');
    mkdirSync(root);
    const file = path.join(root, 'holes.bin');
    writeFileSync(file, randomBytes(100_000));
    truncateSync(file, 30 * 1024 * 1024);
    appendFileSync(file, 'end');
    take(await service.seal({ path: file, recipients: [recipient], out: `${root}.file.age` }));
    take(await service.seal({ path: root, recipients: [recipient], out: `${root}.age` }));
    take(await service.open({ file: `${root}.file.age`, identities: [identity], out: `${root}.file` }));
    take(await service.open({ file: `${root}.age`, identities: [identity], out: `${root}.out`, extract: true }));
    ageOpens(`${root}.file.age`, `${root}.by-age`);
    expect(sha256(`${root}.by-age`)).toBe(sha256(file));
    for (const copy of [`${root}.file`, path.join(`${root}.out`, 'holes.bin')]) {
      expect(sha256(copy)).toBe(sha256(file));
      expect(statSync(copy).blocks * 512, copy).toBeLessThan(2 * 1024 * 1024);
    }
  });

  it('does not unpack members that leave the folder, links, or what is no archive', async () => {
    const evil = fresh('-evil');
    mkdirSync(evil);
    writeFileSync(path.join(evil, 'x'), 'x');
    const archives = [
      ['-P', '--transform', 's,^x,../escaped,', 'x'],
      ['-P', '--transform', 's,^x,/tmp/nacre-escaped,', 'x'],
    ].map((args, i) => {
      const file = `${evil}.${i}.tar`;
      execFileSync('tar', ['cf', file, '-C', evil, ...args]);
      return file;
    });
    symlinkSync('/etc', path.join(evil, 'x-link'));
    execFileSync('tar', ['cf', `${evil}.link.tar`, '-C', evil, 'x-link']);
    writeFileSync(`${evil}.noise.tar`, randomBytes(5000));
    for (const file of [...archives, `${evil}.link.tar`, `${evil}.noise.tar`]) {
      take(await service.seal({ path: file, recipients: [recipient], out: `${file}.age` }));
      const opened = await service.open({
        file: `${file}.age`,
        identities: [identity],
        out: `${file}.out`,
        extract: true,
      });
      expect(opened, file).toMatchObject({ ok: false, error: { code: 'invalid_input' } });
      expect(nothingAt(`${file}.out`)).toBe(true);
    }
    expect(existsSync(at('escaped')) || existsSync('/tmp/nacre-escaped')).toBe(false);
  });
});

describe('manifest and sealed dataset', () => {
  async function make(size = 9 * 1024 * 1024 + 5) {
    const plain = fresh('.csv');
    writeFileSync(plain, randomBytes(size));
    const sealed = take(
      await service.seal({ path: plain, recipients: [recipient], out: `${plain}.age`, signer, partSize: 1024 * 1024 }),
    );
    if (sealed.manifest === undefined || sealed.envelope === undefined) throw new Error('no manifest');
    return { file: sealed.path, manifest: sealed.manifest, envelope: sealed.envelope };
  }
  const trusted = [{ publicKey: signer.publicKey }];

  it('lists the SHA-256 of every part of the sealed bytes', async () => {
    const { file, manifest } = await make();
    const bytes = readFileSync(file);
    expect(manifest.sealedBytes).toBe(bytes.length);
    expect(manifest.parts).toEqual(
      Array.from({ length: 10 }, (_, i) =>
        createHash('sha256')
          .update(bytes.subarray(i * 2 ** 20, (i + 1) * 2 ** 20))
          .digest('hex'),
      ),
    );
    expect(parseManifest(JSON.parse(JSON.stringify(manifest)))).toEqual({ ok: true, value: manifest });
    expect(parseManifest({ ...manifest, parts: manifest.parts.toReversed() })).toMatchObject({
      error: { code: 'integrity' },
    });
    expect(take(await service.verifyParts(file, manifest))).toEqual({ whole: true, parts: 10, badParts: [] });
  });

  it('finds the part in which one byte changed', async () => {
    const { file, manifest, envelope } = await make();
    const bytes = readFileSync(file);
    bytes[3 * 2 ** 20 + 99] = (bytes[3 * 2 ** 20 + 99] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    expect(take(await service.verifyParts(file, manifest))).toEqual({ whole: false, parts: 10, badParts: [3] });
    const dataset = take(await loadSealedDataset({ path: file, envelope, trusted, identities }));
    expect((await dataset.readPart(2)).ok).toBe(true);
    expect(await dataset.readPart(3)).toMatchObject({ error: { code: 'integrity', details: { part: 3 } } });
    expect(await dataset.readPart(10)).toMatchObject({ error: { code: 'invalid_input' } });
    bytes[30] = 1;
    writeFileSync(file, bytes);
    expect(take(await service.verifyParts(file, manifest)).badParts).toEqual([0, 3]);
    truncateSync(file, 2 ** 20);
    expect(await service.verifyParts(file, manifest)).toMatchObject({ error: { code: 'integrity' } });
  });

  it('is a dataset only with a signature that is trusted, on this very file', async () => {
    const one = await make(1000);
    const other = await make(1000);
    const dataset = take(await loadSealedDataset({ path: one.file, envelope: one.envelope, trusted, identities }));
    expect(dataset.root).toBe(one.manifest.root);
    const key = take(await dataset.fileKey());
    expect(key).toEqual(take(await service.unwrapFileKey(one.file, [identity])));
    expect(await loadSealedDataset({ path: one.file, envelope: other.envelope, trusted, identities })).toMatchObject({
      error: { code: 'integrity' },
    });
    expect(await loadSealedDataset({ path: one.file, envelope: one.envelope, trusted: [], identities })).toMatchObject({
      error: { code: 'integrity' },
    });
    const sleeping = take(
      await loadSealedDataset({ path: one.file, envelope: one.envelope, trusted, identities: locked }),
    );
    expect(await sleeping.fileKey()).toMatchObject({ error: { code: 'locked' } });
  });
});
