import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);
const entry = fileURLToPath(new URL('./testing/sockets-process.ts', import.meta.url));

async function outcomes(...args: string[]): Promise<Record<string, string>> {
  const { stdout } = await run(process.execPath, ['--disable-warning=ExperimentalWarning', entry, ...args]);
  return JSON.parse(stdout) as Record<string, string>;
}

it('leaves no way to a socket in the process', async () => {
  const walled = await outcomes('--wall');
  for (const [way, outcome] of Object.entries(walled)) {
    expect(outcome, way).not.toBe('opened');
    // A WebSocket tells no page why it failed.
    if (way !== 'WebSocket') expect(outcome, way).toContain('opens no socket');
  }
  // Without the wall the same ways reach the system, so the test above could fail.
  const open = await outcomes();
  expect(open['net.listen']).toBe('opened');
  expect(open['fetch']).toContain('ECONNREFUSED');
  expect(Object.values(open).some((outcome) => outcome.includes('opens no socket'))).toBe(false);
});
