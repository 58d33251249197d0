import { createInterface } from 'node:readline';
import { z } from 'zod';
import { jobDraftSchema } from '../../contract/job.ts';
import { createCore } from '../create-core.ts';
import { secret, value } from './harness.ts';
import { testKdf } from './test-kdf.ts';

/**
 * A core as a process of its own that a test may kill at any moment: `node core-process.ts PROFILE DIRECTORY`. It unlocks the
 * vault of a test, then launches the draft that comes as a line on stdin. stdout, JSON
 * lines: `{"open": true}`, then `{"runId", "stage"}`: `launched`, each state of the run as soon as it is stored, and
 * `between` while it is with no node.
 */
const [profile = '', directory = ''] = process.argv.slice(2);
const say = (what: unknown) => void process.stdout.write(`${JSON.stringify(what)}\n`);
const core = value(
  await createCore({
    host: 'test',
    profile,
    kdf: testKdf,
    kdfFloor: testKdf,
    externalNetwork: directory,
    timeouts: { connectMs: 2000, idleMs: 5000, slowMs: 1500 },
    silenceMs: 3000,
  }),
);
value(await core.invoke('vault.unlock', { passphrase: secret() }));
while (value(await core.invoke('network.state', {})).state !== 'running') {
  await new Promise((wake) => setTimeout(wake, 20));
}
say({ open: true });
for await (const line of createInterface({ input: process.stdin })) {
  const draft = jobDraftSchema.parse(z.json().parse(JSON.parse(line)));
  const { runId } = value(await core.invoke('jobs.launch', { draft }));
  say({ runId, stage: 'launched' });
  let said = '';
  for (;;) {
    const run = value(await core.invoke('runs.get', { id: runId }));
    const stage = run.recovery === undefined ? run.state : 'between';
    if (stage !== said) say({ runId, stage });
    said = stage;
    await new Promise((wake) => setImmediate(wake));
  }
}
