import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Page } from '@playwright/test';
import { createVault, expect, go, startHost, startKeychainHost, test, unlock } from './fixtures.ts';
import { picture } from './look.ts';

const passphrase = 'amber lantern follows quiet river stones';
const second = 'seven copper kettles under the old bridge';

const dialogOf = (page: Page) => page.getByRole('dialog');
const again = (page: Page) => dialogOf(page).getByLabel('Passphrase of the vault');

async function lock(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Lock vault' }).click();
  await expect(page.getByRole('heading', { name: 'Locked', exact: true })).toBeVisible();
}

test('keys of age, OpenSSL and OpenSSH come in and go out by clicks', async ({ page, folder }) => {
  test.setTimeout(300_000);
  const place = (name: string) => path.join(folder, name);
  execFileSync('age-keygen', ['-o', place('friend.txt')], { stdio: 'ignore' });
  execFileSync('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', place('signer.pem')]);
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'desk', '-f', place('id_ed25519')]);
  writeFileSync(place('broken.pem'), '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n');
  const dialog = dialogOf(page);
  const bring = async (file: string, label: string): Promise<void> => {
    await page.getByRole('button', { name: 'Import key' }).click();
    await dialog.getByLabel('Path', { exact: true }).fill(place(file));
    await dialog.getByLabel('Path', { exact: true }).press('Enter');
    await dialog.getByLabel('Label').fill(label);
    await again(page).fill(passphrase);
    await dialog.getByRole('button', { name: 'Import key' }).click();
  };
  const write = async (label: string, part: 'Public' | 'Private', format: RegExp, to: string): Promise<void> => {
    await page.getByRole('grid', { name: 'Vault keys' }).getByText(label, { exact: true }).click();
    const panel = page.getByRole('complementary', { name: `Key ${label}` });
    await panel.getByRole('button', { name: 'Export key' }).click();
    await dialog.getByText(part, { exact: true }).click();
    await dialog.getByLabel('Format').click();
    await page.getByRole('option', { name: format }).click();
    await dialog.getByLabel('Write to').fill(place(to));
    if (part === 'Private') await again(page).fill(passphrase);
    await dialog.getByRole('button', { name: `Write ${part.toLowerCase()} key` }).click();
    await expect(dialog).toBeHidden({ timeout: 30_000 });
    await page.getByRole('grid', { name: 'Vault keys' }).getByText(label, { exact: true }).click();
  };

  await createVault(page, passphrase);
  await go(page, 'Keys');
  await test.step('what is no key is named', async () => {
    await bring('broken.pem', 'Broken');
    await expect(dialog.getByRole('alert')).toBeVisible({ timeout: 30_000 });
    await picture(page, 'keys-import-refused');
    await dialog.getByRole('button', { name: 'Import nothing' }).click();
  });
  await test.step('an age identity, a PEM and an OpenSSH key come in', async () => {
    for (const [file, label] of [
      ['friend.txt', 'Friend'],
      ['signer.pem', 'Signer'],
      ['id_ed25519', 'Desk key'],
    ] as const) {
      await bring(file, label);
      await expect(dialog).toBeHidden({ timeout: 30_000 });
      await expect(page.getByRole('grid', { name: 'Vault keys' })).toContainText(label);
    }
    await page.getByRole('grid', { name: 'Vault keys' }).getByText('Signer', { exact: true }).click();
    await expect(page.getByRole('complementary', { name: 'Key Signer' })).toContainText('imported');
    await picture(page, 'keys-imported');
    await page.getByRole('grid', { name: 'Vault keys' }).getByText('Signer', { exact: true }).click();
  });
  await test.step('they go out as the tools know them', async () => {
    await write('Friend', 'Private', /^age identity/, 'friend-out.txt');
    const recipient = execFileSync('age-keygen', ['-y', place('friend.txt')], { encoding: 'utf8' });
    expect(execFileSync('age-keygen', ['-y', place('friend-out.txt')], { encoding: 'utf8' })).toBe(recipient);
    await write('Signer', 'Public', /^PEM/, 'signer-out.pem');
    const spki = execFileSync('openssl', ['pkey', '-in', place('signer.pem'), '-pubout'], { encoding: 'utf8' });
    expect(readFileSync(place('signer-out.pem'), 'utf8').trim()).toBe(spki.trim());
    await write('Desk key', 'Private', /^OpenSSH/, 'desk-out');
    const line = execFileSync('ssh-keygen', ['-y', '-f', place('desk-out')], { encoding: 'utf8' });
    expect(line.split(' ')[1]).toBe(readFileSync(place('id_ed25519.pub'), 'utf8').split(' ')[1]);
  });
  await test.step('the ledger: filtered, checked, exported with proofs', async () => {
    const ledger = page.getByRole('table', { name: 'Key ledger' });
    await page.getByLabel('Acts', { exact: true }).click();
    await page.getByRole('option', { name: 'Exports' }).click();
    await expect(ledger).toContainText('Key exported');
    await expect(ledger).not.toContainText('Key imported');
    await page.getByLabel('Since, UTC').fill('2026-02-30');
    await expect(page.getByText('Write a day like 2027-01-31.')).toBeVisible();
    await page.getByLabel('Since, UTC').fill('');
    await page.getByRole('button', { name: 'Check the whole ledger' }).click();
    await expect(page.getByText(/entries whole/)).toBeVisible();
    await page.getByLabel('Export what fits, with proofs, to').fill(place('ledger.json'));
    await page.getByRole('button', { name: 'Export ledger' }).click();
    await expect(page.getByText('3 entries written.')).toBeVisible();
    const bundle = JSON.parse(readFileSync(place('ledger.json'), 'utf8')) as { proofs: unknown[] };
    expect(bundle.proofs).toHaveLength(3);
    await picture(page, 'ledger');
  });
});

