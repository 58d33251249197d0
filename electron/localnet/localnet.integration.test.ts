import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestDesk } from '../agent/testing/desk.ts';
import type { NodeEvidence } from '../contract/node-evidence.ts';
import type { Directory } from '../contract/wire.ts';
import { cpuReportData, gpuNonce, type BindingHashes } from '../domain/evidence/binding.ts';
import { parseGpuReport } from '../domain/evidence/nvidia/report.ts';
import { parseSnpReport } from '../domain/evidence/snp/report.ts';
import { decodeTcb } from '../domain/evidence/snp/tcb.ts';
import { honestTcb, oldTcb } from './authority/reference.ts';
import { NetworkProcess } from './testing/network-process.ts';

const jobId = 'ab'.repeat(32);
const folder = mkdtempSync(join(tmpdir(), 'nacre-localnet-'));
let network: NetworkProcess;
let directory: Directory;

beforeAll(async () => {
  network = new NetworkProcess(folder);
  directory = await network.directory();
}, 60_000);
afterAll(async () => {
  network.child.stdin?.end();
  await network.exited;
  rmSync(folder, { recursive: true, force: true });
});

const hash = (name: string, parts: readonly Uint8Array[]): Uint8Array =>
  parts.reduce((sum, part) => sum.update(part), createHash(name)).digest();
const hashes: BindingHashes = {
  sha256: (...parts) => hash('sha256', parts),
  sha384: (...parts) => hash('sha384', parts),
};

function parsed<T>(result: { ok: true; value: T } | { ok: false }): T {
  if (!result.ok) throw new Error('the report does not parse');
  return result.value;
}

function snpOf({ cpu }: NodeEvidence) {
  if (cpu.family !== 'snp') throw new Error('the local network has SNP nodes');
  return cpu;
}

function snpReport(evidence: NodeEvidence) {
  return parsed(parseSnpReport(new Uint8Array(Buffer.from(snpOf(evidence).report, 'base64'))));
}

/** Whether each thing that a release rests on is bound to the challenge and the channel of this very answer. */
function bindings(evidence: NodeEvidence, nonce: string, spkiSha256: string) {
  const { runtime, gpus } = evidence;
  const gpuNonces = gpus.map((gpu) => parsed(parseGpuReport(new Uint8Array(Buffer.from(gpu.report, 'base64')))).nonce);
  const expected = Buffer.from(gpuNonce(runtime, hashes));
  return {
    nonce: runtime.challenge.nonce === nonce,
    channel: runtime.tlsSpkiSha256 === spkiSha256,
    reportData: Buffer.from(snpReport(evidence).reportData).equals(Buffer.from(cpuReportData(runtime, gpus, hashes))),
    gpu: gpuNonces.every((found) => Buffer.from(found).equals(expected)),
  };
}

async function ask(name: string) {
  const node = directory.nodes.find((entry) => entry.name === name);
  const desk = new TestDesk(node?.url ?? '');
  const challenge = desk.challenge(jobId);
  const answer = await desk.send('POST', '/v1/evidence', { challenge });
  desk.close();
  const evidence = answer.json as NodeEvidence;
  return { evidence, bindings: bindings(evidence, challenge.nonce, answer.spkiSha256) };
}

const bound = { nonce: true, channel: true, reportData: true, gpu: true };

