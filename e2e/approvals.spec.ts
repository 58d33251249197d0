import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ApprovalView, MembersView } from '../electron/contract/approval.ts';
import { runNacre } from '../electron/cli/testing/process.ts';
import { chromium } from '@playwright/test';
import { encodeQR } from 'qr';
import { createUrParts } from '../electron/domain/ur/ur.ts';
import { expect, startHost, test } from './fixtures.ts';
import { accessible, picture } from './look.ts';

const passphrase = 'amber lantern follows quiet river stones';

/** A release that a custodian without a network must approve: asked for by clicks, carried by pictures of the screen. */
test('a release waits for a custodian on an offline profile', async ({ folder, context, complaints }) => {
  test.setTimeout(420_000);
  const profiles = { desk: path.join(folder, 'desk'), alice: path.join(folder, 'alice') };
  const nacre = async (who: keyof typeof profiles, ...args: string[]): Promise<string> => {
    const flags = ['--profile', profiles[who], '--passphrase-fd', '0'];
    const outcome = await runNacre(folder, [...args, ...flags], `${passphrase}\n${passphrase}\n`);
    expect(outcome.code, `${args.join(' ')}: ${outcome.note}`).toBe(0);
    return outcome.out;
  };
  const keyOf = async (who: keyof typeof profiles) =>
    (JSON.parse(await nacre(who, 'members', 'show', '--json')) as MembersView).own.publicKey;

  await nacre('alice', 'custody', 'init');
  await Promise.all([nacre('desk', 'vault', 'create'), nacre('alice', 'vault', 'create')]);
  const [deskKey, aliceKey] = await Promise.all([keyOf('desk'), keyOf('alice')]);
  const action = { approvals: 1, requesterCounts: false, validSeconds: 3600 };
  const rule = {
    organisation: 'Hospital',
    members: [
      { name: 'L. Moreau', publicKey: deskKey, roles: ['launcher', 'admin'] },
      { name: 'Alice', publicKey: aliceKey, roles: ['custodian'] },
    ],
    actions: { 'key-release': action, export: action, 'members-change': action },
  };
  await writeFile(path.join(folder, 'rule.json'), JSON.stringify(rule));
  await nacre('desk', 'members', 'set', 'rule.json');
  await nacre('desk', 'members', 'export', '--out', 'members.json');
  await nacre('alice', 'approve', 'import', 'members.json');

  const host = await startHost(profiles.desk);
  const page = context.pages()[0] ?? (await context.newPage());
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`));
  await page.goto(host.link);
  await page.getByLabel('Passphrase', { exact: true }).fill(passphrase);
  await page.getByRole('button', { name: 'Unlock vault' }).click();
  await expect(page.getByRole('button', { name: 'Unlock vault' })).toHaveCount(0, { timeout: 30_000 });

  await test.step('launch, and see what it waits for', async () => {
    await page.goto(`${host.origin}/#/start`);
    const start = page.getByRole('button', { name: 'Start local network' });
    const launch = page.getByRole('button', { name: 'Launch sample job' });
    await expect(start.or(launch).first()).toBeVisible();
    if (await start.isVisible()) await start.click();
    await launch.click({ timeout: 90_000 });
    await expect(page.getByText('Waiting for approval 0 of 1').first()).toBeVisible({ timeout: 90_000 });
    await page.getByRole('link', { name: 'Approvals' }).click();
    await expect(page.getByRole('heading', { name: /^Release the key of/ })).toBeVisible();
    await expect(page.getByText('L. Moreau').first()).toBeVisible();
    await expect(page.getByText('1 waiting')).toBeVisible();
  });

  const parts: string[] = [];
  await test.step('photograph the code part by part', async () => {
    await page.getByRole('button', { name: 'Show as code' }).click();
    const code = page.getByRole('img', { name: /^QR code/ });
    await code.scrollIntoViewIfNeeded();
    await page.getByRole('button', { name: 'Hold this part' }).click();
    await picture(page, 'approvals');
    const line = (await page.getByText(/different ones are enough/).textContent()) ?? '';
    const needed = Number(/(\d+) different/.exec(line)?.[1]);
    expect(needed).toBeGreaterThan(3);
    // Parts after the first round are mixed, so it does not matter where the hold came.
    for (let i = 0; i < needed * 2; i++) {
      const file = path.join(folder, `part-${i}.png`);
      await code.screenshot({ path: file });
      parts.push(file);
      await page.getByRole('button', { name: 'Next part' }).click();
    }
  });

  await test.step('sign on the offline profile', async () => {
    await nacre('alice', 'approve', 'import', ...parts);
    const [request] = JSON.parse(await nacre('alice', 'approve', 'list', '--json')) as ApprovalView[];
    expect(request).toMatchObject({ kind: 'key-release', canAnswer: true, requester: { name: 'L. Moreau' } });
    const id = request?.id ?? '';
    await nacre('alice', 'approve', 'sign', id);
    await nacre('alice', 'approve', 'export', id, '--answer', '--qr', '--out', 'answer.png');
  });

  await test.step('take the answer in, and the run goes on', async () => {
    await page.getByRole('button', { name: 'Take in a file or picture' }).click();
    await page.getByLabel('Path').fill(path.join(folder, 'answer.png'));
    await page.getByRole('button', { name: 'Read and check' }).click();
    await expect(page.getByText('The answer is here and counts.')).toBeVisible();
    await accessible(page);
    await page.getByRole('button', { name: 'Close' }).click();
    await expect(page.getByText('Used, it cannot be used again').first()).toBeVisible({ timeout: 30_000 });
    await picture(page, 'approvals-used');
    await page.getByRole('link', { name: 'Runs' }).click();
    await expect(page.getByText('Succeeded').first()).toBeVisible({ timeout: 120_000 });
  });
  // The page first: a page whose host is gone says so as an error.
  await page.close();
  await host.stop();
});

