import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { approvalPayloadTypes, type Approval, type ApprovalSubject } from '../../contract/approval.ts';
import { ok } from '../../contract/result.ts';
import { blockingChecks } from '../../domain/approval/override.ts';
import { approvedNodeOf } from '../../domain/approval/fingerprint.ts';
import { createSigner, signJson } from '../../domain/dsse/dsse.ts';
import { verifyEar } from '../../domain/ear/ear.ts';
import { simulateFault } from '../../domain/evidence/simulated/faults.ts';
import { simulateNodeEvidence } from '../../domain/evidence/simulated/node-evidence.ts';
import { policyDigest } from '../../domain/policy/policy.ts';
import { oldTcb, otherMeasurement } from '../../localnet/authority/reference.ts';
import { random, runtimeFor, startSimulatedNetwork } from '../evidence/testing/simulated-network.ts';
import { createEvidenceVerifier } from '../evidence/verifier.ts';
import { requestRecordSchema } from './approval-record.ts';
import { alice, bob, draftOf, launcher, openDesk, start, value, type Desk } from './testing/desk.ts';

const jobId = '22'.repeat(32);
const signer = createSigner(new Uint8Array(32).fill(7));

let network: Awaited<ReturnType<typeof startSimulatedNetwork>>;
beforeAll(async () => {
  network = await startSimulatedNetwork(start);
}, 60_000);

let desk: Desk;
beforeEach(() => {
  desk = openDesk(launcher);
  value(desk.service.setMembers(draftOf()));
});
afterEach(() => desk.end());

type Hardware = Parameters<typeof network.hardware>[0];

interface Attempt {
  readonly node?: string;
  readonly job?: string;
  readonly hardware?: Hardware;
  readonly policy?: typeof network.policy;
  readonly fault?: 'stale-nonce' | 'relay' | 'swapped-gpu';
  readonly edit?: (evidence: ReturnType<typeof simulateNodeEvidence>) => unknown;
  readonly tls?: string;
}

/** A fresh challenge, answered by a machine with old firmware, verified with the desk's approved overrides. */
function attest({
  node = 'oslo',
  job = jobId,
  hardware = { tcb: oldTcb },
  policy = network.policy,
  ...rest
}: Attempt = {}) {
  const verifier = createEvidenceVerifier({ clock: () => desk.now, random, build: 'test' });
  const challenge = verifier.challenge({ sessionId: '11'.repeat(16), jobId: job, policyDigest: policyDigest(policy) });
  const runtime = runtimeFor(challenge);
  const machine = network.hardware(hardware);
  const evidence =
    rest.fault === undefined
      ? simulateNodeEvidence(machine, runtime, random)
      : simulateFault(rest.fault, machine, network.hardware(hardware), runtime, random);
  return value(
    verifier.verifyNode({
      node,
      challenge,
      evidence: rest.edit?.(evidence) ?? evidence,
      observedTlsSpkiSha256: rest.tls ?? runtime.tlsSpkiSha256,
      policy,
      simulatedNetwork: network.network,
      expectedGpus: 1,
      override: desk.service.overrideFor,
      signer,
    }),
  );
}

function subjectOf(change: Partial<ApprovalSubject<'override'>> = {}, from = attest()): ApprovalSubject<'override'> {
  const { verification, evidenceSha256 } = from;
  return {
    jobId: null,
    node: approvedNodeOf(verification, evidenceSha256),
    policyDigest: verification.policyDigest,
    checks: blockingChecks(verification),
    justification: 'The vendor ships the new firmware on Monday.',
    notAfter: new Date(start + 1_800_000).toISOString(),
    ...change,
  };
}

function ask(subject: ApprovalSubject<'override'>): string {
  const asked = desk.service.authorise('override', subject);
  if (asked.ok) throw new Error('nobody approved this');
  expect(asked.error.code, asked.error.message).toBe('approval_missing');
  return String(asked.error.details?.['requestId']);
}

