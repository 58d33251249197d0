import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Policy } from '../../contract/policy.ts';
import type { Challenge, NodeEvidence, Runtime } from '../../contract/node-evidence.ts';
import type { SimulatedHardware } from '../../contract/simulated-hardware.ts';
import { createSigner } from '../../domain/dsse/dsse.ts';
import { verifyEar } from '../../domain/ear/ear.ts';
import { vendorAnchors } from '../../domain/evidence/anchors.ts';
import { createCollateralSource } from '../../domain/evidence/collateral/source.ts';
import type { CollateralSource } from '../../domain/evidence/files/family.ts';
import { parseCertificate } from '../../domain/evidence/readers/x509.ts';
import { snpSignedBytes } from '../../domain/evidence/snp/report.ts';
import { simulateFault, type EvidenceFault } from '../../domain/evidence/simulated/faults.ts';
import { simulateGpuEvidence, simulateNodeEvidence } from '../../domain/evidence/simulated/node-evidence.ts';
import { buildOcsp } from '../../domain/evidence/simulated/ocsp-builder.ts';
import { p384Signer } from '../../domain/evidence/simulated/p384-key.ts';
import { policyDigest } from '../../domain/policy/policy.ts';
import { authorityCollateral } from '../../localnet/authority/authority.ts';
import { oldTcb, otherMeasurement } from '../../localnet/authority/reference.ts';
import { random, runtimeFor, startSimulatedNetwork } from './testing/simulated-network.ts';
import { createEvidenceVerifier, type EvidenceVerifier, type NodeToVerify } from './verifier.ts';

const now = Date.parse('2026-11-22T17:00:00Z');
const sessionId = '11'.repeat(16);
const jobId = '22'.repeat(32);
const signer = createSigner(new Uint8Array(32).fill(7));

type Setup = Awaited<ReturnType<typeof startSimulatedNetwork>>;
let setup: Setup;
let honest: SimulatedHardware;
let other: SimulatedHardware;
let clock = now;
let verifier: EvidenceVerifier;

beforeAll(async () => {
  setup = await startSimulatedNetwork(now);
  honest = setup.hardware();
  other = setup.hardware();
  verifier = createEvidenceVerifier({ clock: () => clock, random, build: 'nacre test' });
}, 120_000);

interface Scene {
  readonly challenge: Challenge;
  readonly runtime: Runtime;
}

function scene(policy: Policy = setup.policy): Scene {
  clock = now;
  const challenge = verifier.challenge({ sessionId, jobId, policyDigest: policyDigest(policy) });
  return { challenge, runtime: runtimeFor(challenge) };
}

