import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApprovalView, Member, MembersView } from '../contract/approval.ts';
import {
  openReadyCore,
  runEnd,
  taskEnd,
  startTestNetwork,
  value,
  waitFor,
  type TestCore,
  type TestNetwork,
} from '../core/testing/harness.ts';
import { runNacre, type Outcome } from './testing/process.ts';

const passphrase = 'air gap and a long walk';
const traced = spawnSync('strace', ['-V']).status === 0;

let folder: string;
let network: TestNetwork;
let desk: TestCore;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nacre-custody-'));
  network = await startTestNetwork();
  desk = await openReadyCore(network);
}, 40_000);
afterAll(async () => {
  await desk.end();
  await network.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The real command on the custodian's profile, as its own process. */
async function nacre(...args: string[]): Promise<Outcome> {
  const offline = [...args, '--profile', join(folder, 'vault'), '--passphrase-fd', '0'];
  const outcome = await runNacre(folder, offline, `${passphrase}\n${passphrase}\n`);
  expect(outcome.note, args.join(' ')).not.toContain('internal');
  return outcome;
}

async function json<T>(...args: string[]): Promise<T> {
  const outcome = await nacre(...args, '--json');
  if (outcome.code !== 0) throw new Error(`${args.join(' ')}: ${outcome.note}`);
  return JSON.parse(outcome.out) as T;
}

describe('a custodian on a machine without a network', () => {
  it('approves a release by pictures; the desk releases', async () => {
    expect((await nacre('custody', 'init')).out).toContain('offline');
    expect((await nacre('vault', 'create')).code).toBe(0);
    const { own, offline } = await json<MembersView>('members', 'show');
    expect(offline).toBe(true);

    const core = desk.core;
    const deskKey = value(await core.invoke('members.show', {})).own.publicKey;
    const members: Member[] = [
      { name: 'Desk', publicKey: deskKey, roles: ['launcher', 'admin'] },
      { name: 'Alice', publicKey: own.publicKey, roles: ['custodian'] },
    ];
    const action = { approvals: 1, requesterCounts: false, validSeconds: 600 };
    const actions = { 'key-release': action, override: action, 'members-change': action };
    value(await core.invoke('members.set', { organisation: 'Hospital', members, actions }));
    const rule = join(folder, 'rule.png');
    value(await core.invoke('approvals.export', { what: 'members', form: 'png', path: rule }));

    const { runId } = value(await core.invoke('jobs.launchSample', {}));
    let id = '';
    await waitFor(async () => {
      id = value(await core.invoke('runs.get', { id: runId })).approval?.requestId ?? '';
      return id !== '';
    });
    const request = join(folder, 'request.png');
    value(await core.invoke('approvals.export', { what: 'request', form: 'png', path: request, id }));

    const early = await nacre('approve', 'import', request);
    expect(early).toMatchObject({ code: 2 });
    expect(early.note).toContain('rule');
    expect((await nacre('approve', 'import', rule)).code).toBe(0);
    expect((await nacre('approve', 'import', request)).out).toContain(id);

    const shown = await nacre('approve', 'show', id.slice(0, 10));
    expect(shown.out).toContain('SIMULATED');
    const [dataset] = value(await core.invoke('datasets.list', {}));
    for (const part of ['Release the key of', dataset?.root ?? '?', 'cpu0 (snp) measurement', 'not after', 'budget']) {
      expect(shown.out).toContain(part);
    }
    const signed = await json<ApprovalView>('approve', 'sign', id.slice(0, 10));
    expect(signed).toMatchObject({ state: 'granted', approvals: { have: 1, need: 1 } });
    expect((await nacre('approve', 'sign', id)).code, 'signed once').toBe(1);
    const answer = join(folder, 'answer.png');
    expect((await nacre('approve', 'export', id, '--answer', '--qr', '--out', answer)).code).toBe(0);

    value(await core.invoke('approvals.import', { paths: [answer] }));
    expect(await runEnd(core, runId)).toMatchObject({ state: 'succeeded' });
    expect((await nacre('approve', 'export', id, '--out', answer)).note).toContain('exists already');
    expect((await nacre('approve', 'remove', id)).code).toBe(0);
    expect((await nacre('approve', 'show', id)).note).toContain('There is no request');

    // An override: asked for at the desk, read and signed here.
    await taskEnd(core, value(await core.invoke('nodes.verify', { node: 'helsinki-h200' })));
    const evidence = value(await core.invoke('nodes.evidence', { node: 'helsinki-h200' }));
    const wish = { evidenceId: evidence?.id ?? '', justification: 'New firmware on Monday.', hours: 1 };
    const asked = value(await core.invoke('approvals.requestOverride', wish));
    const override = join(folder, 'override.json');
    value(await core.invoke('approvals.export', { what: 'request', form: 'file', path: override, id: asked.id }));
    expect((await nacre('approve', 'import', override)).code).toBe(0);
    const words = await nacre('approve', 'sign', asked.id);
    expect(words.code).toBe(0);
    for (const part of ['WARNING: A key would go to a node', 'tcb-below-minimum', 'New firmware on Monday.']) {
      expect(words.note).toContain(part);
    }
    expect((await nacre('approve', 'request-override', '--evidence', 'x')).note).toContain('--reason');
  }, 300_000);

  it('refuses what is for a network, and the web host', async () => {
    const nodes = await nacre('nodes');
    expect(nodes.code).not.toBe(0);
    expect(nodes.note).toContain('offline custody profile');
    const host = join(import.meta.dirname, '..', 'webhost', 'main.ts');
    const web = spawnSync(process.execPath, [host, '--profile', join(folder, 'vault'), '--no-open'], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect(web.status).toBe(3);
    expect(web.stderr).toContain('offline custody profile');
  }, 120_000);

  it.runIf(traced)(
    'asks the system for no socket, which strace would see',
    async () => {
      const main = join(import.meta.dirname, 'main.ts');
      const socketsOf = async (name: string, args: string[]) => {
        const trace = join(folder, `${name}.trace`);
        const child = spawnSync(
          'strace',
          [
            '-f',
            '-qq',
            '-e',
            'trace=network',
            '-o',
            trace,
            process.execPath,
            '--disable-warning=ExperimentalWarning',
            ...args,
          ],
          { input: `${passphrase}\n`, encoding: 'utf8', timeout: 60_000 },
        );
        expect(child.error, name).toBeUndefined();
        const calls = (await readFile(trace, 'utf8')).split('\n');
        return { code: child.status, calls: calls.filter((call) => /\b(socket|connect|bind|listen)\(/.test(call)) };
      };
      const profile = ['--profile', join(folder, 'vault'), '--passphrase-fd', '0'];
      const listed = await socketsOf('list', [main, 'approve', 'list', ...profile]);
      expect(listed).toEqual({ code: 0, calls: [] });
      const shown = await socketsOf('members', [main, 'members', 'show', ...profile]);
      expect(shown).toEqual({ code: 0, calls: [] });
      // The same look at a process that does open one.
      await writeFile(
        join(folder, 'listens.mjs'),
        "import net from 'node:net'; net.createServer().listen(0, function () { this.close(); });",
      );
      const listens = await socketsOf('listens', [join(folder, 'listens.mjs')]);
      expect(listens.calls.length).toBeGreaterThan(0);
    },
    120_000,
  );
});
