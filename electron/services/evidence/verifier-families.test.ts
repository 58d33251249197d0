import { beforeAll, describe, expect, it } from 'vitest';
import type { NodeEvidence, Runtime } from '../../contract/node-evidence.ts';
import type { Policy } from '../../contract/policy.ts';
import { createSigner } from '../../domain/dsse/dsse.ts';
import { verifyEar } from '../../domain/ear/ear.ts';
import type { CollateralSource } from '../../domain/evidence/files/family.ts';
import { strictTdxPolicy } from '../../domain/policy/intel-sections.ts';
import { collateralOf, day, intel, now, platform } from '../../domain/evidence/dcap/testing/simulated.ts';
import { oysterImageId } from '../../domain/evidence/nitro/oyster.ts';
import { toHex } from '../../domain/evidence/readers/bytes.ts';
import { createSimulatedNitro } from '../../domain/evidence/simulated/nitro-builder.ts';
import {
  simulateNitroNode,
  simulateTdxNode,
  type SimulatedNitroMachine,
  type SimulatedTdxMachine,
} from '../../domain/evidence/simulated/node-families.ts';
import { policyDigest } from '../../domain/policy/policy.ts';
import { createNodeCrypto } from './node-crypto.ts';
import { random, runtimeFor, startSimulatedNetwork } from './testing/simulated-network.ts';
import { createEvidenceVerifier, type NodeToVerify, type SimulatedNetwork } from './verifier.ts';

const signer = createSigner(new Uint8Array(32).fill(7));
const crypto = createNodeCrypto();
const verifier = createEvidenceVerifier({ clock: () => now, random, build: 'nacre test' });
const mrtd = random(48);
const pcrs = new Map([0, 1, 2, 16].map((index) => [index, random(48)] as const));
const nitro = createSimulatedNitro({ now, random });
const image = toHex(oysterImageId(pcrs, crypto) ?? new Uint8Array());

let network: SimulatedNetwork;
let tdx: SimulatedTdxMachine;
const enclave: SimulatedNitroMachine = { nitro, pcrs, timestamp: now };
let tdxPolicy: Policy;
let nitroPolicy: Policy;

beforeAll(async () => {
  const setup = await startSimulatedNetwork(now);
  const root = nitro.caBundle[0] ?? new Uint8Array();
  const anchors = { ...setup.network.anchors, intel: [intel.rootSha256], nitro: [toHex(crypto.sha256(root))] };
  network = { ...setup.network, anchors };
  tdx = {
    platform,
    gpus: setup.hardware().gpus,
    collateral: JSON.stringify(collateralOf('tdx')),
    td: { mrtd },
  };
  const measurements = { ...strictTdxPolicy.measurements, mrtd: [toHex(mrtd)] };
  tdxPolicy = { ...setup.policy, families: ['tdx'], tdx: { ...strictTdxPolicy, measurements } };
  nitroPolicy = {
    ...setup.policy,
    families: ['snp', 'nitro'],
    nitro: { pcrs: {}, oysterImageIds: [image] },
    gpu: { ...setup.policy.gpu, required: false },
  };
}, 120_000);

interface Attempt {
  readonly policy?: Policy;
  readonly tls?: string;
  readonly collateral?: CollateralSource;
  readonly change?: (evidence: NodeEvidence) => NodeEvidence;
}

function attest(
  answer: (runtime: Runtime) => NodeEvidence,
  own: Policy,
  { policy = own, tls, collateral, change = (evidence) => evidence }: Attempt = {},
) {
  const challenge = verifier.challenge({
    sessionId: '11'.repeat(16),
    jobId: '22'.repeat(32),
    policyDigest: policyDigest(policy),
  });
  const runtime = runtimeFor(challenge);
  const input: NodeToVerify = {
    node: 'n',
    challenge,
    evidence: change(answer(runtime)),
    observedTlsSpkiSha256: tls ?? runtime.tlsSpkiSha256,
    policy,
    simulatedNetwork: network,
    signer,
    ...(collateral === undefined ? {} : { collateral }),
  };
  const result = verifier.verifyNode(input);
  if (!result.ok) throw new Error(result.error.message);
  const { verified, verification, ear } = result.value;
  return { reason: verification.reason, verified, verification, ear, runtime };
}