function verify({ challenge, runtime }: Scene, evidence: unknown, changes: Partial<NodeToVerify> = {}) {
  const result = verifier.verifyNode({
    node: 'frankfurt-h100',
    challenge,
    evidence,
    observedTlsSpkiSha256: runtime.tlsSpkiSha256,
    policy: setup.policy,
    simulatedNetwork: setup.network,
    expectedGpus: 1,
    signer,
    ...changes,
  });
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

/** Refused: no verified node, the reason, and a document all the same. */
function refusal(at: Scene, evidence: unknown, changes: Partial<NodeToVerify> = {}): string | undefined {
  const verdict = verify(at, evidence, changes);
  expect(verdict.verified).toBeUndefined();
  expect(verdict.verification.status).not.toBe('affirming');
  expect(verdict.verification.reasonDetail).toBeTruthy();
  const ear = verifyEar(verdict.ear, signer.publicKey);
  expect(ear.ok && ear.value['nacre.status']).toBe(verdict.verification.status);
  return verdict.verification.reason;
}

describe('an honest node', () => {
  it('is verified, SIMULATED, with a signed result and its keys', () => {
    const at = scene();
    const evidence = simulateNodeEvidence(honest, at.runtime, random);
    const verdict = verify(at, evidence);
    const failed = [
      ...verdict.verification.binding,
      ...verdict.verification.submodules.flatMap(({ checks }) => checks),
    ];
    expect(failed.filter(({ outcome, required }) => required && outcome !== 'pass')).toEqual([]);
    expect(verdict.verification).toMatchObject({ status: 'affirming', simulated: true, node: 'frankfurt-h100' });
    expect(verdict.verification.notChecked.join(' ')).toContain('SIMULATED');
    expect(verdict.verified).toMatchObject({ name: 'frankfurt-h100', jobId, sessionId, simulated: true });
    expect(verdict.verified?.freshUntil).toBe(now + setup.policy.evidenceMaxAgeSeconds * 1000);
    expect(Buffer.from(verdict.verified?.hpkeKey ?? []).toString('base64')).toBe(at.runtime.hpkeKey);
    const ear = verifyEar(verdict.ear, signer.publicKey);
    if (!ear.ok) throw new Error(ear.error.message);
    expect(ear.value).toMatchObject({ 'nacre.simulated': true, eat_nonce: at.challenge.nonce });
    expect(ear.value.submods['cpu0']?.['ear.trustworthiness-vector']).toEqual({
      'instance-identity': 2,
      configuration: 2,
      executables: 2,
      'file-system': 0,
      hardware: 2,
      'runtime-opaque': 2,
      'storage-opaque': 0,
      'sourced-data': 0,
    });
  });

  it('gets no key while the vault is locked, and its result can be signed later', () => {
    const at = scene();
    const evidence = simulateNodeEvidence(honest, at.runtime, random);
    const { signer: _, ...locked } = { signer } as { signer?: typeof signer };
    const result = verifier.verifyNode({
      ...locked,
      node: 'n',
      challenge: at.challenge,
      evidence,
      observedTlsSpkiSha256: at.runtime.tlsSpkiSha256,
      policy: setup.policy,
      simulatedNetwork: setup.network,
    });
    if (!result.ok) throw new Error(result.error.message);
    expect(result.value.verification.status).toBe('affirming');
    expect(result.value.verified).toBeUndefined();
    expect(result.value.ear).toBe('');
    expect(verifyEar(verifier.signResult(result.value, at.challenge, signer), signer.publicKey).ok).toBe(true);
  });

  it('is verified again by an auditor at the time of the evidence, without a connection', () => {
    const at = scene();
    const evidence = simulateNodeEvidence(honest, at.runtime, random);
    const input = {
      node: 'n',
      challenge: at.challenge,
      evidence,
      policy: setup.policy,
      simulatedNetwork: setup.network,
    };
    const verdict = verifier.reverify(input, now + 1000);
    expect(verdict.verification.status).toBe('affirming');
    expect(verdict.verified).toBeUndefined();
    expect(verdict.verification.notChecked.join(' ')).toContain('TLS');
    expect(verifier.reverify(input, now + 301_000).verification.reason).toBe('challenge-expired');
    expect(() => verifier.reverify(input, Number.NaN)).toThrow(TypeError);
  });
});

describe('a bad node', () => {
  it.each([
    ['debug guest', 'debug-enabled', { debug: true }],
    ['old firmware', 'tcb-below-minimum', { tcb: oldTcb }],
    ['other measurement', 'measurement-not-allowed', { measurement: otherMeasurement }],
  ] as const)('%s: %s', (_, reason, changes) => {
    const at = scene();
    expect(refusal(at, simulateNodeEvidence(setup.hardware(changes), at.runtime, random))).toBe(reason);
  });

  it.each([
    ['stale-nonce', 'nonce-mismatch'],
    ['relay', 'report-data-mismatch'],
    ['swapped-gpu', 'gpu-nonce-mismatch'],
  ] as const)('%s: %s', (fault: EvidenceFault, reason) => {
    const at = scene();
    expect(refusal(at, simulateFault(fault, honest, other, at.runtime, random))).toBe(reason);
  });

  it('wrong TLS key: tls-key-mismatch', () => {
    const at = scene();
    const observedTlsSpkiSha256 = createHash('sha256').update('a man in the middle').digest('hex');
    const evidence = simulateNodeEvidence(honest, at.runtime, random);
    expect(refusal(at, evidence, { observedTlsSpkiSha256 })).toBe('tls-key-mismatch');
  });

  it('a genuine GPU elsewhere that answers the right nonce after the CPU report', () => {
    const at = scene();
    const evidence = simulateNodeEvidence(honest, at.runtime, random);
    const nonce = Buffer.from(evidence.gpus[0]?.report ?? '', 'base64').subarray(4, 36);
    const [gpu] = other.gpus;
    if (gpu === undefined) throw new Error('no GPU');
    const swapped = { ...evidence, gpus: [simulateGpuEvidence(gpu, new Uint8Array(nonce), random)] };
    expect(refusal(at, swapped)).toBe('report-data-mismatch');
  });

  it.each<[string, string, (evidence: NodeEvidence) => unknown]>([
    ['no GPU evidence', 'gpu-count', (evidence) => ({ ...evidence, gpus: [] })],
    ['not evidence', 'evidence-malformed', () => 'hello'],
    ['nothing', 'evidence-malformed', () => undefined],
    [
      'half a surrogate pair in a name',
      'evidence-malformed',
      (evidence) => ({ ...evidence, gpus: evidence.gpus.map((gpu) => ({ ...gpu, model: '\ud800' })) }),
    ],
    ['half a surrogate pair', 'evidence-malformed', () => JSON.parse('{"runtime":"\\ud800"}') as unknown],
    ['unknown keys', 'evidence-malformed', (evidence) => ({ ...evidence, anchors: ['mine'] })],
    ['another key for the channel', 'report-data-mismatch', (evidence) => swapKey(evidence)],
  ])('%s: %s', (_, reason, change) => {
    const at = scene();
    const found = refusal(at, change(simulateNodeEvidence(honest, at.runtime, random)));
    // Another runtime also moves the GPU nonce.
    expect(reason === 'report-data-mismatch' ? ['gpu-nonce-mismatch', reason] : [reason]).toContain(found);
  });

  it('one GPU that answers for two', () => {
    const [gpu] = honest.gpus;
    if (gpu === undefined) throw new Error('no GPU');
    const at = scene();
    const evidence = simulateNodeEvidence({ ...honest, gpus: [gpu, gpu] }, at.runtime, random);
    expect(refusal(at, evidence, { expectedGpus: 2 })).toBe('gpu-duplicate');
  });

  it('GPUs of two architectures', () => {
    const mixed = setup.hardware({ gpus: [setup.gpu, { ...setup.gpu, architecture: 'blackwell' }] });
    const at = scene();
    // The certificates of the authority are Hopper's, so the Blackwell one also fails by itself.
    const verdict = verify(at, simulateNodeEvidence(mixed, at.runtime, random), { expectedGpus: 2 });
    expect(verdict.verification.reason).toBe('gpu-mixed');
    expect(verdict.verified).toBeUndefined();
  });

  it('changed GPU firmware', () => {
    const changed = setup.hardware({
      gpus: [{ ...setup.gpu, measurements: [otherMeasurement, ...setup.gpu.measurements.slice(1)] }],
    });
    const at = scene();
    expect(refusal(at, simulateNodeEvidence(changed, at.runtime, random))).toBe('measurement-mismatch');
  });

  it('evidence after its challenge expired', () => {
    const at = scene();
    const evidence = simulateNodeEvidence(honest, at.runtime, random);
    clock = now + 300_001;
    expect(refusal(at, evidence)).toBe('challenge-expired');
  });

  it('a session, job or policy that was not asked for', () => {
    const at = scene();
    const runtime = { ...at.runtime, challenge: { ...at.challenge, jobId: '33'.repeat(32) } };
    expect(refusal(at, simulateNodeEvidence(honest, runtime, random))).toBe('challenge-mismatch');
  });
});

describe('trust', () => {
  it('SIMULATED evidence is nothing under the vendors’ anchors', () => {
    const at = scene();
    const evidence = simulateNodeEvidence(honest, at.runtime, random);
    const result = verifier.verifyNode({
      node: 'n',
      challenge: at.challenge,
      evidence,
      observedTlsSpkiSha256: at.runtime.tlsSpkiSha256,
      policy: setup.policy,
      signer,
    });
    if (!result.ok) throw new Error(result.error.message);
    expect(result.value.verification).toMatchObject({
      status: 'contraindicated',
      simulated: false,
      reason: 'chain-root-not-pinned',
    });
    expect(result.value.verified).toBeUndefined();
  });

  it('nor under a policy that wants real hardware, nor under another network’s roots', () => {
    const policy = { ...setup.policy, acceptSimulated: false };
    const at = scene(policy);
    expect(refusal(at, simulateNodeEvidence(honest, at.runtime, random), { policy })).toBe('simulated-not-accepted');
    const next = scene();
    const foreign = { ...setup.network, anchors: { amd: ['00'.repeat(32)], nvidia: setup.network.anchors.nvidia } };
    expect(refusal(next, simulateNodeEvidence(honest, next.runtime, random), { simulatedNetwork: foreign })).toBe(
      'chain-root-not-pinned',
    );
  });

  it('a directory cannot name vendor roots as simulated ones', () => {
    const at = scene();
    const anchors = { amd: vendorAnchors.amd.map(({ sha256 }) => sha256), nvidia: [...vendorAnchors.nvidiaDevice] };
    const network = { ...setup.network, anchors };
    expect(refusal(at, simulateNodeEvidence(honest, at.runtime, random), { simulatedNetwork: network })).toBe(
      'chain-root-not-pinned',
    );
  });

  it('a challenge is good for one answer', () => {
    const at = scene();
    const evidence = simulateNodeEvidence(honest, at.runtime, random);
    expect(verify(at, evidence).verified).toBeDefined();
    const again = verifier.verifyNode({
      node: 'n',
      challenge: at.challenge,
      evidence,
      observedTlsSpkiSha256: at.runtime.tlsSpkiSha256,
      policy: setup.policy,
      signer,
    });
    expect(again.ok ? 'ok' : again.error.code).toBe('wrong_state');
  });
});

describe('mutations', () => {
  it('no single bit of what is signed can change', () => {
    const at = scene();
    const evidence = simulateNodeEvidence(honest, at.runtime, random);
    const affirmed = (changed: NodeEvidence) =>
      verifier.reverify(
        {
          node: 'n',
          challenge: at.challenge,
          evidence: changed,
          policy: setup.policy,
          simulatedNetwork: setup.network,
        },
        now,
      ).verification.status === 'affirming';
    expect(affirmed(evidence)).toBe(true);
    const gpu = evidence.gpus[0];
    if (gpu === undefined) throw new Error('no GPU');
    const gpuBytes = Buffer.from(gpu.report, 'base64').length;
    fc.assert(
      fc.property(fc.nat(snpSignedBytes - 1), fc.nat(7), (at, bit) => {
        const report = flip(evidence.cpu.report, at, bit);
        return !affirmed({ ...evidence, cpu: { ...evidence.cpu, report } });
      }),
      { numRuns: 60 },
    );
    fc.assert(
      fc.property(fc.nat(gpuBytes - 1), fc.nat(7), (at, bit) => {
        const report = flip(gpu.report, at, bit);
        return !affirmed({ ...evidence, gpus: [{ ...gpu, report }] });
      }),
      { numRuns: 50 },
    );
    fc.assert(
      fc.property(fc.nat(2), fc.nat(100_000), fc.nat(7), (index, at, bit) => {
        const certificates = evidence.cpu.certificates.map((der, i) =>
          i === index ? flip(der, at % Buffer.from(der, 'base64').length, bit) : der,
        );
        return !affirmed({ ...evidence, cpu: { ...evidence.cpu, certificates } });
      }),
      { numRuns: 50 },
    );
  }, 60_000);

  it('survives any answer', () => {
    const at = scene();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), fc.json(), (bytes, json) => {
        const evidence = simulateNodeEvidence(honest, at.runtime, random);
        const junk = Buffer.from(bytes.length === 0 ? [0] : bytes).toString('base64');
        const input = { node: 'n', challenge: at.challenge, policy: setup.policy, simulatedNetwork: setup.network };
        for (const answer of [
          JSON.parse(json) as unknown,
          { ...evidence, cpu: { ...evidence.cpu, report: junk } },
          { ...evidence, cpu: { ...evidence.cpu, certificates: [junk] } },
          { ...evidence, gpus: evidence.gpus.map((gpu) => ({ ...gpu, report: junk, certificates: [junk] })) },
        ]) {
          if (verifier.reverify({ ...input, evidence: answer }, now).verification.status === 'affirming') return false;
        }
        return true;
      }),
      { numRuns: 15 },
    );
  }, 60_000);
});

