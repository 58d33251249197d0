import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from '@playwright/test';
import type { MembersView } from '../electron/contract/approval.ts';
import { runNacre } from '../electron/cli/testing/process.ts';
import { createVault, expect, go, startHost, test, unlock } from './fixtures.ts';
import { picture } from './look.ts';

const passphrase = 'amber lantern follows quiet river stones';

const dialogOf = (page: Page) => page.getByRole('dialog');
const panelOf = (page: Page) => page.getByRole('complementary', { name: /^Request/ });

async function takeIn(page: Page, file: string, says: string): Promise<void> {
  await page.getByRole('button', { name: 'Take in a file or picture' }).click();
  await dialogOf(page).getByLabel('Path').fill(file);
  await dialogOf(page).getByRole('button', { name: 'Read and check' }).click();
  await expect(dialogOf(page).getByText(says)).toBeVisible();
  await dialogOf(page).getByRole('button', { name: 'Close' }).click();
}

async function writeFileOf(page: Page, file: string): Promise<void> {
  await page.getByLabel('Or write to a new file').fill(file);
  await page.getByRole('button', { name: 'Write file' }).click();
  await expect(page.getByText('Written.')).toBeVisible();
}

/** Two of two custodians by files: one on a machine without a network, one by clicks; one of them is not enough. */
test('two custodians approve a release by file, and one of them is not enough', async ({
  page,
  host,
  folder,
  context,
}) => {
  test.setTimeout(420_000);
  const place = (name: string) => path.join(folder, name);
  const nacre = async (who: string, ...args: string[]): Promise<string> => {
    const flags = ['--profile', place(who), '--passphrase-fd', '0'];
    const outcome = await runNacre(folder, [...args, ...flags], `${passphrase}\n${passphrase}\n`);
    expect(outcome.code, `${args.join(' ')}: ${outcome.note}`).toBe(0);
    return outcome.out;
  };
  const keyOf = async (who: string) =>
    (JSON.parse(await nacre(who, 'members', 'show', '--json')) as MembersView).own.publicKey;
  await nacre('alice', 'custody', 'init');
  await nacre('alice', 'vault', 'create');
  await nacre('bob', 'vault', 'create');
  const keys = { alice: await keyOf('alice'), bob: await keyOf('bob') };

  await test.step('set the rule by clicks, and hand it on', async () => {
    await createVault(page, passphrase);
    await go(page, 'Approvals');
    await expect(page.getByText('No rule: nothing needs approval')).toBeVisible();
    await picture(page, 'approvals-empty');
    await page.getByRole('button', { name: 'Set a rule' }).click();
    const dialog = dialogOf(page);
    await dialog.getByLabel('Organisation').fill('Hospital');
    await dialog.getByLabel('Name').fill('L. Moreau');
    await dialog.getByRole('group', { name: 'Member 1' }).getByText('custodian').click();
    for (const [at, name, key] of [
      [2, 'Alice', keys.alice],
      [3, 'Bob', keys.bob],
    ] as const) {
      await dialog.getByRole('button', { name: 'Add a member' }).click();
      const member = dialog.getByRole('group', { name: `Member ${at}` });
      await member.getByLabel('Name').fill(name);
      await member.getByLabel('Public key').fill(key);
    }
    const release = dialog.getByRole('group', { name: 'Key release' });
    await release.getByText('needs custodians').click();
    await release.getByLabel('Custodians for Key release').fill('2');
    await release.getByText('whoever asks may be one of them').click();
    await dialog.getByLabel('Organisation').scrollIntoViewIfNeeded();
    await picture(page, 'rule');
    await dialog.getByRole('button', { name: 'Sign and set' }).click();
    await expect(dialog).toBeHidden();
    await expect(page.getByText('Hospital, version 1 of the rule')).toBeVisible();
    await page.getByRole('button', { name: 'Hand on the rule' }).click();
    await writeFileOf(page, place('members.json'));
    await picture(page, 'rule-hand-on');
    await dialog.getByRole('button', { name: 'Close' }).click();
    await nacre('alice', 'approve', 'import', 'members.json');
  });

  await test.step('launch, and write the request to a file', async () => {
    await page.goto(`${host.origin}/#/start`);
    await page.getByRole('button', { name: 'Start local network' }).click();
    await page.getByRole('button', { name: 'Launch sample job' }).click({ timeout: 90_000 });
    await expect(page.getByText('Waiting for approval 0 of 2').first()).toBeVisible({ timeout: 90_000 });
    await picture(page, 'run-waiting');
    await go(page, 'Approvals');
    await writeFileOf(page, place('request.json'));
  });

  await test.step('the offline side reads it in plain words, and signs', async () => {
    await nacre('alice', 'approve', 'import', 'request.json');
    const [request] = JSON.parse(await nacre('alice', 'approve', 'list', '--json')) as Array<{ id: string }>;
    const shown = await nacre('alice', 'approve', 'show', request?.id ?? '');
    for (const told of ['Sample: breast cancer', 'measurement', 'policy', 'budget', 'SIMULATED', 'L. Moreau']) {
      expect(shown).toContain(told);
    }
    await nacre('alice', 'approve', 'sign', request?.id ?? '');
    await nacre('alice', 'approve', 'export', request?.id ?? '', '--answer', '--out', 'alice.json');
  });

  await test.step('one of two is refused, also when it comes twice', async () => {
    for (const _ of [1, 2]) await takeIn(page, place('alice.json'), 'The answer is here and counts.');
    await expect(panelOf(page).getByText('1 of 2 approved', { exact: true })).toBeVisible();
    await picture(page, 'approvals-one-missing');
    await go(page, 'Runs');
    await expect(page.getByText(/Waiting for approval/).first()).toBeVisible();
    await go(page, 'Keys');
    await page.getByLabel('Search the ledger').fill('released');
    await expect(page.getByText('No entry names "released".')).toBeVisible();
    await go(page, 'Approvals');
  });

  await test.step('the other reads and approves by clicks', async () => {
    const other = await startHost(place('bob'));
    const bob = await context.newPage();
    await bob.goto(other.link);
    await unlock(bob, passphrase);
    await go(bob, 'Approvals');
    await takeIn(bob, place('members.json'), 'The members’ rule is here.');
    await expect(bob.getByText('It may approve and refuse.')).toBeVisible();
    await takeIn(bob, place('request.json'), 'The request is here. Read it before you answer.');
    await expect(panelOf(bob).getByText('Sample: breast cancer').first()).toBeVisible();
    await picture(bob, 'custodian-reads');
    await panelOf(bob).getByRole('button', { name: 'Refuse' }).click();
    await picture(bob, 'custodian-refuses');
    await dialogOf(bob).getByRole('button', { name: 'Answer nothing' }).click();
    await panelOf(bob).getByRole('button', { name: 'Approve' }).click();
    await picture(bob, 'custodian-approves');
    await dialogOf(bob).getByRole('button', { name: 'Sign the approval' }).click();
    await expect(dialogOf(bob)).toBeHidden();
    await writeFileOf(bob, place('bob.json'));
    await picture(bob, 'custodian-answered');
    await bob.close();
    await other.stop();
    expect(readFileSync(place('bob.json'), 'utf8')).not.toContain(passphrase);
  });

  await test.step('with both the run goes on', async () => {
    await takeIn(page, place('bob.json'), 'The answer is here and counts.');
    await expect(page.getByText('Used, it cannot be used again').first()).toBeVisible({ timeout: 30_000 });
    await go(page, 'Runs');
    await expect(page.getByText('Succeeded').first()).toBeVisible({ timeout: 120_000 });
  });
});