test('derivation is calibrated, a second passphrase added and revoked, the ledger set aside', async ({
  page,
  host,
  folder,
  context,
}) => {
  test.setTimeout(420_000);
  const dialog = dialogOf(page);
  const ways = page.getByRole('table', { name: 'Ways to unlock' });
  await createVault(page, passphrase);
  await go(page, 'Keys');
  await test.step('measure this machine, apply what is proposed', async () => {
    await page.getByRole('button', { name: 'Calibrate derivation' }).click();
    await dialog.getByRole('button', { name: 'Measure this machine' }).click();
    await expect(dialog.getByText(/^Proposed: \d+ MiB/)).toBeVisible({ timeout: 60_000 });
    await picture(page, 'calibrate');
    await again(page).fill(passphrase);
    await dialog.getByRole('button', { name: 'Apply proposed cost' }).click();
    await expect(dialog).toBeHidden({ timeout: 30_000 });
    await expect(page.getByText('Derivation changed', { exact: true })).toBeVisible();
  });
  await test.step('two ways, one revoked', async () => {
    await page.getByRole('button', { name: 'Add passphrase' }).click();
    await dialog.getByLabel('Name').fill('Deputy');
    await dialog.getByLabel('New passphrase').fill(second);
    await again(page).fill(passphrase);
    await picture(page, 'unlock-add');
    await dialog.getByRole('button', { name: 'Add passphrase' }).click();
    await expect(ways).toContainText('Deputy', { timeout: 30_000 });
    await lock(page);
    await unlock(page, second);
    await go(page, 'Keys');
    await page.getByRole('button', { name: 'Remove Deputy' }).click();
    await again(page).fill(passphrase);
    await picture(page, 'unlock-remove');
    await dialog.getByRole('button', { name: 'Remove way to unlock' }).click();
    await expect(ways).not.toContainText('Deputy', { timeout: 30_000 });
    await lock(page);
    await page.getByLabel('Passphrase', { exact: true }).fill(second);
    await page.getByRole('button', { name: 'Unlock vault' }).click();
    await expect(page.getByText('That is not the passphrase. Nothing was opened.')).toBeVisible({ timeout: 30_000 });
  });
  await page.close();
  await host.stop();

  await test.step('a changed ledger opens nothing until it is set aside', async () => {
    const file = new DatabaseSync(path.join(folder, 'profile', 'nacre.db'));
    for (const { name } of file.prepare(`SELECT name FROM sqlite_master WHERE type = 'trigger'`).all()) {
      file.exec(`DROP TRIGGER "${String(name)}"`);
    }
    file.exec(`UPDATE audit_entries SET json = replace(json, '"simulated":false', '"simulated":true')`);
    file.close();
    const next = await startHost(path.join(folder, 'profile'));
    const fresh = await context.newPage();
    await fresh.goto(next.link);
    await fresh.getByLabel('Passphrase', { exact: true }).fill(passphrase);
    await fresh.getByRole('button', { name: 'Unlock vault' }).click();
    const setAside = fresh.getByRole('button', { name: 'Set the ledger aside and unlock' });
    await expect(setAside).toBeVisible({ timeout: 30_000 });
    await picture(fresh, 'lock-ledger-changed');
    await setAside.click();
    await expect(setAside).toHaveCount(0, { timeout: 30_000 });
    await go(fresh, 'Keys');
    await expect(fresh.getByRole('table', { name: 'Key ledger' })).toContainText('Ledger set aside');
    await fresh.getByRole('button', { name: 'Check the whole ledger' }).click();
    await expect(fresh.getByText(/entries whole|entry whole/)).toBeVisible();
    await fresh.close();
    await next.stop();
  });
});

