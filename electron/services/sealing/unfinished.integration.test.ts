import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { generateIdentity, parseIdentity } from '../../domain/sealed/identities.ts';
import { createDesk, nothingAt, random, sha256, take } from './testing/desk.ts';

const desk = createDesk();
const { at, fresh, identity, recipient, identityFile, service } = desk;
afterAll(() => desk.close());
const child = path.resolve(import.meta.dirname, 'testing/seal-process.ts');
const mebibyte = 1024 * 1024;

interface Answer {
  ok: boolean;
  value: { earlier?: string; reusedSegments: number };
  error?: unknown;
}

function args(action: 'seal' | 'open', from: string, out: string): string[] {
  return ['--disable-warning=ExperimentalWarning', child, action, identityFile, recipient, from, out];
}

/** Kills the process this long after its partial file has this many bytes of content; undefined when it was faster. */
async function killDuring(
  action: 'seal' | 'open',
  from: string,
  out: string,
  blocks: number,
): Promise<Answer | undefined> {
  const running = spawn(process.execPath, args(action, from, out), { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  running.stdout.on('data', (piece: Buffer) => void (printed += piece.toString()));
  const ended = new Promise<void>((resolve) => running.once('close', () => resolve()));
  const state = { done: false };
  void ended.then(() => (state.done = true));
  while (!state.done && allocated(out) < blocks) await new Promise((resolve) => setImmediate(resolve));
  running.kill('SIGKILL');
  await ended;
  return printed === '' ? undefined : (JSON.parse(printed) as Answer);
}

function partials(out: string): string[] {
  const folder = path.dirname(out);
  return readdirSync(folder)
    .filter((name) => name.startsWith(`.${path.basename(out)}.`) && name.endsWith('.partial'))
    .map((name) => path.join(folder, name));
}

/** 512-byte blocks that the partial file takes. */
function allocated(out: string): number {
  try {
    return Math.max(0, ...partials(out).map((file) => statSync(file).blocks));
  } catch {
    return 0;
  }
}

function finish(action: 'seal' | 'open', from: string, out: string): Answer {
  const ran = spawnSync(process.execPath, args(action, from, out), { encoding: 'utf8' });
  expect(ran.stderr).toBe('');
  return JSON.parse(ran.stdout) as Answer;
}

/** A sealing that was killed in the middle: source and target. */
async function interrupted(mib = 40): Promise<{ plain: string; out: string }> {
  for (;;) {
    const plain = fresh('.bin');
    writeFileSync(plain, randomBytes(mib * mebibyte));
    const out = `${plain}.age`;
    if ((await killDuring('seal', plain, out, mib * 500)) === undefined && partials(out).length === 1)
      return { plain, out };
  }
}

const lend = { lendIdentities: <T>(work: (identities: readonly [typeof identity]) => T) => work([identity]) };
const again = (plain: string, out: string, more: object = {}) =>
  service.seal({ path: plain, recipients: [recipient], out, manifest: true, ...lend, ...more });

async function expectWhole(plain: string, out: string): Promise<void> {
  take(await service.open({ file: out, identities: [identity], out: `${plain}.opened`, overwrite: true }));
  expect(sha256(`${plain}.opened`)).toBe(sha256(plain));
}

describe('sealing and opening after kill -9', () => {
  it('goes on, again and again, and ends in a whole file', async () => {
    const plain = fresh('.bin');
    writeFileSync(plain, randomBytes(96 * mebibyte));
    const out = `${plain}.age`;
    let kills = 0;
    let reused = 0;
    for (let round = 0; round < 8 && !existsSync(out); round++) {
      const answer = await killDuring('seal', plain, out, Math.floor(Math.random() * 180 * 1024));
      kills += answer === undefined ? 1 : 0;
    }
    if (!existsSync(out)) {
      const answer = finish('seal', plain, out);
      expect(answer).toMatchObject({ ok: true });
      reused = answer.value.reusedSegments;
      if (kills > 1) expect(answer.value.earlier).toBe('resumed');
      expect(reused).toBeGreaterThan(0);
    }
    expect(kills).toBeGreaterThan(0);
    expect(partials(out)).toEqual([]);
    execFileSync('sh', ['-c', 'age -d -i "$1" "$2" | cmp - "$3"', 'sh', identityFile, out, plain]);
    const opened = `${plain}.opened`;
    const stopped = await killDuring('open', out, opened, 100 * 1024);
    if (stopped === undefined) {
      expect(existsSync(opened)).toBe(false);
      expect(finish('open', out, opened).value.reusedSegments).toBeGreaterThan(0);
    }
    expect(sha256(opened)).toBe(sha256(plain));
    expect(nothingAt(`${opened}.`)).toBe(true);
    expect(partials(opened)).toEqual([]);
  }, 60_000);

  it('loses at most one segment a worker', async () => {
    const { plain, out } = await interrupted();
    const written = Math.floor((allocated(out) * 512) / mebibyte);
    const sealed = take(await again(plain, out));
    expect(sealed.earlier).toBe('resumed');
    // What was written of a segment at the kill counts as written, of one a worker: so a few more, but not many.
    expect(sealed.reusedSegments).toBeGreaterThanOrEqual(written - 4);
    await expectWhole(plain, out);
    expect(sealed.manifest?.parts.length).toBe(Math.ceil(sealed.sealedBytes / (4 * mebibyte)));
    expect(take(await service.verifyParts(out, sealed.manifest ?? expect.fail('no manifest'))).whole).toBe(true);
  });

  it('seals anew under a new key what does not match what was sealed', async () => {
    const { plain, out } = await interrupted();
    const [partial = ''] = partials(out);
    const before = readFileSync(partial).subarray(0, 200);
    // The same as content that changed without a trace in its times: what lies there was sealed from something else.
    const bytes = readFileSync(partial);
    const place = bytes.findIndex((byte, i) => i > 5000 && byte !== 0);
    bytes[place] = (bytes[place] ?? 0) ^ 0x55;
    writeFileSync(partial, bytes);
    const sealed = take(await again(plain, out));
    expect(sealed).toMatchObject({ earlier: 'changed', reusedSegments: 0 });
    expect(readFileSync(out).subarray(0, 200).equals(before)).toBe(false);
    await expectWhole(plain, out);
    expect(partials(out)).toEqual([]);
  });

  it('takes no new content, other recipients, stranger or damaged state for its own', async () => {
    const stranger = take(parseIdentity(generateIdentity(random)));
    const cases: [string, string, (plain: string, out: string) => object | void][] = [
      ['changed source', 'unusable', (plain) => writeFileSync(plain, randomBytes(40 * mebibyte))],
      ['other recipients', 'unusable', () => ({ recipients: [recipient, stranger.recipient ?? ''] })],
      ['no identity', 'unusable', () => ({ lendIdentities: (work: (none: []) => unknown) => work([]) })],
      ['damaged state', 'damaged', (_, out) => writeFileSync(`${partials(out)[0]}.state`, '{"version":1')],
      [
        'a mark of somebody else',
        'unusable',
        (_, out) => {
          const file = `${partials(out)[0]}.state`;
          const state = JSON.parse(readFileSync(file, 'utf8')) as object;
          writeFileSync(file, JSON.stringify({ ...state, mark: 'ab'.repeat(32) }));
        },
      ],
      [
        'a planted header',
        'unusable',
        (plain, out) => {
          const [partial = ''] = partials(out);
          // Anybody can wrap a key of theirs for a public recipient.
          execFileSync('age', ['-r', recipient, '-o', `${plain}.planted`, plain]);
          copyFileSync(`${plain}.planted`, partial);
          rmSync(`${plain}.planted`);
        },
      ],
      [
        'a link',
        'unusable',
        (plain, out) => {
          const [partial = ''] = partials(out);
          renameSync(partial, `${plain}.elsewhere`);
          symlinkSync(`${plain}.elsewhere`, partial);
        },
      ],
      ['a second name', 'unusable', (plain, out) => linkSync(partials(out)[0] ?? '', `${plain}.second`)],
    ];
    const { plain: source, out: made } = await interrupted();
    const [partial = ''] = partials(made);
    for (const [what, earlier, change] of cases) {
      const folder = fresh('-case');
      mkdirSync(folder);
      const out = path.join(folder, path.basename(made));
      for (const suffix of ['', '.state']) {
        copyFileSync(`${partial}${suffix}`, path.join(folder, `${path.basename(partial)}${suffix}`));
      }
      const plain = what === 'changed source' ? fresh('.bin') : source;
      const header = readFileSync(partial).subarray(0, 100);
      const sealed = take(await again(plain, out, change(plain, out) ?? {}));
      expect(sealed, what).toMatchObject({ earlier, reusedSegments: 0 });
      expect(readFileSync(out).subarray(0, 100).equals(header), what).toBe(false);
      expect(partials(out), what).toEqual([]);
      await expectWhole(plain, out);
      for (const file of [out, `${plain}.opened`, `${plain}.elsewhere`, `${plain}.second`])
        rmSync(file, { force: true });
    }
  }, 60_000);

  it('leaves alone what a running process writes', async () => {
    const { plain, out } = await interrupted();
    const [partial = ''] = partials(out);
    const file = `${partial}.state`;
    const state = JSON.parse(readFileSync(file, 'utf8')) as object;
    const { pid } = process;
    const start = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19] ?? '';
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    writeFileSync(file, JSON.stringify({ ...state, process: pid, processStart: `${boot}/${start}`.slice(0, 64) }));
    expect(take(await again(plain, out))).toMatchObject({ earlier: 'none' });
    expect(partials(out)).toEqual([partial]);
  });
});

describe('faults while sealing', () => {
  it('a folder that goes away', async () => {
    const folder = fresh('-gone');
    mkdirSync(path.join(folder, 'in'), { recursive: true });
    for (let i = 0; i < 40; i++) writeFileSync(path.join(folder, 'in', `${i}.bin`), randomBytes(mebibyte));
    const out = at('gone.age');
    const sealing = service.seal({
      path: folder,
      recipients: [recipient],
      out,
      onProgress: () => rmSync(folder, { recursive: true, force: true }),
    });
    rmSync(path.join(folder, 'in'), { recursive: true });
    const answer = await sealing;
    expect(answer).toMatchObject({ ok: false });
    expect(['not_found', 'wrong_state', 'invalid_input']).toContain(answer.ok ? '' : answer.error.code);
    expect(nothingAt(out)).toBe(true);
  });
});