function flip(base64: string, at: number, bit: number): string {
  const bytes = Buffer.from(base64, 'base64');
  bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
  return bytes.toString('base64');
}

function swapKey(evidence: NodeEvidence): NodeEvidence {
  const hpkeKey = Buffer.from(random(97)).toString('base64');
  return { ...evidence, runtime: { ...evidence.runtime, hpkeKey } };
}

describe('collateral', () => {
  const revocation = (verdict: Pick<ReturnType<typeof verify>, 'verification'>) =>
    verdict.verification.submodules[0]?.checks.find(({ id }) => id === 'snp.revocation');
  const demanding = (): Policy => ({ ...setup.policy, snp: { ...setup.policy.snp, requireRevocation: true } });

  it('checks revocation by the list of the root, and says so when there is none', () => {
    const at = scene();
    const evidence = simulateNodeEvidence(honest, at.runtime, random);
    const without = verify(at, evidence);
    expect(revocation(without)).toMatchObject({ outcome: 'unknown', required: false, reason: 'crl-not-given' });
    expect(without.verified).toBeDefined();
    const again = scene();
    const listed = verify(again, simulateNodeEvidence(honest, again.runtime, random), { collateral: setup.collateral });
    expect(revocation(listed)).toMatchObject({ outcome: 'pass', required: true });
    expect(listed.verified).toBeDefined();
    expect(setup.collateral.used().map(({ kind, id }) => `${kind} ${id}`)).toContain('amd-crl Genoa');
  });

  it('releases nothing without a list where the policy demands one', () => {
    const policy = demanding();
    const at = scene(policy);
    const evidence = simulateNodeEvidence(honest, at.runtime, random);
    expect(refusal(at, evidence, { policy })).toBe('crl-not-given');
    const again = scene(policy);
    const listed = verify(again, simulateNodeEvidence(honest, again.runtime, random), {
      policy,
      collateral: setup.collateral,
    });
    expect(listed.verified).toBeDefined();
  });

  it('releases nothing under a revoked intermediate, an expired list, or the list of another root', async () => {
    const revoking = await startSimulatedNetwork(now, { revokeIntermediate: true });
    const under = (network: Setup, collateral: Setup['collateral'], clockAt = now) => {
      const at = scene(network.policy);
      const hardware = network.hardware();
      clock = clockAt;
      const challenge = { ...at.challenge, expires: new Date(clockAt + 60_000).toISOString() };
      const runtime = { ...at.runtime, challenge };
      return refusal({ challenge, runtime }, simulateNodeEvidence(hardware, runtime, random), {
        policy: network.policy,
        simulatedNetwork: network.network,
        collateral,
      });
    };
    expect(under(revoking, revoking.collateral)).toBe('certificate-revoked');
    expect(under(setup, revoking.collateral)).toBe('crl-signature');
    // A list that is too old is no list; what it revokes stays revoked.
    const late = now + 26 * 365.25 * 24 * 3600 * 1000;
    for (const [network, reason] of [
      [setup, 'crl-expired'],
      [revoking, 'certificate-revoked'],
    ] as const) {
      const at = scene();
      const evidence = simulateNodeEvidence(network.hardware(), at.runtime, random);
      const collateral = createCollateralSource('kept', authorityCollateral(network.authority));
      const input = { node: 'a', challenge: at.challenge, evidence, policy: setup.policy, collateral };
      const verdict = verifier.reverify({ ...input, simulatedNetwork: network.network }, late);
      expect(revocation(verdict)).toMatchObject({ outcome: 'fail', required: true, reason });
      expect(verdict.verified).toBeUndefined();
    }
  }, 60_000);

  it('judges a GPU by the OCSP answers that are kept, and demands them where the policy does', () => {
    const [, brom, provisioner] = (honest.gpus[0]?.certificates ?? []).map((text) => {
      const parsed = parseCertificate(new Uint8Array(Buffer.from(text, 'base64')));
      if (!parsed.ok) throw new Error(parsed.detail);
      return parsed.value;
    });
    if (brom === undefined || provisioner === undefined) throw new Error('the GPU has no chain');
    const kept = (reason: number): CollateralSource => {
      const request = { certificate: brom, issuer: provisioner, status: { revokedAt: now, reason }, thisUpdate: now };
      const der = buildOcsp({ ...request, nextUpdate: now + 60_000 }, p384Signer(setup.authority.provisionerKey));
      const item = {
        kind: 'nvidia-ocsp',
        id: '?',
        source: '',
        fetchedAt: new Date(now).toISOString(),
        sha256: '',
      } as const;
      return createCollateralSource('kept', [{ ...item, content: Buffer.from(der).toString('base64') }]);
    };
    const at = scene();
    const evidence = simulateNodeEvidence(honest, at.runtime, random);
    expect(refusal(at, evidence, { collateral: kept(6) })).toBe('certificate-on-hold');
    const again = scene();
    const revoked = simulateNodeEvidence(honest, again.runtime, random);
    expect(refusal(again, revoked, { collateral: kept(1) })).toBe('certificate-revoked');
    const policy: Policy = { ...setup.policy, gpu: { ...setup.policy.gpu, requireRevocation: true } };
    const demanded = scene(policy);
    const without = simulateNodeEvidence(honest, demanded.runtime, random);
    expect(refusal(demanded, without, { policy, collateral: setup.collateral })).toBe('ocsp-not-given');
    // What the local network hands out with its directory.
    const handed = createCollateralSource('directory', authorityCollateral(setup.authority, [honest]));
    const answered = scene(policy);
    const good = simulateNodeEvidence(honest, answered.runtime, random);
    expect(verify(answered, good, { policy, collateral: handed }).verified).toBeDefined();
    expect(handed.used().map(({ kind }) => kind)).toEqual([
      'amd-crl',
      ...Array<string>(honest.gpus.length + 2).fill('nvidia-ocsp'),
    ]);
  });
});