const onTdx = (changes: Partial<SimulatedTdxMachine> = {}, attempt: Attempt = {}) =>
  attest((runtime) => simulateTdxNode({ ...tdx, ...changes }, runtime, random), tdxPolicy, attempt);
const onNitro = (changes: Partial<SimulatedNitroMachine> = {}, attempt: Attempt = {}) =>
  attest((runtime) => simulateNitroNode({ ...enclave, ...changes }, runtime), nitroPolicy, attempt);

const source = (changes: Parameters<typeof collateralOf>[1]): CollateralSource => ({
  name: 'desk',
  dcap: () => collateralOf('tdx', changes),
  jwks: () => undefined,
  ocsp: () => [],
  amdCrl: () => undefined,
  rim: () => undefined,
});

describe('a node on TDX', () => {
  it('is verified with the collateral that it brings, under a signed result', () => {
    const { reason, verified, ear, runtime } = onTdx();
    expect(reason).toBeUndefined();
    expect(Buffer.from(verified?.hpkeKey ?? []).toString('base64')).toBe(runtime.hpkeKey);
    const claims = verifyEar(ear, signer.publicKey);
    expect(claims.ok && claims.value.submods['cpu0']).toMatchObject({
      'ear.status': 'affirming',
      'ear.trustworthiness-vector': { 'instance-identity': 2, configuration: 2, executables: 2, hardware: 2 },
      'nacre.measurements': { mrtd: toHex(mrtd) },
    });
    expect(onTdx({ quote: { version: 5 } }).verified).toBeDefined();
    expect(onTdx({ gpus: [] }, { policy: { ...tdxPolicy, gpu: nitroPolicy.gpu } }).verified).toBeDefined();
  });

  it('is judged by the collateral of the desk where that has some', () => {
    const { collateral: _, ...bare } = tdx;
    const alone = (attempt: Attempt = {}) =>
      attest((runtime) => simulateTdxNode(bare, runtime, random), tdxPolicy, attempt);
    expect(alone().reason).toBe('collateral-missing');
    expect(alone({ collateral: source({}) }).verified).toBeDefined();
    expect(onTdx({}, { collateral: source({ now: now - 60 * day }) }).reason).toBe('crl-expired');
    expect(onTdx({}, { collateral: source({ revokedByPlatformCa: [platform.pck] }) }).reason).toBe(
      'certificate-revoked',
    );
    const newer: CollateralSource = { ...source({}), dcap: () => undefined, highestEvaluationDataNumber: () => 19 };
    expect(onTdx({}, { collateral: newer }).reason).toBe('collateral-rolled-back');
  });

  it.each<[string, Partial<SimulatedTdxMachine>, string]>([
    ['of another image', { td: { mrtd: random(48) } }, 'measurement-not-allowed'],
    ['that can be debugged', { td: { mrtd, tdAttributes: Uint8Array.of(1, 0, 0, 0x10, 0, 0, 0, 0) } }, 'debug-enabled'],
    ['whose report data is another', { td: { mrtd, reportData: random(64) } }, 'report-data-mismatch'],
    [
      'whose report data is the beginning alone',
      { td: { mrtd, reportData: new Uint8Array(64) } },
      'report-data-mismatch',
    ],
    ['with collateral that nobody can read', { collateral: '{"a":1}' }, 'collateral-malformed'],
    [
      'with collateral that nobody signed',
      { collateral: JSON.stringify({ ...collateralOf('tdx'), qeIdentity: '{}' }) },
      'qe-identity-signature',
    ],
  ])('is refused %s', (_name, changes, reason) => {
    const refused = onTdx(changes);
    expect(refused.verified).toBeUndefined();
    const rows = [...refused.verification.binding, ...refused.verification.submodules.flatMap(({ checks }) => checks)];
    expect(rows.map((row) => row.reason)).toContain(reason);
  });

  it('is refused for another policy, channel, GPU or key, as every node', () => {
    expect(onTdx({}, { policy: { ...tdxPolicy, families: ['snp'] } }).reason).toBe('family-not-allowed');
    const { tdx: _, ...silent } = tdxPolicy;
    expect(onTdx({}, { policy: silent }).reason).toBe('family-not-allowed');
    expect(onTdx({}, { tls: '00'.repeat(32) }).reason).toBe('tls-key-mismatch');
    const key = random(32);
    const change = (evidence: NodeEvidence): NodeEvidence => ({
      ...evidence,
      runtime: { ...evidence.runtime, signingKey: Buffer.from(key).toString('base64') },
    });
    expect(onTdx({ gpus: [] }, { change, policy: { ...tdxPolicy, gpu: nitroPolicy.gpu } }).reason).toBe(
      'report-data-mismatch',
    );
    expect(onTdx({}, { change: (evidence) => ({ ...evidence, gpus: [] }) }).reason).toBe('gpu-count');
    expect(onTdx({}, { change: (evidence) => ({ ...evidence, cpu: { family: 'tdx', quote: 'AAAA' } }) }).reason).toBe(
      'evidence-malformed',
    );
  });
});

