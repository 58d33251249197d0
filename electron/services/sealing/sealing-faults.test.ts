import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { generateIdentity, parseIdentity } from '../../domain/sealed/identities.ts';
import { createSealingPool } from '../../workers/sealing-pool.ts';
import { createSealingService } from './sealing-service.ts';
import { createDesk, nothingAt, random, take } from './testing/desk.ts';

const desk = createDesk();
const { at, fresh, identity, recipient, service } = desk;
afterAll(() => desk.close());

describe('what goes wrong leaves nothing behind', () => {
  it('bad recipients, missing and unreadable files, existing output', async () => {
    const plain = fresh('.bin');
    writeFileSync(plain, 'x');
    const seal = (options: object) =>
      service.seal({ path: plain, recipients: [recipient], out: `${plain}.age`, ...options });
    expect(await seal({ recipients: ['age1nonsense'] })).toMatchObject({ error: { code: 'invalid_input' } });
    expect(await seal({ recipients: [] })).toMatchObject({ error: { code: 'invalid_input' } });
    expect(await seal({ path: at('absent') })).toMatchObject({ error: { code: 'not_found' } });
    expect(await seal({ path: '/dev/zero' })).toMatchObject({ error: { code: 'invalid_input' } });
    expect(await seal({ out: at('no', 'such', 'folder') })).toMatchObject({ error: { code: 'not_found' } });
    expect(await seal({ partSize: 12, manifest: true })).toMatchObject({ error: { code: 'invalid_input' } });
    expect(nothingAt(`${plain}.age`)).toBe(true);
    writeFileSync(`${plain}.age`, 'precious');
    expect(await seal({})).toMatchObject({ error: { code: 'already_exists' } });
    expect(readFileSync(`${plain}.age`, 'utf8')).toBe('precious');
    take(await seal({ overwrite: true }));
    expect(take(await service.inspect(`${plain}.age`)).plainBytes).toBe(1);
  });

  it('a damaged, truncated or extended file, and the wrong identity', async () => {
    const plain = fresh('.bin');
    writeFileSync(plain, randomBytes(12 * 1024 * 1024));
    take(await service.seal({ path: plain, recipients: [recipient], out: `${plain}.age` }));
    const good = readFileSync(`${plain}.age`);
    const open = () => service.open({ file: `${plain}.bad`, identities: [identity], out: `${plain}.out` });
    const cases: [string, Buffer, object][] = [
      ['flipped in chunk 101', Buffer.from(good), { code: 'integrity', details: { chunk: 100 } }],
      ['one byte short', good.subarray(0, -1), { code: 'integrity' }],
      [
        'cut at a chunk',
        good.subarray(0, take(await service.inspect(`${plain}.age`)).headerBytes + 16 + 65_552 * 160),
        { code: 'integrity' },
      ],
      ['extended', Buffer.concat([good, Buffer.alloc(5)]), { code: 'integrity' }],
      [
        'header changed',
        Buffer.from(good.toString('latin1').replace('X25519 ', 'X25518 '), 'latin1'),
        { details: { failure: 'no-match' } },
      ],
      ['empty', Buffer.alloc(0), { code: 'damaged' }],
      ['noise', randomBytes(500_000), { code: 'damaged' }],
    ];
    const flipped = cases[0]?.[1];
    const place = take(await service.inspect(`${plain}.age`)).headerBytes + 16 + 65_552 * 100 + 7;
    if (flipped !== undefined) flipped[place] = (flipped[place] ?? 0) ^ 128;
    for (const [name, bytes, error] of cases) {
      writeFileSync(`${plain}.bad`, bytes);
      expect(await open(), name).toMatchObject({ ok: false, error });
      expect(nothingAt(`${plain}.out`), name).toBe(true);
    }
    const stranger = take(parseIdentity(generateIdentity(random)));
    expect(await service.open({ file: `${plain}.age`, identities: [stranger], out: `${plain}.out` })).toMatchObject({
      error: { code: 'invalid_input', details: { failure: 'no-match' } },
    });
  });

  it('a file that grows, shrinks, is rewritten or replaced after it was looked at', async () => {
    const changes: ((file: string) => void)[] = [
      (file) => appendFileSync(file, 'more'),
      (file) => truncateSync(file, 8 * 1024 * 1024),
      (file) => writeFileSync(file, randomBytes(9 * 1024 * 1024)),
      (file) => {
        writeFileSync(`${file}.new`, randomBytes(9 * 1024 * 1024));
        renameSync(`${file}.new`, file);
      },
    ];
    for (const change of changes) {
      const plain = fresh('.bin');
      writeFileSync(plain, randomBytes(9 * 1024 * 1024));
      const pool = createSealingPool({ size: 2 });
      const interfered = createSealingService({
        pool: {
          ...pool,
          run: (task) => {
            change(plain);
            return pool.run(task);
          },
        },
        random,
        clock: Date.now,
      });
      const sealed = await interfered.seal({ path: plain, recipients: [recipient], out: `${plain}.age` });
      expect(sealed).toMatchObject({ error: { code: 'wrong_state', details: { reason: 'changed', path: plain } } });
      expect(nothingAt(`${plain}.age`)).toBe(true);
      await pool.close();
    }
  });

  it('cancelling', async () => {
    const plain = fresh('.bin');
    writeFileSync(plain, randomBytes(60 * 1024 * 1024));
    const stopped = new AbortController();
    stopped.abort();
    const early = await service.seal({
      path: plain,
      recipients: [recipient],
      out: `${plain}.age`,
      signal: stopped.signal,
    });
    expect(early).toMatchObject({ error: { code: 'cancelled' } });
    const running = new AbortController();
    const sealing = service.seal({ path: plain, recipients: [recipient], out: `${plain}.age`, signal: running.signal });
    setTimeout(() => running.abort(), 5);
    expect(await sealing).toMatchObject({ error: { code: 'cancelled' } });
    expect(nothingAt(`${plain}.age`)).toBe(true);
    // The pool is whole after it.
    take(await service.seal({ path: plain, recipients: [recipient], out: `${plain}.age` }));
  });

  it('a limit on file size (as a full disk), and a killed process', async () => {
    const plain = fresh('.bin');
    writeFileSync(plain, randomBytes(48 * 1024 * 1024));
    const script = `
      import { createStandaloneSealing } from ${JSON.stringify(path.resolve(import.meta.dirname, '../../core/sealing.ts'))};
            const sealing = createStandaloneSealing({ size: 2 });
      const sealed = await sealing.seal({ path: process.argv[2]!, recipients: [process.argv[3]!], out: process.argv[4]! });
      console.log(JSON.stringify(sealed.ok ? { code: 'ok' } : sealed.error));
    `;
    const program = at('seal.ts');
    writeFileSync(program, script);
    const args = [program, plain, recipient, `${plain}.age`];
    const limited = spawnSync('sh', ['-c', 'ulimit -f 16384; exec "$@"', 'sh', process.execPath, ...args], {
      encoding: 'utf8',
    });
    expect(limited.stderr).toBe('');
    expect(JSON.parse(limited.stdout)).toMatchObject({ code: 'disk_full', details: { errno: 'EFBIG' } });
    expect(nothingAt(`${plain}.age`)).toBe(true);
    const killed = spawn(process.execPath, args, { stdio: 'ignore' });
    const ended = new Promise((resolve) => killed.once('exit', resolve));
    // As soon as its partial file is there it is in the middle of the work, or just before it.
    for (let i = 0; i < 5000 && nothingAt(`${plain}.age`); i++) await new Promise((resolve) => setTimeout(resolve, 2));
    killed.kill('SIGKILL');
    await ended;
    expect(existsSync(`${plain}.age`)).toBe(false);
    take(await service.seal({ path: plain, recipients: [recipient], out: `${plain}.age` }));
  });

  it('a disk that is too small, known before the first byte is written', async () => {
    const plain = fresh('.bin');
    writeFileSync(plain, '');
    truncateSync(plain, 2 ** 43);
    expect(await service.seal({ path: plain, recipients: [recipient], out: `${plain}.age` })).toMatchObject({
      error: { code: 'disk_full', details: { needed: expect.any(Number) } },
    });
    expect(nothingAt(`${plain}.age`)).toBe(true);
  });
});