describe('the local network', () => {
  it('says how far it is, then names six nodes of different places and prices', () => {
    expect(network.events.filter(({ event }) => event === 'progress').length).toBe(8);
    expect(directory.nodes.length).toBe(6);
    for (const key of ['region', 'usdPerHour', 'url', 'city'] as const) {
      expect(new Set(directory.nodes.map((node) => node[key])).size, key).toBe(6);
    }
    expect(directory.nodes.flatMap(({ mode }) => mode ?? [])).toEqual(['debug', 'old-firmware', 'other-measurement']);
    expect(new Set(directory.nodes.map(({ gpuModel }) => gpuModel))).toEqual(new Set(['H100', 'H200']));
  });

  it('keeps keys from other users and directory and process list free of them', () => {
    const keys = join(folder, 'simulated-hardware.json');
    expect(statSync(keys).mode & 0o777).toBe(0o600);
    const { nodes } = JSON.parse(readFileSync(keys, 'utf8')) as {
      nodes: Record<string, { cpu: { privateKey: string } }>;
    };
    const secrets = Object.values(nodes).map(({ cpu }) => cpu.privateKey);
    const open = [
      readFileSync(join(folder, 'directory.json'), 'utf8'),
      ...agentFiles('cmdline'),
      ...agentFiles('environ'),
    ];
    for (const secret of secrets) for (const text of open) expect(text.includes(secret)).toBe(false);
    expect(secrets.length).toBe(6);
  });

  it('honest nodes bind channel, nonce, GPUs and keys; roots are the ones of the directory', async () => {
    for (const name of ['frankfurt-h100', 'virginia-h200', 'singapore-h100']) {
      const { evidence, bindings } = await ask(name);
      expect(bindings, name).toEqual(bound);
      const root = snpOf(evidence).certificates.at(-1) ?? '';
      expect(directory.anchors.amd).toEqual([createHash('sha256').update(Buffer.from(root, 'base64')).digest('hex')]);
      const report = snpReport(evidence);
      expect(Buffer.from(report.measurement).toString('hex')).toBe(directory.reference.snpMeasurement);
    }
  });

  it('each bad node has its own flaw, and only that', async () => {
    const debug = await ask('saopaulo-h100');
    const old = await ask('helsinki-h200');
    const other = await ask('tokyo-h100');
    for (const { bindings } of [debug, old, other]) expect(bindings).toEqual(bound);
    const flaws = [debug, old, other].map(({ evidence }) => {
      const report = snpReport(evidence);
      return {
        debug: report.policy.debug,
        snp: decodeTcb(report.reportedTcb, 'Genoa').snp,
        measured: Buffer.from(report.measurement).toString('hex') === directory.reference.snpMeasurement,
      };
    });
    expect(flaws).toEqual([
      { debug: true, snp: honestTcb.snp, measured: true },
      { debug: false, snp: oldTcb.snp, measured: true },
      { debug: false, snp: honestTcb.snp, measured: false },
    ]);
  });

  it('lies on demand, in the way that was asked for, and stops when told', async () => {
    const name = 'frankfurt-h100';
    const expected = {
      'stale-nonce': { ...bound, nonce: false },
      relay: { ...bound, reportData: false },
      'swapped-gpu': { ...bound, reportData: false, gpu: false },
      'wrong-tls-key': { ...bound, channel: false },
      none: bound,
    } as const;
    for (const [fault, found] of Object.entries(expected) as [keyof typeof expected, typeof bound][]) {
      await network.setFault(name, fault);
      expect((await ask(name)).bindings, fault).toEqual(found);
    }
    network.send({ command: 'set-fault', node: 'atlantis', fault: 'hang' });
    await network.event(({ event }) => event === 'error');
  });
});

/** `/proc` files of the agents of the running network. */
function agentFiles(file: 'cmdline' | 'environ'): string[] {
  return agentsOf(network.child.pid ?? 0).map((pid) => readFileSync(`/proc/${pid}/${file}`, 'utf8'));
}

/** Process ids of the children of a process; none where there is no /proc. */
function agentsOf(parent: number): number[] {
  if (!existsSync('/proc')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return new RegExp(`^PPid:\\s+${parent}$`, 'm').test(readFileSync(`/proc/${pid}/status`, 'utf8'));
      } catch {
        return false;
      }
    })
    .map(Number);
}

function running(pids: readonly number[]): number[] {
  return pids.filter((pid) => {
    try {
      return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
    } catch {
      return false;
    }
  });
}

describe('the end of the local network', () => {
  it.runIf(process.platform === 'linux')('by kill -9 ends its agents and leaves nothing in memory', async () => {
    const other = new NetworkProcess(folder, '--fault', 'tokyo-h100=garbage');
    await other.directory();
    const agents = agentsOf(other.child.pid ?? 0);
    expect(agents.length).toBe(6);
    other.child.kill('SIGKILL');
    await expect.poll(() => running(agents), { timeout: 10_000 }).toEqual([]);
    for (const pid of agents) {
      expect(readdirSync('/dev/shm').filter((name) => name.startsWith(`nacre-agent-${pid}-`))).toEqual([]);
    }
  });

  it('by its own command ends its agents; with wipe nothing is left of it', async () => {
    const path = mkdtempSync(join(tmpdir(), 'nacre-localnet-'));
    const other = new NetworkProcess(path);
    await other.event(({ event }) => event === 'progress');
    // Also in the middle of starting.
    other.send({ command: 'stop', wipe: true });
    expect(await other.exited).toBe(0);
    expect(readdirSync(path)).toEqual([]);
    rmSync(path, { recursive: true });
  });

  it('comes at once, with a sentence, for arguments that make no sense', async () => {
    const other = new NetworkProcess(folder, '--fault', 'tokyo-h100=sulking');
    expect(await other.exited).toBe(2);
    expect(other.events).toMatchObject([
      { event: 'error', message: expect.stringMatching(/^--fault: one of none/) as string },
    ]);
  });
});
