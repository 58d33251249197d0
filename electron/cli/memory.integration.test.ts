import { spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { countInMemory } from '../services/vault/testing/process-memory.ts';
import { secretsOfVault } from '../services/vault/testing/vault-secrets.ts';

const program = path.join(import.meta.dirname, 'testing', 'staying-process.ts');
const onTerminal = path.join(import.meta.dirname, 'testing', 'on-terminal.py');
const node = [process.execPath, '--disable-warning=ExperimentalWarning', program];
const patient = { timeout: 90_000, interval: 50 };

let folder = '';
let child: ChildProcess;
let said = '';

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'nacre-cli-memory-'));
  said = '';
});
afterEach(async () => {
  const over = new Promise((resolve) => {
    child.once('exit', resolve);
  });
  if (child.exitCode === null && child.kill('SIGKILL')) await over;
  rmSync(folder, { recursive: true, force: true });
});

function start(command: string, args: readonly string[]): void {
  child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (said += text));
  }
}

const random = () => Array.from({ length: 32 }, () => String.fromCharCode(97 + randomInt(26))).join('');
const formsOf = (text: string) => ({ 'UTF-8': Buffer.from(text, 'utf8'), 'UTF-16': Buffer.from(text, 'utf16le') });
const noneOf = (counts: Record<string, number>) => Object.fromEntries(Object.keys(counts).map((name) => [name, 0]));
const times = (text: string) => said.split(text).length - 1;

describe.runIf(process.platform === 'linux')('the memory of nacre when a command has ended', () => {
  it('holds no passphrase that came by a descriptor, and no key of the vault', async () => {
    const passphrase = random();
    const profile = path.join(folder, 'profile');
    const flags = `--profile|${profile}|--passphrase-fd|0`;
    start(node[0] ?? '', [...node.slice(1), `vault|create|${flags}`, `key|list|${flags}`]);
    child.stdin?.write(`${passphrase}\r\n`);
    await expect.poll(() => times('ended 0'), patient).toBe(1);
    // The second command waits for its line: the process goes on with nothing of the first in it.
    const between = countInMemory(child.pid ?? 0, formsOf(passphrase));
    expect(between).toEqual(noneOf(between));
    child.stdin?.write(passphrase);
    // Half a line: what was read so far is there, so the search does find it.
    await expect.poll(() => countInMemory(child.pid ?? 0, formsOf(passphrase))['UTF-8'], patient).toBeGreaterThan(0);
    child.stdin?.write('\n');
    await expect.poll(() => times('ended 0'), patient).toBe(2);
    const secrets = await secretsOfVault(path.join(profile, 'vault.db'), passphrase);
    const left = countInMemory(child.pid ?? 0, { ...formsOf(passphrase), ...secrets });
    expect(left).toEqual(noneOf(left));
    expect(said).not.toContain(passphrase);
  }, 120_000);

  it('holds no passphrase that a file was sealed to or opened with', async () => {
    const passphrase = random();
    const plain = path.join(folder, 'plain.csv');
    writeFileSync(plain, 'a,b\n1,2\n');
    const flags = '--passphrase|--passphrase-fd|0|--out';
    start(node[0] ?? '', [
      ...node.slice(1),
      `seal|${plain}|${flags}|${plain}.age`,
      `open|${plain}.age|${flags}|${plain}.opened`,
    ]);
    child.stdin?.write(`${passphrase}\n`);
    await expect.poll(() => times('ended 0'), patient).toBe(1);
    child.stdin?.write(passphrase);
    await expect.poll(() => countInMemory(child.pid ?? 0, formsOf(passphrase))['UTF-8'], patient).toBeGreaterThan(0);
    child.stdin?.write('\n');
    await expect.poll(() => times('ended 0'), patient).toBe(2);
    const left = countInMemory(child.pid ?? 0, formsOf(passphrase));
    expect(left).toEqual(noneOf(left));
    expect(readFileSync(`${plain}.opened`, 'utf8')).toBe('a,b\n1,2\n');
  }, 120_000);

  it('holds no passphrase that was typed at a terminal, which shows none of it', async () => {
    const passphrase = random();
    const profile = path.join(folder, 'profile');
    start('python3', [onTerminal, ...node, `vault|create|--profile|${profile}`]);
    await expect.poll(() => said, patient).toContain('New passphrase: ');
    const pid = Number(/pid (\d+)/.exec(said)?.[1]);
    // A slip of the finger, one of two bytes, is taken back.
    child.stdin?.write(`${passphrase.slice(0, 9)}xé\u007f\u007f${passphrase.slice(9)}`);
    await expect.poll(() => countInMemory(pid, formsOf(passphrase))['UTF-8'], patient).toBeGreaterThan(0);
    child.stdin?.write('\r');
    await expect.poll(() => said, patient).toContain('The same again: ');
    child.stdin?.write(`${passphrase}\r`);
    await expect.poll(() => said, patient).toContain('ended 0');
    const secrets = await secretsOfVault(path.join(profile, 'vault.db'), passphrase);
    const left = countInMemory(pid, { ...formsOf(passphrase), ...secrets });
    process.kill(pid, 'SIGKILL');
    expect(left).toEqual(noneOf(left));
    expect(said).not.toContain(passphrase.slice(0, 9));
  }, 120_000);
});