/** The node's firmware is too old; the rule lets this vault approve what it asks for itself. */
test('an override lets one run on a node that did not pass, and every screen says so', async ({ page }) => {
  test.setTimeout(420_000);
  const dialog = dialogOf(page);
  await test.step('a rule, a network, a dataset', async () => {
    await createVault(page, passphrase);
    await page.getByRole('button', { name: 'Start local network' }).click();
    await expect(page.locator('[data-trust="refused"]').first()).toBeVisible({ timeout: 60_000 });
    await go(page, 'Approvals');
    await page.getByRole('button', { name: 'Set a rule' }).click();
    await dialog.getByLabel('Organisation').fill('Hospital');
    await dialog.getByRole('group', { name: 'Override' }).getByText('needs custodians').click();
    await dialog.getByRole('button', { name: 'Sign and set' }).click();
    await expect(dialog).toBeHidden();
    await go(page, 'Datasets');
    await picture(page, 'datasets-empty');
    await page.getByRole('button', { name: 'Seal a dataset' }).first().click();
    await dialog.getByRole('button', { name: /breast_cancer\.csv/ }).click();
    await expect(dialog.getByRole('button', { name: /^Seal \d/ })).toBeVisible();
    await picture(page, 'seal');
    await dialog.getByRole('button', { name: /^Seal \d/ }).click();
    await expect(page.getByRole('grid', { name: 'Sealed datasets' })).toContainText('breast', { timeout: 30_000 });
  });
  await test.step('ask for the override, and approve it', async () => {
    await go(page, 'Nodes');
    await page.getByRole('row', { name: /TCB below minimum/ }).click();
    await picture(page, 'node-refused');
    await page.getByRole('button', { name: 'Open evidence' }).click();
    await page.getByRole('button', { name: 'Ask for an override' }).click();
    await dialog.getByLabel('Why').fill('New firmware comes on Monday.');
    await picture(page, 'override');
    await dialog.getByRole('button', { name: 'Ask for an override' }).click();
    await expect(page.getByRole('heading', { name: /^Override/ })).toBeVisible();
    await picture(page, 'override-request');
    await panelOf(page).getByRole('button', { name: 'Approve' }).click();
    await dialog.getByRole('button', { name: 'Sign the approval' }).click();
    await expect(page.getByText('Granted, 1 of 1 approved').first()).toBeVisible();
  });
  await test.step('a run on that node', async () => {
    await go(page, 'Datasets');
    await page.getByRole('button', { name: 'Design a run' }).click();
    const row = page.getByRole('row', { name: /let through once by custodians/ });
    await row.getByRole('checkbox').check();
    await row.getByRole('button', { name: 'First' }).click();
    await row.scrollIntoViewIfNeeded();
    await picture(page, 'designer-override');
    await page.getByRole('button', { name: 'Sign order and launch' }).click();
    await expect(page).toHaveURL(/#\/runs\/run-/, { timeout: 60_000 });
    await expect(page.getByText('Succeeded').first()).toBeVisible({ timeout: 120_000 });
    await expect(page.getByText(/^overridden by custodians$/)).toBeVisible();
    await expect(page.getByText(/was let through by This desk\./)).toBeVisible();
    await picture(page, 'run-overridden');
  });
  await test.step('its evidence and its report say so', async () => {
    await go(page, 'Evidence');
    await picture(page, 'evidence-list-overridden');
    await go(page, 'Reports');
    await page.getByRole('button', { name: 'Make auditor pack' }).click();
    await expect(page.getByRole('heading', { name: 'Auditor pack' })).toBeVisible({ timeout: 30_000 });
    await picture(page, 'reports-overridden');
  });
});
