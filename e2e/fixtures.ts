import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test as base, chromium, expect, type BrowserContext, type Page } from '@playwright/test';

/**
 * Each test gets its own profile, its own web host on a free port and its own browser with an empty user-data folder,
 * and fails when the page logged an error or asked anything of another origin.
 */

const root = path.resolve(import.meta.dirname, '..');

export interface RunningHost {
  /** Opens the user interface, once. */
  readonly link: string;
  readonly origin: string;
  readonly profile: string;
  /** What the host wrote to stderr so far. */
  readonly log: () => string;
  /** Ends the host as Ctrl-C does. */
  readonly stop: () => Promise<void>;
}

/** Starts the web host as `npm start -- --web --no-open` does. */
export function startHost(profile: string, args: readonly string[] = []): Promise<RunningHost> {
  const entry = path.join(root, 'electron', 'webhost', 'main.ts');
  return runHost(profile, [entry, '--no-open', '--profile', profile, ...args]);
}

/** A web host whose core has a keychain of this backend; Electron's part of it is a fake. */
export function startKeychainHost(profile: string, backend: string): Promise<RunningHost> {
  return runHost(profile, [path.join(import.meta.dirname, 'keychain-host.ts'), profile, backend]);
}

async function runHost(profile: string, command: readonly string[]): Promise<RunningHost> {
  const flags = ['--disable-warning=ExperimentalWarning', ...command];
  const child = spawn(process.execPath, flags, { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
  // A host that ends by itself says why in the output of the test.
  child.once('exit', (code) => {
    if (code !== 0) process.stderr.write(`the web host ended with ${code}: ${log}\n`);
  });
  const link = await firstLink(child, () => log);
  return {
    link,
    origin: new URL(link).origin,
    profile,
    log: () => log,
    stop: () => ended(child),
  };
}

function firstLink(child: ChildProcess, log: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      const link = /http:\/\/127\.0\.0\.1:\d+\/open#link=[\w-]+/.exec(output)?.[0];
      if (link !== undefined) resolve(link);
    });
    child.once('exit', (code) => reject(new Error(`The web host ended with ${code}: ${log()}`)));
  });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const over = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
  });
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await over;
  clearTimeout(timer);
}

const browserFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

function chromiumPath(): string {
  const named = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
  if (!existsSync(named)) throw new Error(`There is no Chromium at ${named}; run npm test, or set CHROMIUM_PATH.`);
  return named;
}

interface Fixtures {
  readonly folder: string;
  readonly host: RunningHost;
  readonly context: BrowserContext;
  /** Errors the page logged and requests to elsewhere; must be empty at the end. A test that causes one removes it. */
  readonly complaints: string[];
  /** The user interface, opened through the one-time link. */
  readonly page: Page;
}

export const test = base.extend<Fixtures>({
  // By this destructuring Playwright learns what a fixture needs; an empty pattern says nothing.
  folder: async ({}, use) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'nacre-e2e-'));
    await use(folder);
    rmSync(folder, { recursive: true, force: true });
  },
  host: async ({ folder }, use) => {
    const host = await startHost(path.join(folder, 'profile'));
    await use(host);
    await host.stop();
  },
  context: async ({ folder }, use) => {
    const context = await chromium.launchPersistentContext(path.join(folder, 'browser'), {
      executablePath: chromiumPath(),
      headless: true,
      args: browserFlags,
      acceptDownloads: true,
      viewport: { width: 1440, height: 900 },
    });
    // A button that never comes fails by its name, not by the time of the whole test.
    context.setDefaultTimeout(60_000);
    await use(context);
    await context.close();
  },
  complaints: async ({}, use) => {
    const complaints: string[] = [];
    await use(complaints);
    expect(complaints, 'the page logged no error and asked nothing of another origin').toEqual([]);
  },
  page: async ({ context, host, complaints }, use) => {
    const page = context.pages()[0] ?? (await context.newPage());
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(`console: ${message.text()} (${message.location().url})`);
    });
    page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`));
    page.on('request', (request) => {
      const { protocol, origin } = new URL(request.url());
      const local = origin === host.origin || ['blob:', 'data:'].includes(protocol);
      if (!local) complaints.push(`asked another origin: ${request.url()}`);
    });
    await page.goto(host.link);
    await page.waitForURL(`${host.origin}/**`);
    await page.waitForURL((url) => url.pathname === '/');
    await use(page);
  },
});

/** Creates the vault of an empty profile, by the first screen. */
export async function createVault(page: Page, passphrase: string): Promise<void> {
  await page.getByLabel('Passphrase', { exact: true }).fill(passphrase);
  await page.getByLabel('The same again').fill(passphrase);
  await page.getByRole('button', { name: 'Create vault' }).click();
  await expect(page.getByRole('button', { name: 'Start local network' })).toBeEnabled({ timeout: 30_000 });
}

export async function unlock(page: Page, passphrase: string): Promise<void> {
  await page.getByLabel('Passphrase', { exact: true }).fill(passphrase);
  await page.getByRole('button', { name: 'Unlock vault' }).click();
  await expect(page.getByRole('button', { name: 'Unlock vault' })).toHaveCount(0, { timeout: 30_000 });
}

/** A place of the rail. */
export async function go(page: Page, place: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: place }).click();
}

export { expect } from '@playwright/test';
