import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { _electron, expect, test } from '@playwright/test';

/**
 * The real Electron, where its binary exists and a window can open; `npm test` says plainly when it does not run this.
 * Unpackaged: the release's fuses keep debuggers, and so Playwright, out.
 */
test('the real shell opens its page, locked down, over a running core', async () => {
  const root = path.resolve(import.meta.dirname, '..');
  const profile = mkdtempSync(path.join(tmpdir(), 'nacre-electron-'));
  const app = await _electron.launch({
    executablePath: process.env['NACRE_ELECTRON'] ?? '',
    args: [root, '--profile', profile],
  });
  try {
    const page = await app.firstWindow();
    await expect(page).toHaveTitle(/Nacre/);
    expect(new URL(page.url()).origin === 'app://ui' || page.url().startsWith('app://ui/')).toBe(true);
    const inside = await page.evaluate(() => ({
      exposed: Object.keys((window as unknown as { nacre: object }).nacre).toSorted(),
      node: typeof (globalThis as { process?: unknown }).process,
    }));
    expect(inside).toEqual({ exposed: ['call', 'subscribe', 'version'], node: 'undefined' });
    const state = await page.evaluate(() =>
      (window as unknown as { nacre: { call: (name: string, input: object) => Promise<unknown> } }).nacre.call(
        'app.state',
        {},
      ),
    );
    expect(state).toMatchObject({ ok: true, value: { host: 'electron' } });
    await page.evaluate(() => location.assign('https://example.com/?next=app://ui/'));
    expect(page.url().startsWith('app://ui/')).toBe(true);
  } finally {
    await app.close();
    rmSync(profile, { recursive: true, force: true });
  }
});
