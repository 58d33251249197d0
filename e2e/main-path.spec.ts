import { readFile } from 'node:fs/promises';
import { expect, test } from './fixtures.ts';
import { accessible, picture } from './look.ts';

const passphrase = 'amber lantern follows quiet river stones';

/** One person, one sitting: from an empty profile to a downloaded model, by clicks only. */
test.describe.configure({ mode: 'serial' });

test('first run to downloaded model', async ({ page }) => {
  test.setTimeout(420_000);

  await test.step('create the vault', async () => {
    await expect(page.getByRole('heading', { name: 'Three steps to a first run' })).toBeVisible();
    await accessible(page);
    await page.getByLabel('Passphrase', { exact: true }).fill(passphrase);
    await page.getByLabel('The same again').fill(passphrase);
    await page.getByRole('button', { name: 'Create vault' }).click();
    await expect(page.getByRole('button', { name: 'Start local network' })).toBeEnabled({ timeout: 30_000 });
  });

  await test.step('start the local network', async () => {
    await page.getByRole('button', { name: 'Start local network' }).click();
    await expect(
      page.getByText('6 of 6 nodes ready').or(page.getByRole('button', { name: 'Stop network' })),
    ).toBeVisible({
      timeout: 60_000,
    });
    await expect(page.locator('[data-trust="refused"]').first()).toBeVisible({ timeout: 30_000 });
    await picture(page, 'first-run');
    await accessible(page);
  });

  await test.step('launch the sample job', async () => {
    await page.getByRole('button', { name: 'Launch sample job' }).click();
    await expect(page).toHaveURL(/#\/runs\/[^/]+$/, { timeout: 60_000 });
    await expect(page.getByText('SIMULATED').first()).toBeVisible();
    await expect(page.getByText('Succeeded').first()).toBeVisible({ timeout: 120_000 });
    await picture(page, 'run');
  });

  await test.step('open and download the model', async () => {
    await page.getByRole('button', { name: 'Open model on this desk' }).click();
    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download model.json' }).click();
    const file = await (await downloading).path();
    const model = JSON.parse(await readFile(file, 'utf8')) as { target: string; classes: string[]; heldOut: number[] };
    expect(model.target).toBe('diagnosis');
    expect(model.classes.toSorted()).toEqual(['benign', 'malignant']);
    expect(model.heldOut.length).toBeGreaterThan(50);
  });

  await test.step('a refused node shows its reason', async () => {
    await page.getByRole('link', { name: 'Nodes' }).click();
    await expect(page.getByText('debug enabled').first()).toBeVisible();
    await expect(page.getByText('TCB below minimum').first()).toBeVisible();
    await expect(page.getByText('measurement not allowed').first()).toBeVisible();
    await picture(page, 'nodes');
    await page.getByRole('row', { name: /saopaulo-h100/ }).click();
    await page.getByRole('button', { name: 'Open evidence' }).click();
    await expect(page.getByText('Contraindicated').first()).toBeVisible();
    await expect(page.getByText('debug', { exact: false }).first()).toBeVisible();
    await picture(page, 'evidence');
    await page.getByRole('link', { name: 'Evidence' }).first().click();
    await expect(page.locator('[data-trust="refused"]').first()).toBeVisible();
    await picture(page, 'evidence-list');
  });

  await test.step('seal a dataset and design a run', async () => {
    await page.getByRole('link', { name: 'Datasets' }).click();
    await page.getByRole('button', { name: 'Seal a dataset' }).first().click();
    await page.getByRole('button', { name: /digits\.csv/ }).click();
    await page.getByRole('button', { name: /^Seal \d/ }).click();
    await expect(page.getByRole('grid', { name: 'Sealed datasets' }).getByText('digits')).toBeVisible({
      timeout: 30_000,
    });
    await picture(page, 'datasets');
    await page.getByText('digits', { exact: true }).first().click();
    await page.getByRole('button', { name: 'Design a run' }).click();
    await expect(page.getByRole('button', { name: /Sign order and launch/ })).toBeVisible();
    await picture(page, 'designer');
  });

  await test.step('keys, reports, settings', async () => {
    await page.getByRole('link', { name: 'Keys' }).click();
    await expect(page.getByRole('heading', { name: 'Key ledger' })).toBeVisible();
    await page.getByRole('button', { name: 'Check the whole ledger' }).click();
    await expect(page.getByText(/entries whole/)).toBeVisible();
    await picture(page, 'keys');
    await page.getByRole('link', { name: 'Reports' }).click();
    await page.getByRole('button', { name: 'Make auditor pack' }).click();
    await expect(page.getByRole('heading', { name: 'Auditor pack' })).toBeVisible({ timeout: 30_000 });
    await picture(page, 'reports');
    await page.getByRole('link', { name: 'Settings' }).click();
    await expect(page.getByRole('heading', { name: 'Appearance' })).toBeVisible();
    await picture(page, 'settings');
  });

  await test.step('lock clears the screen', async () => {
    await page.getByRole('link', { name: 'Keys' }).click();
    await page.getByRole('button', { name: 'Lock vault' }).click();
    await expect(page.getByRole('button', { name: 'Unlock vault' })).toBeVisible();
    await expect(page.getByText('digits')).toHaveCount(0);
    await expect(page.getByText('debug enabled')).toHaveCount(0);
    await picture(page, 'lock');
    await page.getByLabel('Passphrase', { exact: true }).fill('this is not the passphrase');
    await page.getByRole('button', { name: 'Unlock vault' }).click();
    await expect(page.getByText('That is not the passphrase')).toBeVisible({ timeout: 30_000 });
    await page.getByLabel('Passphrase', { exact: true }).fill(passphrase);
    await page.getByRole('button', { name: 'Unlock vault' }).click();
    await expect(page.getByRole('button', { name: 'Unlock vault' })).toHaveCount(0, { timeout: 30_000 });
  });
});
