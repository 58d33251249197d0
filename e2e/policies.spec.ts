import { expect, test } from './fixtures.ts';
import { accessible, picture } from './look.ts';

const passphrase = 'amber lantern follows quiet river stones';

test('a policy is written, signed, changed and tried on archived evidence', async ({ page }) => {
  test.setTimeout(300_000);
  const open = (place: string) =>
    page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: place }).click();

  await test.step('a vault, the local network, and evidence of its nodes', async () => {
    await page.getByLabel('Passphrase', { exact: true }).fill(passphrase);
    await page.getByLabel('The same again').fill(passphrase);
    await page.getByRole('button', { name: 'Create vault' }).click();
    const start = page.getByRole('button', { name: 'Start local network' });
    await expect(start).toBeEnabled({ timeout: 30_000 });
    await start.click();
    await expect(page.locator('[data-trust="refused"]').first()).toBeVisible({ timeout: 60_000 });
  });

  await test.step('a template says what it does not know, and the text where it is wrong', async () => {
    await open('Policies');
    await page.getByRole('button', { name: 'New policy' }).click();
    await accessible(page);
    await page.getByRole('button', { name: /^AMD SEV-SNP with H100/ }).click();
    await expect(page.getByText('A template knows no values of yours.')).toBeVisible();
    await expect(page.getByText('Debug: never.')).toBeVisible();
    await accessible(page);
    await page.getByRole('tab', { name: 'Text' }).click();
    const area = page.getByLabel('Policy as JSON');
    const text = await area.inputValue();
    await area.fill(text.replace('"snp": {', '"snp": {\n    "acceptDebug": true,'));
    await page.getByRole('button', { name: /acceptDebug: There is no field "acceptDebug" here\./ }).click();
    await expect(area).toBeFocused();
    await accessible(page);
    await area.fill(text);
    await page.getByRole('button', { name: 'Sign version 1' }).click();
    await expect(page.getByText('snp-hopper v1 signed')).toBeVisible();
  });

  await test.step('a copy of the local policy gets a second version', async () => {
    await open('Policies');
    await page.getByRole('button', { name: 'New policy' }).click();
    await page.getByRole('button', { name: /^A copy of Local network/ }).click();
    await page.getByLabel('Id', { exact: true }).fill('hospital-eu');
    await page.getByLabel('Name', { exact: true }).fill('Hospital EU');
    await page.getByRole('button', { name: 'Sign version 1' }).click();
    await expect(page.getByText('hospital-eu v1 signed')).toBeVisible();
    await page.getByLabel('Oldest evidence').fill('120');
    await page.getByLabel(/^Launch measurements/).fill('ab'.repeat(48));
    await expect(page.getByText('Stricter.')).toBeVisible();
    await picture(page, 'policy');
    await page.getByRole('tab', { name: 'Try on evidence' }).click();
    await page.getByLabel('Archived evidence').click();
    await page
      .getByRole('option', { name: /affirming/ })
      .first()
      .click();
    await page.getByRole('button', { name: 'Try on this evidence' }).click();
    await expect(page.getByRole('heading', { name: '1 check changes' })).toBeVisible();
    await picture(page, 'policy-try');
    await page.getByRole('button', { name: 'Sign version 2' }).click();
    await expect(page.getByText('hospital-eu v2 signed')).toBeVisible();
    await page.getByRole('tab', { name: 'Versions 2' }).click();
    await expect(page.getByRole('table', { name: '2 changes of version 2' })).toBeVisible();
    await accessible(page);
  });

  await test.step('a retired policy stays in the list, and a failed check says why', async () => {
    await page.getByRole('button', { name: 'Retire policy' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Retire policy' }).click();
    await open('Policies');
    await expect(page.getByText('3, retired')).toBeVisible();
    await picture(page, 'policies');
    await open('Nodes');
    await page.getByRole('row', { name: /tokyo-h100/ }).click();
    await page.getByRole('button', { name: 'Open evidence' }).click();
    await expect(page.getByRole('heading', { name: 'Why it differs' })).toBeVisible();
    await accessible(page);
  });
});