/** A film of codes as a camera would see them: gray, 640 by 480, five pictures a second. */
function film(texts: readonly string[]): Buffer {
  const [width, height] = [640, 480];
  const chroma = Buffer.alloc((width * height) / 2, 128);
  const frames = texts.map((text) => {
    const rows = encodeQR(text.toUpperCase(), 'raw', { ecc: 'low', border: 4 });
    const scale = Math.floor(height / rows.length);
    const luma = Buffer.alloc(width * height, 255);
    rows.forEach((row, y) =>
      row.forEach((dark, x) => {
        if (!dark) return;
        for (let line = 0; line < scale; line++) {
          const start = (y * scale + line) * width + 80 + x * scale;
          luma.fill(0, start, start + scale);
        }
      }),
    );
    return Buffer.concat([Buffer.from('FRAME\n'), luma, chroma]);
  });
  return Buffer.concat([Buffer.from(`YUV4MPEG2 W${width} H${height} F5:1 Ip A1:1 C420jpeg\n`), ...frames]);
}

test('the camera reads animated codes', async ({ folder }) => {
  test.setTimeout(240_000);
  const [desk, bob] = [path.join(folder, 'desk'), path.join(folder, 'bob')];
  const nacre = async (...args: string[]): Promise<string> => {
    const outcome = await runNacre(folder, [...args, '--passphrase-fd', '0'], `${passphrase}\n${passphrase}\n`);
    expect(outcome.code, `${args.join(' ')}: ${outcome.note}`).toBe(0);
    return outcome.out;
  };
  await Promise.all([desk, bob].map((profile) => nacre('vault', 'create', '--profile', profile)));
  const view = JSON.parse(await nacre('members', 'show', '--json', '--profile', desk)) as MembersView;
  const action = { approvals: 1, requesterCounts: true, validSeconds: 3600 };
  const members = [{ name: 'Desk', publicKey: view.own.publicKey, roles: ['admin', 'custodian'] }];
  const rule = { organisation: 'Hospital', members, actions: { 'members-change': action } };
  await writeFile(path.join(folder, 'rule.json'), JSON.stringify(rule));
  await nacre('members', 'set', 'rule.json', '--profile', desk);
  await nacre('members', 'export', '--out', 'members.json', '--profile', desk);
  const { fragments, part } = createUrParts(await readFile(path.join(folder, 'members.json')), 150);
  const video = path.join(folder, 'codes.y4m');
  await writeFile(video, film(Array.from({ length: fragments * 2 }, (_, i) => part(i + 1))));

  const host = await startHost(bob);
  const context = await chromium.launchPersistentContext(path.join(folder, 'camera-browser'), {
    executablePath: process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium',
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--use-fake-ui-for-media-stream',
      '--use-fake-device-for-media-stream',
      `--use-file-for-fake-video-capture=${video}`,
    ],
  });
  const page = context.pages()[0] ?? (await context.newPage());
  await page.goto(host.link);
  await page.getByLabel('Passphrase', { exact: true }).fill(passphrase);
  await page.getByRole('button', { name: 'Unlock vault' }).click();
  await expect(page.getByRole('button', { name: 'Unlock vault' })).toHaveCount(0, { timeout: 30_000 });
  await page.getByRole('link', { name: 'Approvals' }).click();
  await page.getByRole('button', { name: 'Take in a file or picture' }).click();
  await page.getByRole('button', { name: 'Read codes with the camera' }).click();
  await expect(page.getByText('The members’ rule is here.')).toBeVisible({ timeout: 60_000 });
  // What was read stops the camera.
  await expect(page.getByRole('button', { name: 'Turn camera off' })).toHaveCount(0);
  await context.close();
  await host.stop();
});
