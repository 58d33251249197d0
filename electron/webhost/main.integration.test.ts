import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

vi.setConfig({ testTimeout: 120_000 });

/** The web host as a process of its own, over the real core. */
let folder = '';
let running: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'nacre-webhost-main-'));
});
afterEach(async () => {
  for (const child of running) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const over = new Promise((resolve) => {
      child.once('exit', resolve);
    });
    child.kill('SIGKILL');
    await over;
  }
  running = [];
  rmSync(folder, { recursive: true, force: true });
});

interface Started {
  readonly child: ChildProcess;
  readonly out: () => string;
  readonly exit: Promise<{ code: number | null; stderr: string }>;
}

function start(...args: string[]): Started {
  const entry = path.join(import.meta.dirname, 'main.ts');
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', entry, '--no-open', ...args]);
  running.push(child);
  let out = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const exit = new Promise<{ code: number | null; stderr: string }>((resolve) => {
    child.once('close', (code) => resolve({ code, stderr }));
  });
  return { child, out: () => out, exit };
}

const patient = { timeout: 60_000 };
const linkPattern = /^Nacre is at http:\/\/127\.0\.0\.1:(\d+)\/open#link=[\w-]{43}\n$/;

it('prints one line with a link, holds profile and port, and ends in order when told to', async () => {
  const profile = path.join(folder, 'profile');
  const first = start('--profile', profile);
  await expect.poll(first.out, patient).toMatch(linkPattern);
  const port = linkPattern.exec(first.out())?.[1] ?? '';

  const sameProfile = await start('--profile', profile).exit;
  expect(sameProfile).toMatchObject({ code: 3, stderr: expect.stringContaining('in use by process') });
  const samePort = await start('--profile', path.join(folder, 'other'), '--port', port).exit;
  expect(samePort).toMatchObject({ code: 3, stderr: expect.stringContaining(`Port ${port} of 127.0.0.1 is in use`) });

  first.child.kill('SIGTERM');
  expect((await first.exit).code).toBe(0);
  const again = start('--profile', profile);
  await expect.poll(again.out, patient).toMatch(linkPattern);
});

it('says what is wrong with a profile that is a file, or with its arguments', async () => {
  const file = path.join(folder, 'file');
  writeFileSync(file, '');
  const onFile = await start('--profile', file).exit;
  expect(onFile).toMatchObject({ code: 3, stderr: expect.stringContaining(file) });
  const odd = await start('--port', 'seven').exit;
  expect(odd).toMatchObject({ code: 2, stderr: expect.stringContaining('--port "seven"') });
  expect(onFile.stderr + odd.stderr).not.toMatch(/at .*\.ts:\d+/);
});
