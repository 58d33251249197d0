import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { passphraseIdentity, parseIdentityFile } from '../../domain/sealed/identities.ts';
import { passphraseRecipient } from '../../domain/sealed/recipients.ts';
import { createDesk, take } from './testing/desk.ts';

const desk = createDesk();
const { at, fresh, service } = desk;
afterAll(() => desk.close());

const hasAge = spawnSync('age', ['--version']).status === 0;
/** age reads a passphrase from a terminal only; `script` of util-linux makes one. */
const hasScript = spawnSync('script', ['--version']).status === 0;
if (process.env['CI'] === 'true' && !(hasAge && hasScript)) throw new Error('age and script are needed under CI');

/** Runs a command on a terminal of its own and types the answer at every prompt for a passphrase. */
async function onTerminal(command: string, answer: string): Promise<void> {
  const terminal = spawn('script', ['-qec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
  let seen = '';
  terminal.stdout.on('data', (piece: Buffer) => {
    seen += piece.toString();
    if (!/passphrase[^:]*: $/i.test(seen)) return;
    seen = '';
    terminal.stdin.write(`${answer}\n`);
  });
  const code = await new Promise((resolve) => terminal.once('close', resolve));
  expect(code, seen).toBe(0);
}

describe.skipIf(!hasAge)('the age program', () => {
  it.skipIf(!hasScript)(
    'opens what we sealed to a passphrase, and seals what we open with it',
    async () => {
      const plain = fresh('.txt');
      writeFileSync(plain, 'for a passphrase');
      const words = 'correct horse battery staple';
      take(
        await service.seal({ path: plain, recipients: [passphraseRecipient(Buffer.from(words))], out: `${plain}.age` }),
      );
      await onTerminal(`age -d -o ${plain}.theirs ${plain}.age`, words);
      expect(readFileSync(`${plain}.theirs`, 'utf8')).toBe('for a passphrase');
      rmSync(`${plain}.age`);
      await onTerminal(`age -p -o ${plain}.age ${plain}`, words);
      const opened = {
        file: `${plain}.age`,
        identities: [passphraseIdentity(Buffer.from(words))],
        out: `${plain}.ours`,
      };
      take(await service.open(opened));
      expect(readFileSync(`${plain}.ours`, 'utf8')).toBe('for a passphrase');
      const wrong = { ...opened, identities: [passphraseIdentity(Buffer.from('wrong'))], out: `${plain}.wrong` };
      expect(await service.open(wrong)).toMatchObject({ error: { code: 'wrong_passphrase' } });
    },
    60_000,
  );

  const hasHybrid = spawnSync('age-keygen', ['-pq']).status === 0;
  it('passes hybrid files both ways, from age 1.3 on', async () => {
    if (!hasHybrid) {
      // Hybrid files pass to and from the npm package age-encryption wherever this runs; see domain/sealed.
      const version = execFileSync('age', ['--version'], { encoding: 'utf8' }).trim();
      expect(version, 'an age that should know hybrid recipients').toMatch(/^\(?v?1\.[0-2]\b/);
      return;
    }
    const plain = fresh('.txt');
    writeFileSync(plain, 'for the years to come');
    execFileSync('age-keygen', ['-pq', '-o', at('hybrid')], { stdio: 'ignore' });
    const identities = take(parseIdentityFile(readFileSync(at('hybrid'), 'utf8')));
    const recipient = identities[0]?.recipient ?? '';
    take(await service.seal({ path: plain, recipients: [recipient], out: `${plain}.age` }));
    execFileSync('age', ['-d', '-i', at('hybrid'), '-o', `${plain}.theirs`, `${plain}.age`]);
    expect(readFileSync(`${plain}.theirs`, 'utf8')).toBe('for the years to come');
    execFileSync('age', ['-r', recipient, '-o', `${plain}.by-age`, plain]);
    take(await service.open({ file: `${plain}.by-age`, identities, out: `${plain}.ours` }));
    expect(readFileSync(`${plain}.ours`, 'utf8')).toBe('for the years to come');
  });
});
