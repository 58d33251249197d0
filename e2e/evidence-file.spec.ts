import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { anchors, collateral, intel, now, tdxQuote } from '../electron/domain/evidence/dcap/testing/simulated.ts';
import { pem } from '../electron/domain/evidence/simulated/intel-authority.ts';
import { expect, test } from './fixtures.ts';
import { accessible, picture } from './look.ts';

const passphrase = 'amber lantern follows quiet river stones';

/** The project's own test authority signs a TDX quote and its collateral; all of it is SIMULATED. */
const collateralJson = JSON.stringify({
  pck_crl_issuer_chain: collateral.pckCrlIssuerChain,
  root_ca_crl: collateral.rootCaCrl,
  pck_crl: collateral.pckCrl,
  tcb_info_issuer_chain: collateral.tcbInfoIssuerChain,
  tcb_info: collateral.tcbInfo,
  tcb_info_signature: collateral.tcbInfoSignature,
  qe_identity_issuer_chain: collateral.qeIdentityIssuerChain,
  qe_identity: collateral.qeIdentity,
  qe_identity_signature: collateral.qeIdentitySignature,
});

/** Drops files onto the screen as a file manager would: bytes without a path. */
async function drop(page: Page, files: ReadonlyArray<{ name: string; bytes: Uint8Array }>): Promise<void> {
  const given = files.map(({ name, bytes }) => ({ name, base64: Buffer.from(bytes).toString('base64') }));
  const transfer = await page.evaluateHandle((dropped) => {
    const made = new DataTransfer();
    for (const { name, base64 } of dropped) {
      made.items.add(new File([Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))], name));
    }
    return made;
  }, given);
  await page.getByText('Drop evidence files here').dispatchEvent('drop', { dataTransfer: transfer });
}

async function choose(page: Page, paths: readonly string[]): Promise<void> {
  await page.getByRole('button', { name: 'Choose evidence files' }).click();
  for (const file of paths) {
    await page.getByLabel('Path', { exact: true }).fill(file);
    await page.getByLabel('Path', { exact: true }).press('Enter');
  }
  await page.getByRole('button', { name: `Add ${paths.length} file` }).click();
}

