import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestDesk } from '../agent/testing/desk.ts';
import type { NodeFault } from '../contract/local-network.ts';
import type { Directory } from '../contract/wire.ts';
import { createSigner } from '../domain/dsse/dsse.ts';
import { localMinimumTcb, localNetworkPolicy, policyDigest } from '../domain/policy/policy.ts';
import { createEvidenceVerifier } from '../services/evidence/verifier.ts';
import { NetworkProcess } from './testing/network-process.ts';

/** The desk's own verifier on what the agents really send: two programs that share only the wire contract. */
const folder = mkdtempSync(join(tmpdir(), 'nacre-verdicts-'));
const random = (bytes: number) => new Uint8Array(randomBytes(bytes));
const verifier = createEvidenceVerifier({ clock: Date.now, random, build: 'test' });
const signer = createSigner(random(32));
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

async function verify(name: string) {
  const node = directory.nodes.find((entry) => entry.name === name);
  const { snpMeasurement, gpuMeasurements } = directory.reference;
  const policy = localNetworkPolicy({ measurements: [snpMeasurement], minimumTcb: localMinimumTcb });
  const challenge = verifier.challenge({
    sessionId: randomBytes(16).toString('hex'),
    jobId: 'ab'.repeat(32),
    policyDigest: policyDigest(policy),
  });
  const desk = new TestDesk(node?.url ?? '');
  const answer = await desk.send('POST', '/v1/evidence', { challenge });
  desk.close();
  const verdict = verifier.verifyNode({
    node: name,
    challenge,
    evidence: answer.json,
    observedTlsSpkiSha256: answer.spkiSha256,
    policy,
    simulatedNetwork: { anchors: directory.anchors, gpuMeasurements },
    expectedGpus: node?.gpuCount ?? 0,
    signer,
  });
  if (!verdict.ok) throw new Error(verdict.error.message);
  const { verification, verified } = verdict.value;
  return { status: verification.status, reason: verification.reason, released: verified !== undefined };
}

describe('the verdict of the desk', () => {
  it.each(['frankfurt-h100', 'virginia-h200', 'singapore-h100'])('on honest %s is affirming', async (name) => {
    expect(await verify(name)).toEqual({ status: 'affirming', reason: undefined, released: true });
  });

  it('on each bad node is a refusal with its own reason', async () => {
    const verdicts = [await verify('saopaulo-h100'), await verify('helsinki-h200'), await verify('tokyo-h100')];
    expect(verdicts.map(({ released }) => released)).toEqual([false, false, false]);
    expect(verdicts.map(({ reason }) => reason)).toEqual([
      'debug-enabled',
      'tcb-below-minimum',
      'measurement-not-allowed',
    ]);
  });

  it('on each lie is a refusal', async () => {
    const reasons: Record<string, unknown> = {};
    for (const fault of ['stale-nonce', 'relay', 'swapped-gpu', 'wrong-tls-key', 'garbage'] satisfies NodeFault[]) {
      await network.setFault('frankfurt-h100', fault);
      const { released, reason } = await verify('frankfurt-h100');
      expect(released, fault).toBe(false);
      reasons[fault] = reason;
    }
    await network.setFault('frankfurt-h100', 'none');
    expect((await verify('frankfurt-h100')).released).toBe(true);
    expect(reasons).toEqual({
      garbage: 'evidence-malformed',
      relay: 'report-data-mismatch',
      'stale-nonce': 'nonce-mismatch',
      'swapped-gpu': 'gpu-nonce-mismatch',
      'wrong-tls-key': 'tls-key-mismatch',
    });
  });
});
