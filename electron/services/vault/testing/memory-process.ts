import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { createFakeKeychain } from './keychain-fake.ts';
import { visitMemory } from './process-memory.ts';
import { openVault, valueOf } from './vault-fixture.ts';

/**
 * Looks for the vault's secrets in its own memory: `memory-process.ts DIRECTORY` (Linux). Every 32 random bytes that the
 * vault asks for are remembered with all bits turned over, so that the search does not find its own notes.
 */
const directory = process.argv[2];
if (directory === undefined) throw new Error('usage: memory-process.ts DIRECTORY');

const turned: Uint8Array[] = [];
const { vault } = openVault(directory, {
  keychain: createFakeKeychain(),
  random(length) {
    const bytes = new Uint8Array(length);
    crypto.getRandomValues(bytes);
    if (length === 32) turned.push(bytes.map((byte) => byte ^ 0xff));
    return bytes;
  },
});

/** How often these at least 32 bytes (given turned over) stand in readable memory. Only their first three are ever spelled out. */
function occurrences(secret: Uint8Array): number {
  const prefix = Buffer.from(secret.subarray(0, 3).map((byte) => byte ^ 0xff));
  let count = 0;
  visitMemory('self', 32, (piece) => {
    for (let at = piece.indexOf(prefix); at >= 0 && at + 32 <= piece.length; at = piece.indexOf(prefix, at + 1)) {
      if (secret.every((byte, index) => (byte ^ 0xff) === piece[at + index])) count += 1;
    }
  });
  return count;
}

/** A secret that only another process ever had: a key file, and its bytes turned over. */
function keyFile(type: 'ed25519' | 'x25519' | 'secp256k1'): { path: string; turned: Uint8Array } {
  const path = join(String(directory), `${type}.jwk`);
  const program = `const { generateKeyPairSync } = require('node:crypto');
    const pair = ${type === 'secp256k1'} ? generateKeyPairSync('ec', { namedCurve: 'secp256k1' }) : generateKeyPairSync('${type}');
    const jwk = pair.privateKey.export({ format: 'jwk' });
    require('node:fs').writeFileSync(process.argv[1], JSON.stringify(jwk));
    process.stdout.write(Buffer.from(jwk.d, 'base64url').map((byte) => byte ^ 0xff).toString('hex'));`;
  const hex = execFileSync(process.execPath, ['-e', program, path], { encoding: 'utf8' });
  return { path, turned: new Uint8Array(Buffer.from(hex, 'hex')) };
}
const turn = (bytes: Uint8Array) => bytes.map((byte) => byte ^ 0xff);

/** A passphrase of 32 letters as bytes that the vault wipes; no string of it and no other copy is ever made. */
const letters = new Uint8Array(new ArrayBuffer(32));
crypto.getRandomValues(letters);
const passphraseTurned = letters.map((byte) => (97 + (byte % 26)) ^ 0xff);
const typed = () => {
  const bytes = new Uint8Array(new ArrayBuffer(32));
  for (const [index, byte] of passphraseTurned.entries()) bytes[index] = byte ^ 0xff;
  return bytes;
};

const inHand = typed();
const passphraseHeld = occurrences(passphraseTurned);
valueOf(await vault.create(inHand));
valueOf(vault.lock('asked'));
const wrong = typed();
wrong[0] = 33;
if ((await vault.unlock(wrong)).ok) throw new Error('a wrong passphrase opened the vault');
valueOf(await vault.unlock(typed()));
valueOf(vault.lock('asked'));
const passphraseLeft = occurrences(passphraseTurned);
const first = 'four random words here';
const toText = typed();
const ofFirst = new TextEncoder().encode(first);
valueOf(await vault.unlock(typed()));
valueOf(await vault.changePassphrase(toText, ofFirst));
const wiped = [inHand, wrong, toText, ofFirst].every((bytes) => bytes.every((byte) => byte === 0));
const passphraseReplaced = occurrences(passphraseTurned);
const held = valueOf(
  await vault.keys.withDatasetIdentity((identity) => ({ ok: true, value: occurrences(turn(identity.secret)) })),
);
valueOf(vault.keys.signWith('job-order', ({ sign }) => sign(new Uint8Array(100))));

const prf = new Uint8Array(new ArrayBuffer(32));
const prfTurned = crypto.getRandomValues(new Uint8Array(32));
const computePrf = () => {
  for (const [index, byte] of prfTurned.entries()) prf[index] = byte ^ 0xff;
};
computePrf();
const facts = { label: 'key', credentialId: 'AAEC', rpId: 'nacre', salt: '00'.repeat(32), prf };
const { paths } = valueOf(await vault.paths.addSecurityKey(first, facts));
valueOf(await vault.paths.addKeychain(first, 'this machine'));
const imported: Record<string, Uint8Array> = {};
for (const type of ['ed25519', 'x25519', 'secp256k1'] as const) {
  const file = keyFile(type);
  imported[type] = file.turned;
  valueOf(await vault.keys.importFile(first, { path: file.path, label: type }));
}
valueOf(vault.lock('asked'));
computePrf();
valueOf(await vault.unlockWithSecurityKey(paths.find(({ type }) => type === 'security-key')?.id ?? '', prf));
valueOf(vault.lock('asked'));
valueOf(await vault.unlockWithKeychain());
valueOf(vault.lock('asked'));
valueOf(await vault.unlock(first));
valueOf(vault.keys.signWith('job-order', ({ sign }) => sign(new Uint8Array(100))));
valueOf(await vault.changePassphrase(first, 'another set of words'));
valueOf(vault.lock('asked'));
process.stdout.write(
  `${JSON.stringify({
    secrets: turned.length,
    held,
    found: turned.map(occurrences),
    prf: occurrences(prfTurned),
    passphrase: { held: passphraseHeld, left: passphraseLeft, replaced: passphraseReplaced, wiped },
    imported: Object.fromEntries(Object.entries(imported).map(([type, secret]) => [type, occurrences(secret)])),
  })}\n`,
);
