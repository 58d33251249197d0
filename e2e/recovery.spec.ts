import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { expect, startHost, test } from './fixtures.ts';
import { accessible, picture } from './look.ts';

const passphrase = 'amber lantern follows quiet river stones';
const next = 'seven copper kettles under the old bridge';

/** The desk is lost with its disk; a backup on a stick and two of three pages bring it back. */
test('create, back up, lose the machine, restore from 2 of 3 shares', async ({ page, host, folder, context }) => {
  test.setTimeout(420_000);
  const backup = path.join(folder, 'stick.nacre');
  const kit = path.join(folder, 'kit');
  const dialog = page.getByRole('dialog');

  await test.step('create a vault and seal a dataset', async () => {
    await page.getByLabel('Passphrase', { exact: true }).fill(passphrase);
    await page.getByLabel('The same again').fill(passphrase);
    await page.getByRole('button', { name: 'Create vault' }).click();
    await expect(page.getByRole('button', { name: 'Start local network' })).toBeEnabled({ timeout: 30_000 });
    await page.evaluate(() => (window.location.hash = '#/keys/recovery'));
    await expect(page.getByText('No, never made')).toBeVisible();
    await expect(page.getByText('No way back')).toBeVisible();
    await picture(page, 'recovery-empty');
  });

  await test.step('make three shares, two of which are needed', async () => {
    await page.getByRole('button', { name: 'Make shares' }).first().click();
    for (const [at, holder] of ['Alice Moreau', 'Bob Keller', 'Notary'].entries()) {
      await dialog.getByLabel(`Page ${at + 1} is held by`).fill(holder);
    }
    await dialog.getByLabel('Folder for the pages').fill(kit);
    await dialog.getByText('A text file of each share, too').click();
    await dialog.getByLabel('Passphrase of the vault').fill(passphrase);
    await picture(page, 'recovery-make');
    await dialog.getByRole('button', { name: 'Make shares and write the pages' }).click();
    await expect(dialog.getByText('Any 2 of 3 open the vault.')).toBeVisible({ timeout: 30_000 });
    await dialog.getByRole('button', { name: 'Close' }).click();
  });
  const files = readdirSync(kit).toSorted();
  expect(files).toHaveLength(6);
  for (const name of files) expect(statSync(path.join(kit, name)).mode & 0o777).toBe(0o600);
  const [firstPage = '', firstText = '', , secondText = '', thirdPage = ''] = files.map((name) => path.join(kit, name));
  const typed = readFileSync(firstText, 'utf8').trim();

  await test.step('verify one, rehearse two', async () => {
    await page.getByRole('button', { name: 'Verify a share' }).click();
    await dialog.getByLabel('Share', { exact: true }).fill(`${typed.slice(0, -1)}${typed.endsWith('Q') ? 'P' : 'Q'}`);
    await dialog.getByRole('button', { name: 'Verify share' }).click();
    await expect(dialog.getByText('Group 26 has a typing error')).toBeVisible();
    await dialog.getByLabel('Share', { exact: true }).fill(firstPage);
    await dialog.getByRole('button', { name: 'Verify share' }).click();
    await expect(dialog.getByText('Share 1 of 3, of the set that works now.')).toBeVisible();
    await picture(page, 'recovery-verify');
    await dialog.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('button', { name: 'Rehearse' }).click();
    await dialog.getByLabel('Share 1', { exact: true }).fill(typed);
    await dialog.getByLabel('Share 2', { exact: true }).fill(secondText);
    await dialog.getByRole('button', { name: 'Try these shares' }).click();
    await expect(dialog.getByText('These shares open the vault.')).toBeVisible();
    await dialog.getByRole('button', { name: 'Close' }).click();
  });

  await test.step('seal a dataset, then back up', async () => {
    await page.evaluate(() => (window.location.hash = '#/start'));
    await page.getByRole('button', { name: 'Start local network' }).click();
    await page.getByRole('button', { name: 'Launch sample job' }).click({ timeout: 90_000 });
    await page.waitForURL(/#\/runs\/run-/, { timeout: 60_000 });
    await page.evaluate(() => (window.location.hash = '#/keys/recovery'));
    await page.getByRole('button', { name: 'Back up now' }).click();
    await dialog.getByLabel('Write to').fill(backup);
    await dialog.getByLabel('Passphrase of the vault').fill(passphrase);
    await dialog.getByRole('button', { name: 'Write backup' }).click();
    await expect(dialog.getByText('Written, and read back whole.')).toBeVisible({ timeout: 30_000 });
    await dialog.getByRole('button', { name: 'Close' }).click();
    await expect(page.getByText('Yes, and current')).toBeVisible();
    await picture(page, 'recovery');
  });
  const publicPart = await keyOf(page);
  await test.step('refresh: the pages that were made before are worth nothing here', async () => {
    await page.evaluate(() => (window.location.hash = '#/keys/recovery'));
    await page.getByRole('button', { name: 'Refresh shares' }).click();
    await dialog.getByLabel('Folder for the pages').fill(path.join(folder, 'kit-2'));
    await dialog.getByLabel('Passphrase of the vault').fill(passphrase);
    await picture(page, 'recovery-refresh');
    await dialog.getByRole('button', { name: 'Write new pages' }).click();
    await expect(dialog.getByText('New pages are written.')).toBeVisible({ timeout: 30_000 });
    await dialog.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('button', { name: 'Verify a share' }).click();
    await dialog.getByLabel('Share', { exact: true }).fill(typed);
    await dialog.getByRole('button', { name: 'Verify share' }).click();
    await expect(dialog.getByText('Of a set that was replaced.')).toBeVisible();
    await picture(page, 'recovery-replaced');
    await dialog.getByRole('button', { name: 'Close' }).click();
  });
  const newPages = readdirSync(path.join(folder, 'kit-2')).toSorted();
  const [freshFirst = '', freshSecond = ''] = newPages.map((name) => path.join(folder, 'kit-2', name));
  await test.step('a lost passphrase: shares on the lock screen', async () => {
    await page.evaluate(() => (window.location.hash = '#/keys'));
    await page.getByRole('button', { name: 'Lock vault' }).click();
    await page.getByRole('button', { name: 'Use recovery shares' }).click();
    await dialog.getByLabel('Share 1', { exact: true }).fill(freshFirst);
    await dialog.getByLabel('Share 2', { exact: true }).fill(freshSecond);
    await dialog.getByLabel('New passphrase').fill(`${next} twice`);
    await dialog.getByLabel('The new one again').fill(`${next} twice`);
    await picture(page, 'lock-recover');
    await dialog.getByRole('button', { name: 'Set the new passphrase' }).click();
    await expect(dialog.getByText('The vault has the new passphrase.')).toBeVisible({ timeout: 30_000 });
  });
  await page.close();
  await host.stop();

  await test.step('a new machine, a new profile', async () => {
    const other = await startHost(path.join(folder, 'new-profile'));
    const fresh = await context.newPage();
    await fresh.goto(other.link);
    await fresh.getByRole('button', { name: 'Restore from a backup or shares' }).click();
    const restore = fresh.getByRole('dialog');
    await restore.getByLabel('Backup file').fill(backup);
    await restore.getByText('Recovery shares', { exact: true }).click();
    await restore.getByLabel('Share 1', { exact: true }).fill(typed);
    await restore.getByLabel('New passphrase').fill(next);
    await restore.getByLabel('The new one again').fill(next);
    await restore.getByRole('button', { name: 'Restore', exact: true }).click();
    await expect(restore.getByText('1 of 2 shares are there.')).toBeVisible();
    await accessible(fresh);
    await picture(fresh, 'restore');
    await restore.getByLabel('Share 2', { exact: true }).fill(thirdPage);
    await restore.getByRole('button', { name: 'Restore', exact: true }).click();
    await expect(fresh.getByRole('heading', { name: 'Locked', exact: true })).toBeVisible({ timeout: 30_000 });
    await fresh.getByLabel('Passphrase', { exact: true }).fill(next);
    await fresh.getByRole('button', { name: 'Unlock vault' }).click();
    await expect(fresh.getByRole('button', { name: 'Unlock vault' })).toHaveCount(0, { timeout: 30_000 });
    await fresh.getByRole('link', { name: 'Datasets' }).click();
    await expect(fresh.getByText('Sample: breast cancer').first()).toBeVisible();
    expect(await keyOf(fresh)).toBe(publicPart);
    await fresh.close();
    await other.stop();
  });
});

/** The public parts of the vault's keys, as the Keys screen shows them. */
async function keyOf(page: Page): Promise<string> {
  await page.evaluate(() => (window.location.hash = '#/keys'));
  const buttons = page.getByRole('button', { name: /public part of/i });
  await expect(buttons.first()).toBeVisible();
  return (await buttons.allTextContents()).join(' ');
}
