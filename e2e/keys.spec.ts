import path from 'node:path';
import { readFileSync, statSync } from 'node:fs';
import type { CDPSession, Page } from '@playwright/test';
import { expect, test } from './fixtures.ts';
import { picture } from './look.ts';

const passphrase = 'amber lantern follows quiet river stones';

async function createVault(page: Page): Promise<void> {
  await page.getByLabel('Passphrase', { exact: true }).fill(passphrase);
  await page.getByLabel('The same again').fill(passphrase);
  await page.getByRole('button', { name: 'Create vault' }).click();
  await expect(page.getByRole('button', { name: 'Start local network' })).toBeEnabled({ timeout: 30_000 });
  await page.getByRole('link', { name: 'Keys' }).click();
  await expect(page.getByRole('grid', { name: 'Vault keys' })).toBeVisible();
}

const again = (page: Page) => page.getByRole('dialog').getByLabel('Passphrase of the vault');

async function lock(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Lock vault' }).click();
  await expect(page.getByRole('heading', { name: 'Locked', exact: true })).toBeVisible();
}

/** The text of a whole snapshot of the page's JavaScript heap: every string that the page still holds. */
async function heapOf(session: CDPSession): Promise<string> {
  const chunks: string[] = [];
  const keep = ({ chunk }: { readonly chunk: string }) => void chunks.push(chunk);
  session.on('HeapProfiler.addHeapSnapshotChunk', keep);
  await session.send('HeapProfiler.enable');
  await session.send('HeapProfiler.collectGarbage');
  await session.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
  session.off('HeapProfiler.addHeapSnapshotChunk', keep);
  return chunks.join('');
}

test('a key is made, named, rotated, revoked and exported; the ledger shows it', async ({ page, folder }) => {
  await createVault(page);
  await test.step('make a key that stands by', async () => {
    await page.getByRole('button', { name: 'New key' }).click();
    await page.getByRole('dialog').getByLabel('Label').fill('Archive 2027');
    await page.getByRole('button', { name: 'Make key' }).click();
    await page.getByText('Archive 2027').first().click();
    await expect(page.getByRole('complementary', { name: 'Key Archive 2027' })).toContainText('standby');
    await picture(page, 'keys');
  });
  await test.step('make it active', async () => {
    await page.getByRole('button', { name: 'Make it the active key' }).click();
    await again(page).fill(passphrase);
    await page.getByRole('button', { name: 'Make it active' }).click();
    await expect(page.getByRole('complementary', { name: 'Key Archive 2027' })).toContainText('active', {
      timeout: 30_000,
    });
  });
  await test.step('revoke the retired one, with what it affects', async () => {
    await page.getByText('Dataset identity', { exact: true }).first().click();
    await page.getByRole('button', { name: 'Revoke key' }).click();
    await expect(page.getByRole('list', { name: 'What it affects' })).toContainText('No dataset needs it.');
    await page.getByRole('dialog').getByLabel('Reason').fill('replaced');
    await again(page).fill(passphrase);
    await picture(page, 'keys-revoke');
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke key' }).click();
    await expect(page.getByRole('complementary', { name: 'Key Dataset identity' })).toContainText('revoked', {
      timeout: 30_000,
    });
  });
  await test.step('export a public part', async () => {
    const file = path.join(folder, 'archive.txt');
    await page.getByText('Archive 2027').first().click();
    await page.getByRole('button', { name: 'Export key' }).click();
    await page.getByRole('dialog').getByLabel('Write to').fill(file);
    await page.getByRole('button', { name: 'Write public key' }).click();
    await expect(page.getByRole('dialog')).toBeHidden();
    expect(readFileSync(file, 'utf8')).toContain('age1');
    expect(statSync(file).mode & 0o077).toBe(0);
  });
  await test.step('the ledger, of this key only', async () => {
    await page.getByRole('button', { name: 'Show its uses in the ledger' }).click();
    const ledger = page.getByLabel('Key ledger', { exact: true });
    await expect(ledger).toContainText('Key exported');
    await expect(ledger).toContainText('Key rotated');
    await expect(ledger).not.toContainText('Key revoked');
  });
});

test('a security key opens the vault until it is removed; the page forgets the passphrase', async ({
  page,
  host,
  complaints,
}) => {
  // WebAuthn wants a name, not an address: the same host under localhost, by the next link.
  const named = host.origin.replace('127.0.0.1', 'localhost');
  // One link was used by the fixture; the host printed the next one.
  await expect.poll(() => host.log()).toContain('another browser tab');
  const link = /http:\/\/127\S+/.exec(host.log())?.[0] ?? '';
  complaints.length = 0;
  page.removeAllListeners('request');
  await page.goto(link.replace('127.0.0.1', 'localhost'));
  await page.waitForURL((url) => url.origin === named && url.pathname === '/');
  const session = await page.context().newCDPSession(page);
  await session.send('WebAuthn.enable');
  await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      ctap2Version: 'ctap2_1',
      transport: 'usb',
      hasUserVerification: true,
      isUserVerified: true,
      hasPrf: true,
      automaticPresenceSimulation: true,
    },
  });
  await createVault(page);
  await page.getByRole('button', { name: 'Add security key' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('Blue key');
  await again(page).fill(passphrase);
  expect((await heapOf(session)).includes(passphrase), 'what is being typed is found: the search works').toBe(true);
  await page.getByRole('dialog').getByRole('button', { name: 'Add security key' }).click();
  const ways = page.getByRole('table', { name: 'Ways to unlock' });
  await expect(ways).toContainText('Blue key', { timeout: 30_000 });
  await ways.scrollIntoViewIfNeeded();
  await picture(page, 'unlock-ways');
  await lock(page);
  await expect(page.getByRole('button', { name: 'Unlock with Blue key' })).toBeVisible();
  await picture(page, 'lock-security-key');
  expect((await heapOf(session)).includes(passphrase), 'the page holds the passphrase after a lock').toBe(false);
  await page.getByRole('button', { name: 'Unlock with Blue key' }).click();
  await page.getByRole('link', { name: 'Keys' }).click();
  await page.getByRole('button', { name: 'Remove Blue key' }).click();
  await again(page).fill(passphrase);
  await page.getByRole('button', { name: 'Remove way to unlock' }).click();
  await expect(ways).not.toContainText('Blue key', { timeout: 30_000 });
  await lock(page);
  await expect(page.getByLabel('Passphrase', { exact: true })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Unlock with Blue key' })).toBeHidden();
});
