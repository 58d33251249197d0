import { spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tabToken } from '../contract/web-paths.ts';
import { createWebClient } from '../../renderer/src/host/web-client.ts';
import { countInMemory } from '../services/vault/testing/process-memory.ts';
import { valueOf } from '../services/vault/testing/vault-fixture.ts';
import { secretsOfVault } from '../services/vault/testing/vault-secrets.ts';

/** The real web host with the real core, spoken to by the page's own client over HTTP, and its memory searched from outside. */
let folder = '';
let child: ChildProcess;
let said = '';

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'nacre-webhost-memory-'));
  const entry = path.join(import.meta.dirname, 'main.ts');
  said = '';
  child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', entry, '--no-open', '--profile', folder]);
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (said += text));
  }
});
afterEach(async () => {
  const over = new Promise((resolve) => {
    child.once('exit', resolve);
  });
  if (child.exitCode === null && child.kill('SIGKILL')) await over;
  rmSync(folder, { recursive: true, force: true });
});

const random = () => Array.from({ length: 32 }, () => String.fromCharCode(97 + randomInt(26))).join('');
const secretOf = (text: string) => new TextEncoder().encode(text);
const formsOf = (name: string, text: string) => ({
  [`${name} in UTF-8`]: Buffer.from(text, 'utf8'),
  [`${name} in UTF-16`]: Buffer.from(text, 'utf16le'),
});
const noneOf = (counts: Record<string, number>) => Object.fromEntries(Object.keys(counts).map((name) => [name, 0]));
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function openPage() {
  await expect.poll(() => said, { timeout: 60_000 }).toContain('#link=');
  const link = new URL(/http:\S+#link=\S+/.exec(said)?.[0] ?? '');
  const { origin } = link;
  const opened = await fetch(new URL('/api/session', origin), {
    method: 'POST',
    headers: { origin, 'content-type': 'application/json' },
    body: JSON.stringify({ link: link.hash.replace('#link=', '') }),
  });
  const cookie = opened.headers.get('set-cookie')?.split(';')[0] ?? '';
  const { value } = (await opened.json()) as { value: { tab: string } };
  return createWebClient(new URL(origin), {
    fetch: (input, init) =>
      fetch(input, {
        ...init,
        headers: { ...(init?.headers as object), origin, cookie, [tabToken.header]: value.tab },
      }),
    openSocket: () => {
      throw new Error('not needed here');
    },
  });
}

/** What stands in the memory of the process while `act` is at work, looked at while it is stopped. */
async function during(patterns: Record<string, Uint8Array>, act: () => Promise<unknown>, after: number) {
  const done = act();
  await sleep(after);
  child.kill('SIGSTOP');
  const counts = countInMemory(child.pid ?? 0, patterns);
  child.kill('SIGCONT');
  await done;
  return counts;
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}

describe('the memory of a web host whose vault was locked', () => {
  it.runIf(process.platform === 'linux')(
    'holds no passphrase in any form, no master key and no key of the vault; neither do its files and logs',
    async () => {
      const page = await openPage();
      const [first, second, wrong, own] = [random(), random(), random(), random()];
      const call = async (method: Parameters<typeof page.call>[0], input: Record<string, unknown>) =>
        valueOf(await page.call(method, input));
      const look = (patterns: Record<string, Uint8Array>) => countInMemory(child.pid ?? 0, patterns);

      const typed = secretOf(first);
      await call('vault.create', { passphrase: typed });
      expect(
        typed.every((byte) => byte === 0),
        'the page wipes its own bytes',
      ).toBe(true);
      await call('vault.lock', {});
      const afterCreate = look(formsOf('first', first));
      expect(afterCreate).toEqual(noneOf(afterCreate));

      // The search finds what is there: the passphrase while a key is derived from it, keys while the vault is open.
      let deriving = 0;
      for (const wait of [150, 300, 80, 500, 40]) {
        const counts = await during(
          formsOf('first', first),
          () => call('vault.unlock', { passphrase: secretOf(first) }),
          wait,
        );
        deriving = counts['first in UTF-8'] ?? 0;
        expect(counts['first in UTF-16'], 'it never becomes a string of two bytes a letter').toBe(0);
        await call('vault.lock', {});
        if (deriving > 0) break;
      }
      expect(deriving).toBeGreaterThan(0);
      const { master, headerKey, recordsKey, indexKey, signing, dataset } = await secretsOfVault(
        path.join(folder, 'vault.db'),
        first,
      );
      const keys = { master, headerKey, recordsKey, indexKey, signing, dataset };
      await call('vault.unlock', { passphrase: secretOf(first) });
      expect(look(keys).recordsKey).toBeGreaterThan(0);

      // All that takes a passphrase, then the lock.
      await page.call('vault.unlock', { passphrase: secretOf(wrong) });
      await call('backup.create', {
        passphrase: secretOf(first),
        path: path.join(folder, 'desk.nacre'),
        ownPassphrase: secretOf(own),
      });
      await call('vault.changePassphrase', { current: secretOf(first), next: secretOf(second) });
      await call('keys.exportIdentity', { passphrase: secretOf(second), path: path.join(folder, 'identity.txt') });
      rmSync(path.join(folder, 'identity.txt'));
      await call('vault.lock', {});
      const passphrases = {
        ...formsOf('first', first),
        ...formsOf('second', second),
        ...formsOf('wrong', wrong),
        ...formsOf('own', own),
      };
      const left = look({ ...passphrases, ...keys });
      expect(left).toEqual(noneOf(left));

      const everything = { ...passphrases, ...keys };
      for (const file of filesBelow(folder)) {
        const bytes = readFileSync(file);
        for (const [name, pattern] of Object.entries(everything)) {
          expect(bytes.indexOf(pattern), `${name} is in ${path.basename(file)}`).toBe(-1);
        }
      }
      expect(filesBelow(folder).length).toBeGreaterThan(2);
      for (const text of [first, second, wrong, own]) expect(said).not.toContain(text);
    },
    180_000,
  );
});