test('evidence files are opened, judged, taken apart and kept', async ({ page, folder }) => {
  test.setTimeout(300_000);
  const place = (name: string) => path.join(folder, name);
  const changed = tdxQuote.slice();
  changed[600] = (changed[600] ?? 0) ^ 1;
  await writeFile(place('root.pem'), pem(intel.root.certificate));
  await writeFile(place('quote.bin'), tdxQuote);
  await writeFile(place('changed.bin'), changed);
  await writeFile(place('collateral.json'), collateralJson);
  await writeFile(place('broken.json'), '{"quote": 1,\n "quote": 2}');

  await test.step('an empty evidence area leads to files', async () => {
    await page.getByLabel('Passphrase', { exact: true }).fill(passphrase);
    await page.getByLabel('The same again').fill(passphrase);
    await page.getByRole('button', { name: 'Create vault' }).click();
    await expect(page.getByRole('button', { name: 'Start local network' })).toBeEnabled({ timeout: 30_000 });
    await page.getByRole('link', { name: 'Evidence' }).click();
    await page.getByRole('button', { name: 'Open evidence file' }).click();
    await expect(page.getByText('Drop evidence files here')).toBeVisible();
    await picture(page, 'evidence-file-empty');
  });

  await test.step('a quote of the test authority is affirmed, and says SIMULATED', async () => {
    await page.getByText('A time').click();
    await page.getByLabel('Time to judge at, UTC').fill(new Date(now).toISOString());
    await page.getByLabel('Test roots').fill(place('root.pem'));
    await drop(page, [
      { name: 'quote.bin', bytes: tdxQuote },
      { name: 'collateral.json', bytes: Buffer.from(collateralJson) },
    ]);
    const verdict = page.getByRole('region', { name: 'Verdict' });
    await expect(verdict.getByText('Affirming', { exact: true })).toBeVisible();
    await expect(page.getByText('SIMULATED').first()).toBeVisible();
    await expect(page.getByRole('region', { name: 'What was not checked' })).toContainText('Who sent the files');
    await picture(page, 'evidence-file-verified');
  });

  await test.step('its chain and its fields', async () => {
    await page.getByRole('tab', { name: /^Certificates/ }).click();
    await expect(page.getByText('root of the test authority, SIMULATED').first()).toBeVisible();
    await picture(page, 'evidence-file-chain');
    await page.getByRole('tab', { name: 'Raw fields' }).click();
    await page.getByLabel('Search fields').fill('mrtd');
    await page.getByRole('gridcell', { name: 'body.mrtd', exact: true }).click();
    await expect(page.getByRole('region', { name: 'The whole value' })).toContainText(
      Buffer.from(tdxQuote.subarray(184, 232)).toString('hex'),
    );
    await picture(page, 'evidence-file-fields');
  });

  await test.step('the document as JSON, and the archive', async () => {
    await page.getByRole('button', { name: 'Export as JSON' }).click();
    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download the document' }).click();
    const document: unknown = JSON.parse(await readFile(await (await downloading).path(), 'utf8'));
    expect(document).toMatchObject({
      family: 'tdx',
      verification: { status: 'affirming', simulated: true },
      chains: [{ certificates: [{}, {}, { sha256: anchors.intelSgx[0], pinned: true }] }],
    });
    await page.getByRole('button', { name: 'Keep in the evidence archive' }).click();
    await expect(page).toHaveURL(/#\/evidence\/kept\//);
    // The kept file's own screen takes the place of the one before it: a click may still meet the old one.
    await expect(async () => {
      await page.getByRole('tab', { name: 'Raw fields' }).click();
      await expect(page.getByRole('gridcell', { name: 'header.version', exact: true })).toBeVisible({ timeout: 3000 });
    }).toPass();
    await accessible(page);
    await page.getByRole('button', { name: 'Open evidence file' }).click();
    await expect(page.getByRole('grid', { name: 'Kept evidence files' }).getByText('quote.bin')).toBeVisible();
  });

  await test.step('vendors’ roots do not take it, and one changed bit is refused', async () => {
    await choose(page, [place('changed.bin'), place('collateral.json')]);
    const verdict = page.getByRole('region', { name: 'Verdict' });
    await expect(verdict.getByText('Contraindicated', { exact: true })).toBeVisible();
    await expect(page.getByRole('note').filter({ hasText: 'SIMULATED' })).toHaveCount(0);
    await picture(page, 'evidence-file-refused');
    await page.getByText('A time').click();
    await page.getByLabel('Time to judge at, UTC').fill(new Date(now).toISOString());
    await page.getByLabel('Test roots').fill(place('root.pem'));
    await page.getByRole('button', { name: 'Judge again' }).click();
    await expect(page.getByText(/signature/i).first()).toBeVisible();
    await expect(verdict.getByText('Contraindicated', { exact: true })).toBeVisible();
  });

  await test.step('bad input is named with its place', async () => {
    await page.getByRole('button', { name: 'Remove all files' }).click();
    await choose(page, [place('broken.json')]);
    await expect(page.getByRole('alert')).toContainText('a member name appears twice at byte 14');
    await picture(page, 'evidence-file-error');
  });

  await test.step('collateral of no vendor is refused in words', async () => {
    await page.getByRole('button', { name: 'All evidence' }).click();
    await page.getByRole('button', { name: 'Collateral' }).click();
    await expect(page.getByText('No collateral yet')).toBeVisible();
    await picture(page, 'collateral-empty');
    await page.getByRole('button', { name: 'Import collateral' }).click();
    await page.getByLabel('Path', { exact: true }).fill(place('collateral.json'));
    await page.getByLabel('Path', { exact: true }).press('Enter');
    await page.getByRole('button', { name: 'Import file' }).click();
    await expect(page.getByRole('alert')).toContainText('Its vendor did not sign it');
    await picture(page, 'collateral-refused');
    await page.getByRole('button', { name: 'Close' }).click();
  });
});