function approve(requestSha256: string, by = [alice, bob]): void {
  for (const who of by) {
    const at = new Date(desk.now).toISOString();
    const approval: Approval = { v: 1, requestSha256, decision: 'approve', publicKey: who.publicKey, at };
    const envelope = signJson(approvalPayloadTypes.approval, approval, who.signer);
    value(desk.service.importFile({ nacre: 'approval', v: 1, approval: envelope }));
  }
}

function overridden(change: Partial<ApprovalSubject<'override'>> = {}): string {
  const id = ask(subjectOf(change));
  approve(id);
  return id;
}

describe('an approved override', () => {
  it('lets the same node through with fresh evidence, as a warning that names it', () => {
    expect(attest().verified, 'before anybody asked').toBeUndefined();
    const id = ask(subjectOf());
    expect(attest().verified, 'asked, not approved').toBeUndefined();
    approve(id, [alice]);
    expect(attest().verified, 'one of two').toBeUndefined();
    approve(id, [bob]);
    const { verification, verified, ear } = attest();
    expect(verification).toMatchObject({
      status: 'warning',
      reason: 'tcb-below-minimum',
      override: { requestId: id, approvedBy: ['Alice', 'Bob'], checks: subjectOf().checks.map((check) => check.id) },
    });
    expect(verified?.override?.note.requestId).toBe(id);
    const claims = value(verifyEar(ear, signer.publicKey));
    expect(claims['nacre.status']).toBe('warning');
    expect(claims['nacre.override']?.request).toBe(`sha256:${id}`);
    expect(claims.submods['cpu0']?.['ear.status'], 'the part stays what it is').toBe('contraindicated');
  });

  it('is used by one release; evidence of that job is covered until it ends, and no other job', () => {
    const id = overridden();
    const first = attest().verified?.override;
    const second = attest().verified?.override;
    if (first === undefined || second === undefined) throw new Error('not let through');
    let released = 0;
    const release = () => ok((released += 1));
    expect(value(first.use(jobId, release))).toBe(1);
    expect(first.use(jobId, release), 'twice').toMatchObject({ ok: false, error: { code: 'approval_missing' } });
    expect(second.use('33'.repeat(32), release), 'a race of two runs').toMatchObject({ ok: false });
    expect(released).toBe(1);
    expect(value(desk.service.get(id)).state).toBe('used');
    expect(attest().verified, 'renewal of the same job').toBeDefined();
    expect(attest({ job: '33'.repeat(32) }).verified, 'another job').toBeUndefined();
    desk.now = start + 1_800_000;
    expect(attest().verified, 'after its end').toBeUndefined();
    expect(desk.kinds().filter((kind) => kind === 'approval-used')).toHaveLength(1);
  });

  it('spends nothing when the act or the log fails', () => {
    overridden();
    const leave = attest().verified?.override;
    desk.refuses = 'approval-used';
    expect(leave?.use(jobId, () => ok(1))).toMatchObject({ ok: false, error: { code: 'disk_full' } });
    desk.refuses = undefined;
    expect(leave?.use(jobId, () => ok(1))).toEqual({ ok: true, value: 1 });
  });

  it('covers no other node, measurement, policy, job or check', () => {
    overridden({ jobId });
    expect(attest().verified).toBeDefined();
    const other = { ...network.policy, name: 'Another' };
    const stricter = { ...network.policy, gpu: { ...network.policy.gpu, models: ['B200'] } };
    const cases: Record<string, Attempt> = {
      node: { node: 'bergen' },
      measurement: { hardware: { tcb: oldTcb, measurement: otherMeasurement } },
      policy: { policy: other },
      job: { job: '33'.repeat(32) },
      'a check more': { policy: stricter },
      'other GPUs': { hardware: { tcb: oldTcb, gpus: [network.gpu, network.gpu] } },
    };
    for (const [what, attempt] of Object.entries(cases)) expect(attest(attempt).verified, what).toBeUndefined();
  });

  it('covers exactly the checks that were shown, under the policy that they failed', () => {
    const policy = { ...network.policy, gpu: { ...network.policy.gpu, models: ['B200'] } };
    const all = subjectOf({}, attest({ policy }));
    expect(all.checks.map(({ reason }) => reason)).toEqual(
      expect.arrayContaining(['tcb-below-minimum', 'gpu-model-not-allowed']),
    );
    approve(ask({ ...all, checks: all.checks.slice(0, 1) }));
    expect(attest({ policy }).verified, 'one of them approved').toBeUndefined();
    approve(ask(all));
    expect(attest({ policy }).verified, 'all of them').toBeDefined();
    const fewer = attest({ policy, hardware: {} });
    expect(fewer.verified, 'fewer failed than were approved').toBeDefined();
  });

  it('never covers a bad signature, a debug guest or a missing binding', () => {
    overridden();
    const flip = (evidence: ReturnType<typeof simulateNodeEvidence>) => {
      const report = Buffer.from(evidence.cpu.report, 'base64');
      report[0x2a0] = (report[0x2a0] ?? 0) ^ 1;
      return { ...evidence, cpu: { ...evidence.cpu, report: report.toString('base64') } };
    };
    const cases: Record<string, Attempt> = {
      signature: { edit: flip },
      debug: { hardware: { tcb: oldTcb, debug: true } },
      'stale nonce': { fault: 'stale-nonce' },
      relay: { fault: 'relay' },
      'swapped GPU': { fault: 'swapped-gpu' },
      'TLS key': { tls: 'ab'.repeat(32) },
      'no evidence': { edit: () => ({}) },
    };
    for (const [what, attempt] of Object.entries(cases)) {
      const { verified, verification } = attest(attempt);
      expect(verified, what).toBeUndefined();
      expect(verification.override, what).toBeUndefined();
      const checks = blockingChecks(verification);
      expect(desk.service.authorise('override', subjectOf({ checks })), `${what}, asked for`).toMatchObject({
        ok: false,
        error: { code: 'denied_by_policy' },
      });
    }
  });

  it('is nothing after it was withdrawn, expired, or the rule changed, and nothing without a rule', () => {
    const id = overridden();
    expect(attest().verified).toBeDefined();
    value(desk.service.withdraw(id));
    expect(attest().verified, 'withdrawn').toBeUndefined();
    overridden({ justification: 'Once more.', notAfter: new Date(start + 9_000_000).toISOString() });
    expect(attest().verified).toBeDefined();
    desk.now = start + 3_600_000;
    expect(attest().verified, 'request expired unused').toBeUndefined();

    const free = openDesk(launcher);
    expect(free.service.authorise('override', subjectOf()), 'no rule').toMatchObject({
      ok: false,
      error: { code: 'denied_by_policy' },
    });
    free.end();
  });

  it('stops everything when it was edited in the store', () => {
    const id = overridden();
    const rows = desk.store.collection('approvals', requestRecordSchema);
    const record = value(rows.get(`request/${id}`));
    if (record === undefined) throw new Error('no record');
    const text = Buffer.from(record.request.payload, 'base64').toString().replace('oslo', 'bern');
    const request = { ...record.request, payload: Buffer.from(text).toString('base64') };
    value(rows.put(`request/${id}`, { ...record, request }));
    expect(desk.service.overrideFor({ verification: subjectSource(), jobId, now: desk.now })).toMatchObject({
      ok: false,
      error: { code: 'integrity' },
    });
  });
});

function subjectSource() {
  const verifier = createEvidenceVerifier({ clock: () => desk.now, random, build: 'test' });
  const challenge = verifier.challenge({ sessionId: '11'.repeat(16), jobId, policyDigest: network.digest });
  const runtime = runtimeFor(challenge);
  const evidence = simulateNodeEvidence(network.hardware({ tcb: oldTcb }), runtime, random);
  const input = { node: 'oslo', challenge, evidence, policy: network.policy, simulatedNetwork: network.network };
  return verifier.reverify(input, desk.now).verification;
}
