import { readFileSync } from 'node:fs';
import path from 'node:path';
import { canHaveRay, startRay } from './ray-cluster.ts';
import { createVault, expect, go, test } from './fixtures.ts';
import { picture } from './look.ts';

const passphrase = 'amber lantern follows quiet river stones';
const honest = ['frankfurt-h100', 'singapore-h100'];
/** Ray would take it as any other; its evidence names another image. */
const refused = 'tokyo-h100';

// Under CI it runs whatever is missing, and fails where it cannot.
test.skip(!canHaveRay() && process.env['CI'] !== 'true', 'Ray needs Linux and Python 3.10 to 3.13');

/** A data scientist, by clicks: a cluster, its nodes and their verdicts, and PyTorch on two of them at once. */
test('train on two workers of a Ray cluster', async ({ page, folder }) => {
  test.setTimeout(240_000);
  const ray = startRay(path.join(folder, 'ray'), [refused, ...honest]);
  try {
    const dialog = page.getByRole('dialog');
    await createVault(page, passphrase);

    await test.step('seal the script with its data', async () => {
      await go(page, 'Datasets');
      await page.getByRole('button', { name: 'Seal a dataset' }).first().click();
      await dialog.getByRole('button', { name: /digits-pytorch/ }).click();
      await dialog.getByRole('button', { name: /this folder, whole/ }).click();
      await dialog.getByRole('button', { name: /^Seal \d/ }).click();
      await expect(page.getByRole('grid', { name: 'Sealed datasets' })).toContainText('digits-pytorch');
    });

    await test.step('a dashboard that is down', async () => {
      await go(page, 'Nodes');
      await page.getByRole('button', { name: 'Add a Ray cluster' }).click();
      await dialog.getByLabel('Address of the dashboard').fill('http://127.0.0.1:9');
      await dialog.getByLabel('Token of the cluster', { exact: true }).fill('0'.repeat(64));
      await dialog.getByRole('button', { name: 'Add cluster' }).click();
      await expect(dialog.getByRole('alert')).toContainText('cannot be reached');
    });

    const cluster = await test.step('the cluster is up', () => ray.ready);
    await test.step('a wrong token, the right one', async () => {
      await dialog.getByLabel('Address of the dashboard').fill(cluster.url);
      await dialog.getByRole('button', { name: 'Add cluster' }).click();
      await expect(dialog.getByRole('alert')).toContainText(/token/);
      await picture(page, 'cluster-refused');
      await dialog
        .getByLabel('Token of the cluster', { exact: true })
        .fill(readFileSync(cluster.tokenPath, 'utf8').trim());
      await dialog.getByLabel(/^Directory of SIMULATED agents/).fill(cluster.directory);
      await dialog.getByRole('button', { name: 'Add cluster' }).click();
      await expect(dialog).toBeHidden({ timeout: 30_000 });
    });

    await test.step('its nodes, each with the verdict on the agent beside it', async () => {
      const nodes = page.getByRole('list', { name: /^Nodes of/ });
      for (const name of honest) {
        await expect(nodes.getByRole('listitem').filter({ hasText: name })).toContainText(/verified/i);
      }
      await expect(nodes.getByRole('listitem').filter({ hasText: refused })).toContainText(/refused/i);
      await picture(page, 'clusters');
    });

    await test.step('design: a script, two workers, no refused node', async () => {
      await go(page, 'Datasets');
      await page.getByRole('button', { name: 'Design a run' }).click();
      await expect(page.getByLabel('Script in the sealed folder')).toContainText('digits_ddp.py');
      await page.getByLabel('Arguments').fill('--epochs 6 --pause 0.2');
      await page.getByLabel('Nodes of').click();
      await page.getByRole('option', { name: /^Ray, / }).click();
      await page.getByLabel('Workers', { exact: true }).fill('2');
      const table = page.getByRole('table', { name: 'Nodes for this run' });
      const row = (name: string) => table.getByRole('row', { name: new RegExp(name) });
      await expect(row(refused).getByRole('checkbox')).toBeDisabled();
      await expect(row(refused)).toContainText('measurement not allowed');
      await expect(row(refused)).toContainText('gets no key');
      for (const name of honest) await row(name).getByRole('checkbox').check();
      await row('singapore-h100').getByRole('button', { name: 'First' }).click();
      await expect(row('singapore-h100')).toContainText('rank 0');
      await expect(row('frankfurt-h100')).toContainText('rank 1');
      await expect(page.getByText('Between the workers nothing is encrypted by Nacre.')).toBeVisible();
      await expect(page.getByText(/Ray tells the workers to begin. It is not trusted/)).toBeVisible();
      await expect(page.getByText(/One directory of agents is known at a time/)).toBeVisible();
      await picture(page, 'designer-ray');
      await page.getByRole('button', { name: 'Sign order and launch' }).click();
      await expect(page).toHaveURL(/#\/runs\/run-/, { timeout: 60_000 });
    });

    await test.step('both ranks, what they sign and what Ray says', async () => {
      const workers = page.getByRole('table', { name: 'Workers' });
      await expect(workers.getByRole('row', { name: /0 singapore-h100/ })).toContainText('Runs', { timeout: 60_000 });
      await expect(workers.getByRole('row', { name: /1 frankfurt-h100/ })).toContainText('alive');
      await expect(page.getByText(/^Ray says (pending|running)/)).toBeVisible();
      await expect(page.getByText('Succeeded').first()).toBeVisible({ timeout: 90_000 });
      for (const name of honest) {
        await expect(workers.getByRole('row', { name: new RegExp(name) })).toContainText('Succeeded');
      }
      const said = await page.getByText(/^Held out: [\d.]+ %, as the script says$/).textContent();
      const accuracy = Number(/[\d.]+/.exec(said ?? '')?.[0]);
      process.stdout.write(`digits on two workers over Ray, by clicks: ${accuracy} % on held-out rows\n`);
      expect(accuracy).toBeGreaterThanOrEqual(93);
      await picture(page, 'run-workers');
    });

    await test.step('the pack of both nodes is whole', async () => {
      await go(page, 'Reports');
      await page.getByRole('button', { name: 'Make auditor pack' }).click();
      await expect(page.getByRole('heading', { name: 'Auditor pack' })).toBeVisible({ timeout: 30_000 });
      const pack = await page.getByText(/\.nacre-pack$/).textContent();
      await page.getByLabel('Path of the pack').fill(pack ?? '');
      await page.getByRole('button', { name: 'Check pack' }).click();
      await expect(page.getByText(/^\d+ checks, none failed/)).toBeVisible({ timeout: 30_000 });
      await expect(page.getByText(/ on singapore-h100, frankfurt-h100, /)).toBeVisible();
    });
  } finally {
    await test.step('the cluster is down', () => ray.stop());
  }
});
