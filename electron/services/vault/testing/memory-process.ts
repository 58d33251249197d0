import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { openVault, valueOf } from './vault-fixture.ts';

/**
 * Looks for the vault's secrets in its own memory: `memory-process.ts DIRECTORY` (Linux). Every 32 random bytes that the
 * vault asks for are remembered with all bits turned over, so that the search does not find its own notes.
 */
const directory = process.argv[2];
if (directory === undefined) throw new Error('usage: memory-process.ts DIRECTORY');

const turned: Uint8Array[] = [];
const { vault } = openVault(directory, {
  random(length) {
    const bytes = new Uint8Array(length);
    crypto.getRandomValues(bytes);
    if (length === 32) turned.push(bytes.map((byte) => byte ^ 0xff));
    return bytes;
  },
});

/** How often these bytes (given turned over) stand in readable memory. Only their first three are ever spelled out. */
function occurrences(secret: Uint8Array): number {
  const memory = openSync('/proc/self/mem', 'r');
  const window = Buffer.alloc(1_048_576 + 32);
  const prefix = Buffer.from(secret.subarray(0, 3).map((byte) => byte ^ 0xff));
  let count = 0;
  for (const line of readFileSync('/proc/self/maps', 'utf8').split('\n')) {
    const range = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line);
    if (range === null || line.includes('[v')) continue;
    const end = Number.parseInt(range[2] ?? '', 16);
    for (let from = Number.parseInt(range[1] ?? '', 16); from < end; from += 1_048_576) {
      let length = 0;
      try {
        length = readSync(memory, window, 0, Math.min(window.length, end - from), from);
      } catch {
        // A page of the range that is not there; nothing can be read from it by anyone.
        continue;
      }
      for (let at = window.indexOf(prefix); at >= 0 && at + 32 <= length; at = window.indexOf(prefix, at + 1)) {
        if (secret.every((byte, index) => (byte ^ 0xff) === window[at + index])) count += 1;
      }
    }
  }
  closeSync(memory);
  window.fill(0);
  return count;
}

valueOf(await vault.create('four random words here'));
const held = valueOf(
  await vault.keys.withDatasetIdentity((identity) => ({
    ok: true,
    value: occurrences(identity.secret.map((byte) => byte ^ 0xff)),
  })),
);
valueOf(vault.keys.signWith('job-order', ({ sign }) => sign(new Uint8Array(100))));
vault.lock('asked');
valueOf(await vault.unlock('four random words here'));
valueOf(vault.keys.signWith('job-order', ({ sign }) => sign(new Uint8Array(100))));
valueOf(await vault.changePassphrase('four random words here', 'another set of words'));
vault.lock('asked');
process.stdout.write(`${JSON.stringify({ secrets: turned.length, held, found: turned.map(occurrences) })}\n`);