test('a real keychain opens the vault until it is revoked, basic_text is refused by name, an idle vault locks', async ({
  context,
  folder,
}) => {
  test.setTimeout(300_000);
  // The shortest idle time is a minute: it passes while the keychains are tried on another profile.
  const idleHost = await startHost(path.join(folder, 'idle'));
  const idle = await context.newPage();
  await test.step('a warning before an idle vault locks', async () => {
    await idle.goto(idleHost.link);
    await createVault(idle, passphrase);
    await go(idle, 'Settings');
    await idle.getByLabel('Lock after').fill('1');
    await idle.getByLabel('Lock after').press('Enter');
    await expect(idle.getByText(/^The vault locks in \d+ s\.$/)).toBeVisible();
    await picture(idle, 'locks-soon');
  });
  const profile = path.join(folder, 'profile');
  const open = async (backend: string) => {
    const host = await startKeychainHost(profile, backend);
    const page = await context.newPage();
    await page.goto(host.link);
    return { host, page };
  };
  await test.step('a real one', async () => {
    const { host, page } = await open('gnome_libsecret');
    await createVault(page, passphrase);
    await go(page, 'Keys');
    await page.getByRole('button', { name: 'Add keychain' }).click();
    await expect(dialogOf(page)).toContainText('Let gnome_libsecret open the vault?');
    await again(page).fill(passphrase);
    await picture(page, 'keychain-add');
    await dialogOf(page).getByRole('button', { name: 'Add keychain' }).click();
    await expect(page.getByRole('table', { name: 'Ways to unlock' })).toContainText('Keychain of this computer', {
      timeout: 30_000,
    });
    await lock(page);
    await picture(page, 'lock-keychain');
    await page.getByRole('button', { name: 'Unlock with keychain gnome_libsecret' }).click();
    await expect(page.getByRole('button', { name: 'Unlock vault' })).toHaveCount(0, { timeout: 30_000 });
    await page.close();
    await host.stop();
  });
  await test.step('one that only obscures is refused, and what it once sealed opens nothing', async () => {
    const { host, page } = await open('basic_text');
    await expect(page.getByRole('heading', { name: 'Locked', exact: true })).toBeVisible();
    await expect(page.getByRole('button', { name: /keychain/ })).toHaveCount(0);
    await unlock(page, passphrase);
    await go(page, 'Keys');
    await expect(page.getByRole('button', { name: 'Add keychain' })).toHaveCount(0);
    await expect(page.getByText(/The keychain "basic_text" protects nothing/)).toBeVisible();
    await page.getByRole('button', { name: /^Remove Keychain/ }).click();
    await again(page).fill(passphrase);
    await dialogOf(page).getByRole('button', { name: 'Remove way to unlock' }).click();
    await expect(page.getByRole('table', { name: 'Ways to unlock' })).not.toContainText('Keychain of', {
      timeout: 30_000,
    });
    await picture(page, 'keychain-refused');
    await page.close();
    await host.stop();
  });
  await test.step('after a minute it is locked, and shows nothing', async () => {
    await expect(idle.getByRole('heading', { name: 'Locked', exact: true })).toBeVisible({ timeout: 90_000 });
    await expect(idle.getByText('Appearance')).toHaveCount(0);
    await idle.close();
    await idleHost.stop();
  });
});