describe('a Nitro enclave', () => {
  it('is verified by its image, with nonce and keys in its document', () => {
    const { reason, verified, ear, runtime } = onNitro();
    expect(reason).toBeUndefined();
    expect(Buffer.from(verified?.hpkeKey ?? []).toString('base64')).toBe(runtime.hpkeKey);
    const claims = verifyEar(ear, signer.publicKey);
    expect(claims.ok && claims.value.submods['cpu0']?.['ear.trustworthiness-vector']).toMatchObject({
      'instance-identity': 2,
      configuration: 2,
      executables: 2,
    });
    const pinned = { ...nitroPolicy, nitro: { pcrs: { '0': [toHex(pcrs.get(0) ?? mrtd)] }, oysterImageIds: [] } };
    expect(onNitro({}, { policy: pinned }).verified).toBeDefined();
  });

  const zero = new Map([...pcrs, ...[0, 1, 2].map((index) => [index, new Uint8Array(48)] as const)]);
  const { userData: _none, ...withoutData } = { userData: new Uint8Array() };
  it.each<[string, Partial<SimulatedNitroMachine>, string]>([
    ['of another image', { pcrs: new Map([...pcrs, [16, random(48)]]) }, 'image-not-allowed'],
    ['in debug mode', { pcrs: zero }, 'debug-enabled'],
    ['with another nonce', { claims: { nonce: random(32) } }, 'nonce-mismatch'],
    ['with other keys in user_data', { claims: { userData: random(64) } }, 'report-data-mismatch'],
    ['with the hash alone in user_data', { claims: { userData: random(48) } }, 'report-data-mismatch'],
    ['with an empty user_data', { claims: { userData: new Uint8Array() } }, 'report-data-mismatch'],
    ['without user_data', { claims: { ...withoutData, members: new Map([['user_data', null]]) } }, 'report-unreadable'],
    ['from the past', { timestamp: now - 400_000 }, 'document-time'],
    ['of another root', { nitro: createSimulatedNitro({ now, random }) }, 'chain-root-not-pinned'],
  ])('is refused %s', (_name, changes, reason) => {
    const refused = onNitro(changes);
    expect(refused.verified).toBeUndefined();
    const rows = [...refused.verification.binding, ...refused.verification.submodules.flatMap(({ checks }) => checks)];
    expect(rows.filter(({ required }) => required).map((row) => row.reason)).toContain(reason);
  });

  it('is refused where the policy demands GPUs or does not name Nitro', () => {
    expect(onNitro({}, { policy: { ...nitroPolicy, gpu: { ...nitroPolicy.gpu, required: true } } }).reason).toBe(
      'gpu-count',
    );
    expect(onNitro({}, { policy: { ...nitroPolicy, families: ['snp'] } }).reason).toBe('family-not-allowed');
    expect(onNitro({}, { policy: tdxPolicy }).reason).toBe('family-not-allowed');
  });
});
