import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runNacre } from './testing/process.ts';

const mebibyte = 1024 * 1024;
const sourceMib = 96;
const passphrase = 'correct horse battery staple';
const main = path.resolve(import.meta.dirname, 'main.ts');
const directory = mkdtempSync(path.join(tmpdir(), 'nacre-resume-'));
const datasets = path.join(directory, 'profile', 'datasets');
const source = path.join(directory, 'source.bin');
const identities = path.join(directory, 'identities');
const onProfile = (words: string) => [...words.split(' '), '--profile', 'profile', '--passphrase-fd', '0'];
const add = onProfile('dataset add source.bin --name source --json');
const nacre = (args: readonly string[]) => runNacre(directory, args, `${passphrase}\n${passphrase}\n`);

/** Files of sealings under way; none before the folder is made. */
function partials(): string[] {
  try {
    return readdirSync(datasets).filter((name) => name.endsWith('.partial'));
  } catch {
    return [];
  }
}

/** MiB that they take on the disk. */
function writtenMib(): number {
  const blocks = partials().map((name) => statSync(path.join(datasets, name), { throwIfNoEntry: false })?.blocks ?? 0);
  return (Math.max(0, ...blocks) * 512) / mebibyte;
}

/** Starts the desk's own process on a sealing and kills it as soon as a quarter of it is written. */
async function killInTheMiddle(): Promise<void> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...add], {
    cwd: directory,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const closed = once(child, 'close');
  child.stdin.end(`${passphrase}\n`);
  while (child.exitCode === null && writtenMib() < sourceMib / 4) await new Promise((wake) => setTimeout(wake, 2));
  child.kill('SIGKILL');
  const [code, signal] = await closed;
  expect({ code, signal }).toEqual({ code: null, signal: 'SIGKILL' });
}

/** The age header of a sealed or half-sealed file: its file key, wrapped. */
function header(file: string): string {
  const start = readFileSync(file).subarray(0, 4096).toString('latin1');
  return start.slice(0, start.indexOf('\n', start.indexOf('\n---') + 1));
}

function expectOpens(sealedPath: string): void {
  execFileSync('sh', ['-c', 'age -d -i "$1" "$2" | cmp - "$3"', 'sh', identities, sealedPath, source]);
}

beforeAll(async () => {
  expect(await nacre(onProfile('vault create'))).toMatchObject({ code: 0 });
  expect(await nacre(onProfile('key export --out identities'))).toMatchObject({ code: 0 });
  await writeFile(source, randomBytes(sourceMib * mebibyte));
}, 60_000);
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('a desk killed in the middle of a sealing', () => {
  it('goes on through the identity of its vault, and seals anew under a new key what changed', async () => {
    await killInTheMiddle();
    const [partial = ''] = partials();
    const interrupted = header(path.join(datasets, partial));
    const resumed = await nacre(add);
    expect(resumed).toMatchObject({ code: 0 });
    const [, taken = '0', all = '0'] = /(\d+) of (\d+) parts were taken over/.exec(resumed.note) ?? [];
    expect(Number(all)).toBe(sourceMib / 4 + 1);
    // A quarter was written; of it at most one part a worker, and there are no more than four, was not whole.
    expect(Number(taken)).toBeGreaterThanOrEqual(sourceMib / 16 - 4);
    const { sealedPath } = JSON.parse(resumed.out) as { sealedPath: string };
    expect(header(sealedPath)).toBe(interrupted);
    expectOpens(sealedPath);
    expect(partials()).toEqual([]);

    await killInTheMiddle();
    const [second = ''] = partials();
    const stale = header(path.join(datasets, second));
    const file = openSync(source, 'r+');
    writeSync(file, 'changed', sourceMib * mebibyte - 7);
    closeSync(file);
    const anew = await nacre(add);
    expect(anew).toMatchObject({ code: 0 });
    expect(anew.note).toContain('sealed anew');
    expect(anew.note).not.toContain('taken over');
    const changed = JSON.parse(anew.out) as { sealedPath: string };
    expect(new Set([header(changed.sealedPath), stale, interrupted]).size).toBe(3);
    expectOpens(changed.sealedPath);
    expect(partials()).toEqual([]);
  }, 60_000);
});
