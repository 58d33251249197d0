import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Workspace } from '../storage/workspace.ts';

/** What an agent has open when it is killed: plaintext, a program in its own group, and one that has left that group. */
const workspace = await Workspace.open('/dev/shm');
const made = await workspace.createFolder('job-1');
if (!made.ok) throw new Error(made.error.message);
await writeFile(join(made.value, 'rows with spaces.csv'), 'secret\n'.repeat(40_000));
const work = (program: string) =>
  spawn('sh', ['-c', program], { cwd: made.value, stdio: ['ignore', 'pipe', 'ignore'], detached: true });
const child = work('sleep 600 & exec setsid sh -c "sleep 600 & echo ready; wait"');
const ended = work('exit 0');
if (child.pid === undefined || ended.pid === undefined) throw new Error('no program was started');
workspace.guard(ended.pid);
workspace.guard(child.pid);
workspace.release(ended.pid);
child.stdout.once('data', () => process.stdout.write(`${JSON.stringify({ folder: made.value })}\n`));
