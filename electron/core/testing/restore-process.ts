import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { DatabaseSync, StatementSync } from 'node:sqlite';
import type { MethodInput } from '../../contract/methods.ts';
import { createCore } from '../create-core.ts';
import { secret, value } from './harness.ts';
import { testKdf } from './test-kdf.ts';

/**
 * `restore-process.ts PROFILE STATES KILL_AT`: answers one act of recovery, given as JSON on standard input, and keeps what
 * lies in the profile before each call that may write: `STATES/0`, `STATES/1` … That is what a process leaves that is
 * killed there: files as the system has them, transactions open. With KILL_AT above 0 it does kill itself there.
 */
const [profile = '', states = '', killAt = '0'] = process.argv.slice(2);
interface Act {
  readonly method: 'backup.restore' | 'shares.recover';
  readonly backup?: string;
  readonly shares: readonly string[];
  readonly passphrase: string;
  readonly replace: boolean;
}
const act = JSON.parse(fs.readFileSync(0, 'utf8')) as Act;

let armed = false;
let kept = 0;
let last = '';

function keep(): void {
  if (!armed) return;
  armed = false;
  const files = fs.readdirSync(profile, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const hash = createHash('sha256');
  for (const { parentPath, name } of files) hash.update(name).update(fs.readFileSync(join(parentPath, name)));
  const digest = hash.digest('hex');
  if (digest !== last) {
    last = digest;
    kept += 1;
    if (kept === Number(killAt)) process.kill(process.pid, 'SIGKILL');
    if (Number(killAt) === 0) fs.cpSync(profile, join(states, String(kept - 1)), { recursive: true });
  }
  armed = true;
}

/** Keeps the state before and after every call of these functions. */
function watch(owner: object, names: readonly string[]): void {
  const functions = owner as Record<string, (...given: unknown[]) => unknown>;
  for (const name of names) {
    const original = functions[name];
    if (original === undefined) throw new Error(`there is no ${name}`);
    functions[name] = function watched(this: unknown, ...given: unknown[]) {
      keep();
      const answer = original.apply(this, given);
      keep();
      return answer;
    };
  }
}
watch(DatabaseSync.prototype, ['exec', 'close']);
watch(StatementSync.prototype, ['run', 'get', 'all']);
const core = value(await createCore({ profile, host: 'test', kdf: testKdf, kdfFloor: testKdf }));
const real = { readdirSync: fs.readdirSync, readFileSync: fs.readFileSync, cpSync: fs.cpSync };
watch(fs, ['writeFileSync', 'renameSync', 'rmSync', 'copyFileSync', 'chmodSync', 'unlinkSync', 'fsyncSync']);
Object.assign(fs, real);
syncBuiltinESMExports();

armed = true;
const shares = act.shares.map((text) => ({ text }));
const typed = secret(act.passphrase);
const input: MethodInput<'backup.restore'> = {
  path: act.backup ?? '',
  with: shares.length === 0 ? { passphrase: typed } : { shares, next: typed },
  replace: act.replace,
};
value(
  act.method === 'backup.restore'
    ? await core.invoke('backup.restore', input)
    : await core.invoke('shares.recover', { shares, next: typed }),
);
keep();
armed = false;
await core.close();
process.stdout.write(`${JSON.stringify({ states: kept })}\n`);
