import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { LogRing } from '../log-tail.ts';
import { connectRay, type RayClient } from '../ray-client.ts';
import type { RayCluster } from './cluster.ts';

const inCi = process.env['CI'] === 'true' || process.env['CI'] === '1';

/**
 * The client against a real Ray cluster with token authentication, all of whose nodes live. A cluster takes half a
 * minute of two processors, so this suite and that of whole runs share one.
 */
export function testRayClient(theCluster: () => RayCluster): void {
  describe('the client of a real Ray cluster with token authentication', () => {
    let cluster: RayCluster;
    let client: RayClient;
    beforeAll(async () => {
      cluster = theCluster();
      client = await connected(cluster);
    });

    const ended = async (id: string) => {
      for (;;) {
        const job = await client.job(id);
        if (!job.ok) throw new Error(job.error.message);
        if (job.value.status !== 'PENDING' && job.value.status !== 'RUNNING') return job.value;
        await sleep(250);
      }
    };

    it('tells its version; its token lies in a file of its owner and is asked for', async () => {
      expect(client.rayVersion).toMatch(/^2\./);
      expect(client.authentication).toBe('token');
      expect(client.dangers).toEqual([]);
      expect(statSync(cluster.tokenPath).mode & 0o777).toBe(0o600);
      const missing = await connectRay({ url: cluster.url });
      expect(missing.ok ? '' : missing.error.details?.['reason']).toBe('token-missing');
      const wrong = await connectRay({ url: cluster.url, token: 'a'.repeat(64) });
      expect(wrong.ok ? '' : wrong.error.details?.['reason']).toBe('token-wrong');
    });

    it('lists its nodes with the labels of the agents beside them; the head takes no work', async () => {
      const nodes = await client.nodes();
      if (!nodes.ok) throw new Error(nodes.error.message);
      expect(nodes.value.filter(({ state }) => state === 'ALIVE')).toHaveLength(cluster.workers.length + 1);
      expect(nodes.value.find(({ head }) => head)?.resources['CPU']).toBeUndefined();
      for (const { name, agentPort } of cluster.workers) {
        const node = nodes.value.find(({ labels }) => labels['nacre-node'] === name);
        expect(node?.labels['nacre-port']).toBe(String(agentPort));
      }
    });

    it.skipIf(process.platform !== 'linux')('listens on the loopback only', () => {
      const listening = spawnSync('ss', ['-Hltnp'], { encoding: 'utf8' });
      if (listening.error !== undefined) return expect(inCi).toBe(false);
      const ours = listening.stdout.split('\n').filter((line) => /raylet|gcs_server|ray::/.test(line));
      expect(ours.length).toBeGreaterThan(3);
      expect(ours.filter((line) => !/\s(127\.0\.0\.1|\[::ffff:127\.0\.0\.1\]):\d+\s/.test(line))).toEqual([]);
    });

    it('uploads a package once, runs it on the node with the label, and tails its log to the end', async () => {
      const script = 'import os\nfrom helper import word\nprint(word, os.environ["WHO"], flush=True)\n';
      const files = [
        { path: 'main.py', bytes: new TextEncoder().encode(script) },
        { path: 'helper.py', bytes: new TextEncoder().encode('word = "packed"\n') },
      ];
      const first = await client.upload(files);
      const second = await client.upload(files.toReversed());
      if (!first.ok) throw new Error(first.error.message);
      if (!second.ok) throw new Error(second.error.message);
      expect([first.value.sent, second.value.sent]).toEqual([true, false]);
      const labels = { 'nacre-node': 'virginia-h200' };
      const submission = {
        entrypoint: 'python main.py',
        submissionId: 'packed',
        labels,
        workingDirectory: first.value.uri,
        environment: { WHO: 'by label' },
      };
      expect(await client.submit(submission)).toEqual({ ok: true, value: 'packed' });
      const ring = new LogRing();
      const tailed = await client.tail('packed', (text) => ring.push(text), AbortSignal.timeout(60_000));
      expect(tailed.ok).toBe(true);
      expect(ring.lines()).toContain('packed by label');
      const job = await ended('packed');
      expect(job).toMatchObject({ status: 'SUCCEEDED', exitCode: 0 });
      const nodes = await client.nodes();
      const ran = nodes.ok ? nodes.value.find(({ id }) => id === job.nodeId) : undefined;
      expect(ran?.labels['nacre-node']).toBe('virginia-h200');
      const again = await client.submit(submission);
      expect(again.ok ? 'ok' : again.error.code).toBe('already_exists');
    }, 120_000);

    it('tells an exit code, stops what runs, deletes what ended, and knows no other', async () => {
      expect((await client.submit({ entrypoint: 'exit 3', submissionId: 'fails' })).ok).toBe(true);
      expect(await ended('fails')).toMatchObject({ status: 'FAILED', exitCode: 3 });
      await client.submit({ entrypoint: 'sleep 600', submissionId: 'sleeps' });
      for (let i = 0; i < 100; i++) {
        const job = await client.job('sleeps');
        if (job.ok && job.value.status === 'RUNNING') break;
        await sleep(200);
      }
      expect(await client.stop('sleeps')).toEqual({ ok: true, value: true });
      expect((await ended('sleeps')).status).toBe('STOPPED');
      expect(await client.remove('sleeps')).toEqual({ ok: true, value: true });
      const gone = await client.job('sleeps');
      expect(gone.ok ? 'ok' : gone.error.code).toBe('not_found');
      const events = await client.events();
      expect(events.ok).toBe(true);
    }, 120_000);
  });
}

async function connected({ url, tokenPath }: RayCluster): Promise<RayClient> {
  const client = await connectRay({ url, token: readFileSync(tokenPath, 'utf8') });
  if (!client.ok) throw new Error(client.error.message);
  return client.value;
}

/** Kills the Ray node of a worker, and waits until Ray tells of it. */
export async function killRayNode(cluster: RayCluster, name: string): Promise<void> {
  const client = await connected(cluster);
  const victim = cluster.workers.find((worker) => worker.name === name);
  if (victim === undefined) throw new Error(`there is no worker ${name}`);
  process.kill(-victim.pid, 'SIGKILL');
  const killed = Date.now();
  for (;;) {
    const nodes = await client.nodes();
    const node = nodes.ok ? nodes.value.find(({ labels }) => labels['nacre-node'] === victim.name) : undefined;
    if (node?.state === 'DEAD') {
      expect(node.message).toMatch(/terminat|heartbeat|health check|dead/i);
      break;
    }
    if (Date.now() - killed > 20_000) throw new Error('not noticed within 20 s');
    await sleep(250);
  }
  process.stdout.write(`Ray noticed the killed node after ${((Date.now() - killed) / 1000).toFixed(1)} s\n`);
}
