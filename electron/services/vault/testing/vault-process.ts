import { openVault, valueOf } from './vault-fixture.ts';

/**
 * A process to be killed: `vault-process.ts DIRECTORY PASSPHRASE…`. Unlocks (or creates) with the first passphrase that
 * fits, then writes secrets and changes the passphrase for ever, saying what was acknowledged.
 */
const [directory, ...passphrases] = process.argv.slice(2);
if (directory === undefined) throw new Error('usage: vault-process.ts DIRECTORY PASSPHRASE…');
const say = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`);

const { vault } = openVault(directory);
let current = passphrases[0] ?? '';
if (vault.state().state === 'absent') valueOf(await vault.create(current));
for (const passphrase of passphrases) {
  if (vault.unlocked()) break;
  const unlocked = await vault.unlock(passphrase);
  if (unlocked.ok) current = passphrase;
  else if (unlocked.error.code !== 'wrong_passphrase') say({ error: unlocked.error });
}
if (!vault.unlocked()) throw new Error('no passphrase fits');
say({ unlocked: true });
const known = valueOf(vault.secrets.list()).length;
for (let number = known; ; number++) {
  valueOf(vault.secrets.put(`s${number}`, new Uint8Array(3000).fill(number % 256)));
  say({ secret: number });
  if (number % 5 === 4) {
    const next = passphrases.find((passphrase) => passphrase !== current) ?? current;
    valueOf(await vault.changePassphrase(current, next));
    current = next;
    say({ passphrase: current });
  }
  if (number % 7 === 6) {
    vault.lock('asked');
    say({ locked: true });
    valueOf(await vault.unlock(current));
  }
}
