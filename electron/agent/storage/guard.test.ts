import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { linkSync, mkdtempSync, openSync, readFileSync, readdirSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { join, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const entry = fileURLToPath(new URL('../testing/killed-agent.ts', import.meta.url));

/** Processes that work inside a folder. */
function workingIn(folder: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/cwd`).startsWith(folder);
      } catch {
        return false;
      }
    });
}

async function until(what: () => boolean, ms: number): Promise<boolean> {
  for (const end = Date.now() + ms; Date.now() < end; await new Promise((wake) => setTimeout(wake, 20))) {
    if (what()) return true;
  }
  return false;
}

const there = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined;

describe.skipIf(process.platform !== 'linux')('an agent that is killed', () => {
  it('leaves neither a program at work nor a byte of plaintext', async () => {
    const agent = spawn(process.execPath, [entry], { stdio: ['pipe', 'pipe', 'inherit'] });
    const [line] = (await once(agent.stdout, 'data')) as [Buffer];
    const { folder } = JSON.parse(line.toString()) as { folder: string };
    const root = dirname(folder);
    const file = join(folder, 'rows with spaces.csv');
    expect(workingIn(root).length).toBeGreaterThanOrEqual(3);
    // The bytes themselves, whatever becomes of the name.
    const bytes = openSync(file, 'r');
    const killedAt = performance.now();
    agent.kill('SIGKILL');
    expect(await until(() => !there(root) && workingIn(root).length === 0, 10_000)).toBe(true);
    process.stdout.write(
      `plaintext and programs were gone ${Math.round(performance.now() - killedAt)} ms after kill -9\n`,
    );
    expect(readFileSync(bytes).every((byte) => byte === 0)).toBe(true);
  }, 30_000);

  it('overwrites no file that has another name elsewhere', async () => {
    const outside = mkdtempSync('/dev/shm/nacre-outside-');
    const agent = spawn(process.execPath, [entry], { stdio: ['pipe', 'pipe', 'inherit'] });
    const [line] = (await once(agent.stdout, 'data')) as [Buffer];
    const { folder } = JSON.parse(line.toString()) as { folder: string };
    linkSync(join(folder, 'rows with spaces.csv'), join(outside, 'kept'));
    agent.kill('SIGKILL');
    expect(await until(() => !there(dirname(folder)), 10_000)).toBe(true);
    expect(readFileSync(join(outside, 'kept'), 'utf8')).toMatch(/^secret/);
    rmSync(outside, { recursive: true });
  }, 30_000);
});
