import type { Page } from '@playwright/test';
import { createVault, expect, go, test } from './fixtures.ts';
import { picture } from './look.ts';

const passphrase = 'amber lantern follows quiet river stones';

/** A dialog is opened, looked at, and left by its own way out. */
async function look(page: Page, opener: string, name: string, out: string): Promise<void> {
  await page.getByRole('button', { name: opener, exact: true }).first().click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toBeVisible();
  await picture(page, name);
  await dialog.getByRole('button', { name: out, exact: true }).click();
  await expect(dialog).toBeHidden();
}

/** What a newcomer meets before anything was done: every empty screen leads on, every dialog can be left. */
test('every empty screen says what to do next, every dialog has a way out', async ({ page }) => {
  test.setTimeout(420_000);
  await picture(page, 'welcome');
  await createVault(page, passphrase);
  await test.step('empty places', async () => {
    for (const [place, says] of [
      ['Runs', /No runs? yet/],
      ['Nodes', /[Nn]etwork/],
      ['Evidence', /[Ee]vidence/],
      ['Reports', /[Rr]eport|run/],
    ] as const) {
      await go(page, place);
      await expect(page.getByRole('main').getByText(says).first()).toBeVisible();
      await expect(
        page.getByRole('main').getByRole('button').or(page.getByRole('main').getByRole('link')),
      ).not.toHaveCount(0);
      await picture(page, `${place.toLowerCase()}-empty`);
    }
  });
  await test.step('keys and their dialogs', async () => {
    await go(page, 'Keys');
    await look(page, 'New key', 'key-new', 'Make no key');
    await look(page, 'Export dataset identity', 'identity-export', 'Keep it in the vault');
    await look(page, 'Change passphrase', 'passphrase-change', 'Keep the old passphrase');
    await page.getByRole('grid', { name: 'Vault keys' }).getByText('Dataset identity', { exact: true }).click();
    await look(page, 'Change label or expiry', 'key-label', 'Keep them');
    await look(page, 'Rotate to a new key', 'key-rotate', 'Keep the active key');
    await look(page, 'Export key', 'key-export', 'Write nothing');
  });
  await test.step('policies', async () => {
    await go(page, 'Policies');
    await look(page, 'Import a policy file', 'policy-import', 'Import nothing');
    await page.getByRole('button', { name: 'New policy' }).click();
    await picture(page, 'policy-templates');
    await page.getByRole('button', { name: /^AMD SEV-SNP with H100/ }).click();
    await page.getByRole('tab', { name: 'Text' }).click();
    await picture(page, 'policy-text');
  });
  await test.step('palette and keys of the keyboard', async () => {
    await page.keyboard.press('Control+k');
    await expect(page.getByRole('dialog')).toBeVisible();
    await page.keyboard.type('lock');
    await picture(page, 'palette');
    await page.keyboard.press('Escape');
    await go(page, 'Settings');
    await page.keyboard.press('?');
    await expect(page.getByRole('dialog')).toBeVisible();
    await picture(page, 'keyboard');
    await page.keyboard.press('Escape');
  });
});
