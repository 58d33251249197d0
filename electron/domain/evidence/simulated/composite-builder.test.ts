import { beforeAll, describe, expect, it } from 'vitest';
import { cacheGoodSignatures } from '../../../services/evidence/caching-crypto.ts';
import { createNodeCrypto } from '../../../services/evidence/node-crypto.ts';
import { random, startSimulatedNetwork } from '../../../services/evidence/testing/simulated-network.ts';
import { simulatedAnchors, vendorAnchors } from '../anchors.ts';
import { parseIonet, parseNear } from '../composite/near.ts';
import { parseTinfoil } from '../composite/tinfoil.ts';
import type { CompositeInput } from '../composite/input.ts';
import { cpuOfTdx, verifyComposite } from '../composite/verify.ts';
import type { CompositeEvidence } from '../composite/evidence.ts';
import { strictTdxPolicy } from '../../policy/intel-sections.ts';
import { goldenFromDirectory } from '../nvidia/reference.ts';
import { sourceOf } from '../nvidia/testing/ocsp-chain.ts';
import type { Parsed } from '../readers/bytes.ts';
import { parseCertificate } from '../readers/x509.ts';
import { verifyTdx } from '../tdx/verify.ts';
import {
  buildNear,
  buildTinfoil,
  gpuEntry,
  ionetDocument,
  type CompositeMachine,
  type NearEvidence,
} from './composite-builder.ts';
import { buildDcapCollateral } from './intel-collateral.ts';
import { createSimulatedIntel, createSimulatedPlatform, pem } from './intel-authority.ts';
import { buildNrasAnswer, createSimulatedNras } from './nras-builder.ts';
import { buildOcsp, type OcspRequest } from './ocsp-builder.ts';
import { p384Signer } from './p384-key.ts';

const now = Date.parse('2026-11-22T17:00:00Z');
const crypto = cacheGoodSignatures(createNodeCrypto());
const utf8 = (text: string) => new TextEncoder().encode(text);
const nonce = random(32);
const tlsKey = random(32);
const hpkeKey = random(32);
const signer = random(32);
const appCompose = utf8('{"SIMULATED":true}');
const nras = createSimulatedNras(random);

const intel = createSimulatedIntel({ now, random });
const platform = createSimulatedPlatform(intel, { now, random });
const collateral = buildDcapCollateral(intel, { now, tee: 'tdx', identity: platform.identity });

let machine: CompositeMachine;
let other: CompositeMachine;
let base: Omit<CompositeInput, 'evidence' | 'cpu'>;
let tinfoil: string;
let near: NearEvidence;
let provisionerKey: string;
beforeAll(async () => {
  const setup = await startSimulatedNetwork(now);
  machine = { platform, gpus: setup.hardware({ gpus: [setup.gpu, setup.gpu] }).gpus, random };
  provisionerKey = setup.authority.provisionerKey;
  other = { ...machine, gpus: setup.hardware({ gpus: [setup.gpu] }).gpus };
  const golden = goldenFromDirectory(setup.network.gpuMeasurements);
  base = {
    node: 'SIMULATED',
    nonce,
    gpuReference: () => ({ kind: 'golden', golden }),
    expectedGpus: 2,
    requireGpuBinding: true,
    policy: { ...setup.policy, families: ['tdx'], tdx: strictTdxPolicy },
    anchors: {
      ...simulatedAnchors({ amd: [], nvidia: setup.network.anchors.nvidia }),
      intelSgx: [intel.rootSha256],
    },
    now,
    crypto,
  };
  base = { ...base, policy: { ...base.policy, gpu: { ...base.policy.gpu, models: [] } } };
  tinfoil = buildTinfoil(machine, { nonce, tlsKey, hpkeKey });
  near = buildNear(machine, { nonce, signer, tlsKey, appCompose });
}, 120_000);

function judge(parsed: Parsed<CompositeEvidence>, changes: Partial<CompositeInput> = {}) {
  if (!parsed.ok) return { status: 'unreadable', failed: [parsed.detail], document: undefined };
  const quote = parsed.value.quote ?? new Uint8Array();
  const anchors = changes.anchors ?? base.anchors;
  const tdx = verifyTdx({ name: 'cpu0', quote, collateral, policy: strictTdxPolicy, now, anchors, crypto });
  const { verification } = verifyComposite({ ...base, evidence: parsed.value, cpu: cpuOfTdx(tdx), ...changes });
  const failed = [...verification.binding, ...verification.submodules.flatMap(({ checks }) => checks)]
    .filter(({ required, outcome }) => required && outcome !== 'pass')
    .map(({ reason }) => reason);
  return { status: verification.status, failed, document: verification };
}
const readTinfoil = (text = tinfoil) => parseTinfoil(utf8(text), crypto);
const readNear = (files: Partial<NearEvidence> = {}) => parseNear({ ...near, ...files }, crypto);
const json = (text: string) => JSON.parse(text) as Record<string, never> & Record<string, unknown>;

describe('revocation of the GPUs of one machine', () => {
  const certificatesOf = (at: number) =>
    (machine.gpus[at]?.certificates ?? []).map((text) => {
      const parsed = parseCertificate(new Uint8Array(Buffer.from(text, 'base64')));
      if (!parsed.ok) throw new Error(parsed.detail);
      return parsed.value;
    });
  const say = (at: number, status: OcspRequest['status']) => {
    const [, certificate, issuer] = certificatesOf(at);
    if (certificate === undefined || issuer === undefined) throw new Error('no chain');
    return buildOcsp(
      { certificate, issuer, status, thisUpdate: now, nextUpdate: now + 1000 },
      p384Signer(provisionerKey),
    );
  };

  it('refuses the machine when one of them is on hold or revoked, or when a policy demands answers and there are none', () => {
    expect(judge(readTinfoil(), { ocsp: sourceOf(say(0, 'good'), say(1, 'good')) }).status).toBe('affirming');
    const held = judge(readTinfoil(), { ocsp: sourceOf(say(0, 'good'), say(1, { revokedAt: now, reason: 6 })) });
    expect([held.status, held.failed]).toEqual(['contraindicated', ['certificate-on-hold']]);
    const revoked = judge(readNear(), { ocsp: sourceOf(say(0, { revokedAt: now, reason: 1 })) });
    expect(revoked.failed).toContain('certificate-revoked');
    const policy = { ...base.policy, gpu: { ...base.policy.gpu, requireRevocation: true } };
    const demanded = judge(readTinfoil(), { policy, ocsp: sourceOf(say(0, 'good'), say(1, 'good')) });
    expect([demanded.status, demanded.failed]).toEqual(['warning', ['ocsp-not-given', 'ocsp-not-given']]);
  });
});

describe('a SIMULATED machine in Tinfoil’s layout', () => {
  it('passes under its own roots and under no other, and says SIMULATED', () => {
    const { status, failed, document } = judge(readTinfoil());
    expect(failed).toEqual([]);
    expect(status).toBe('affirming');
    expect(document?.simulated).toBe(true);
    expect(document?.notChecked.join(' ')).toContain('SIMULATED');
    expect(judge(readTinfoil(), { anchors: vendorAnchors }).failed).toContain('chain-root-not-pinned');
    expect(judge(readTinfoil(), { policy: { ...base.policy, acceptSimulated: false } }).failed).toEqual([
      'simulated-not-accepted',
    ]);
    expect(judge(readTinfoil(), { policy: { ...base.policy, families: ['snp'] } }).failed).toEqual([
      'family-not-allowed',
    ]);
  });

  /** The document with other GPU evidence in it, whatever it hashes to. */
  const withGpus = (evidences: unknown, change: (text: string) => string = (text) => text) =>
    readTinfoil(change(tinfoil.replace(/"gpu":\{.*?\]\}/, `"gpu":${JSON.stringify({ evidences })}`)));
  const own = () => machine.gpus.map((gpu) => gpuEntry(gpu, nonce, random));
  const restate = (evidences: unknown) => (text: string) =>
    text.replace(
      /"gpu_evidence_hash":"[0-9a-f]{64}"/,
      `"gpu_evidence_hash":"${Buffer.from(crypto.sha256(utf8(JSON.stringify({ evidences })))).toString('hex')}"`,
    );

  it('refuses GPU evidence that was swapped, whatever hash the document states', () => {
    const evidences = [...other.gpus, ...machine.gpus.slice(1)].map((gpu) => gpuEntry(gpu, nonce, random));
    const expected = ['report-data-mismatch', 'gpu-evidence-not-bound'];
    expect(judge(withGpus(evidences)).failed).toEqual(expected);
    expect(judge(withGpus(evidences, restate(evidences))).failed).toEqual(expected);
    // Fresh evidence of the very same GPUs is other evidence too.
    expect(judge(withGpus(own())).failed).toEqual(expected);
  });

  it('refuses one GPU twice, a missing one and another session’s', () => {
    const [first, second] = own();
    expect(judge(withGpus([first, first])).failed).toContain('gpu-duplicate');
    expect(judge(withGpus([first])).failed).toContain('gpu-count');
    expect(judge(withGpus([])).failed).toContain('gpu-count');
    const [stale] = machine.gpus.map((gpu) => gpuEntry(gpu, random(32), random));
    expect(judge(withGpus([stale, second])).failed).toContain('gpu-nonce-mismatch');
    expect(judge(withGpus([{ ...first, arch: 'BLACKWELL' }, second])).failed).toContain('gpu-mixed');
    expect(judge(withGpus([{ ...first, nonce: '00'.repeat(32) }, second])).failed).toContain('gpu-nonce-mismatch');
  });

  it.each<[string, (text: string) => string, string]>([
    ['another TLS key', (text) => text.replace(/"tls_key_fp":"../, '"tls_key_fp":"zz'), 'is not 32 bytes of hex'],
    ['no HPKE key', (text) => text.replace('"hpke_key"', '"hpke"'), 'hpke_key is not 32 bytes'],
    ['a repeated member', (text) => text.replace('"cpu":', '"gpu":{},"cpu":'), 'appears twice'],
    ['another format', (text) => text.replace('/v3"', '/v2"'), 'format v3'],
    ['another platform', (text) => text.replace('"tdx"', '"snp"'), 'neither of TDX nor of SEV-SNP'],
    ['a hash without evidence', (text) => text.replace(/,"gpu":\{.*?\]\}/, ''), 'no GPU evidence'],
  ])('does not read %s', (_, change, words) => {
    expect(judge(readTinfoil(change(tinfoil))).failed.join()).toContain(words);
  });

  it('refuses keys and nonces that the quote does not cover', () => {
    const swap = (name: string) =>
      tinfoil.replace(new RegExp(`"${name}":"[0-9a-f]{64}"`), `"${name}":"${'ab'.repeat(32)}"`);
    expect(judge(readTinfoil(swap('tls_key_fp'))).failed).toEqual(['report-data-mismatch', 'gpu-evidence-not-bound']);
    expect(judge(readTinfoil(swap('hpke_key'))).failed).toEqual(['report-data-mismatch', 'gpu-evidence-not-bound']);
    expect(judge(readTinfoil(swap('nonce'))).failed).toContain('nonce-mismatch');
    expect(judge(readTinfoil(swap('gpu_evidence_hash'))).failed).toEqual(['gpu-evidence-not-bound']);
    const replay = buildTinfoil(machine, { nonce: random(32), tlsKey, hpkeKey });
    expect(judge(readTinfoil(replay)).failed).toEqual(expect.arrayContaining(['nonce-mismatch', 'gpu-nonce-mismatch']));
    expect(judge(readTinfoil(), { nonce: undefined }).status).toBe('warning');
    expect(judge(readTinfoil(), { observedTlsKey: tlsKey }).failed).toEqual([]);
    expect(judge(readTinfoil(), { observedTlsKey: tlsKey.slice(0, 31) }).failed).toEqual(['tls-key-mismatch']);
  });

  it('refuses a quote that covers the GPU evidence but is followed by anything in REPORTDATA', () => {
    const reportData = new Uint8Array(64).fill(1);
    const forged = buildTinfoil(machine, { nonce, tlsKey, hpkeKey, td: { reportData } });
    expect(judge(readTinfoil(forged)).failed).toEqual(['report-data-mismatch', 'gpu-evidence-not-bound']);
  });

  it('takes the certificate of the attested key, and no other', () => {
    const der = platform.pck.certificate;
    const parsed = parseCertificate(der);
    const spki = parsed.ok ? parsed.value.publicKey.spki : new Uint8Array();
    const document = (key: Uint8Array) => buildTinfoil(machine, { nonce, tlsKey: key, hpkeKey, certificate: pem(der) });
    expect(judge(readTinfoil(document(crypto.sha256(spki)))).failed).toEqual([]);
    expect(judge(readTinfoil(document(tlsKey))).failed).toEqual(['tls-certificate-mismatch']);
  });

  it('works without GPUs, where the policy wants none', () => {
    const text = buildTinfoil({ ...machine, gpus: [] }, { nonce, tlsKey, hpkeKey });
    const { expectedGpus: _, ...rest } = base;
    const policy = { ...base.policy, gpu: { ...base.policy.gpu, required: false } };
    expect(judge(readTinfoil(text), { ...rest, expectedGpus: 0, policy }).failed).toEqual([]);
    expect(judge(readTinfoil(text)).failed).toEqual(['gpu-count']);
  });

  it('survives every truncation', () => {
    for (let length = 0; length < tinfoil.length; length += 37) {
      expect(readTinfoil(tinfoil.slice(0, length)).ok).toBe(false);
    }
  });
});

describe('a SIMULATED machine in NEAR’s and io.net’s layouts', () => {
  const open = { requireGpuBinding: false };
  const log = () => ({
    eventLog: { log: { kind: 'dstack' as const, json: JSON.stringify(near.eventLog) }, appCompose },
  });

  it('passes with its GPUs unbound, and not where the binding is required', () => {
    expect(judge(readNear(), { ...open, ...log() })).toMatchObject({ status: 'affirming', failed: [] });
    expect(judge(readNear(), log())).toMatchObject({ status: 'warning', failed: ['gpu-unbound'] });
  });

  it('cannot tell GPUs of another machine that answered the same nonce: why it is unbound', () => {
    const nvidiaPayload = buildNear(
      { ...other, gpus: [...other.gpus, ...machine.gpus.slice(1)] },
      { nonce, signer, appCompose },
    ).nvidiaPayload;
    const { failed, document } = judge(readNear({ nvidiaPayload }), open);
    expect(failed).toEqual([]);
    expect(document?.binding.find(({ id }) => id === 'binding.gpu')?.detail).toContain('unbound: ');
  });

  it('refuses another signer, TLS key, nonce, app compose or log', () => {
    const swap = (name: string) =>
      readNear({
        request: near.request.replace(new RegExp(`"${name}":"[0-9a-f]+"`), `"${name}":"${'ab'.repeat(32)}"`),
      });
    expect(judge(swap('signing_address'), open).failed).toEqual(['report-data-mismatch']);
    expect(judge(swap('tls_cert_fingerprint'), open).failed).toEqual(['report-data-mismatch']);
    expect(judge(swap('nonce'), open).failed).toEqual(['nonce-mismatch', 'report-data-mismatch']);
    const compose = { eventLog: { ...log().eventLog, appCompose: utf8('{}') } };
    expect(judge(readNear(), { ...open, ...compose }).failed).toEqual(['compose-hash-mismatch']);
    const { quote } = buildNear(machine, { nonce, signer, tlsKey, appCompose: utf8('{}') });
    expect(judge(readNear({ quote }), { ...open, ...log() }).failed).toEqual(['rtmr-mismatch', 'mrconfigid-mismatch']);
  });

  it('an address of 20 bytes stands alone in the first half, and TLS is then unbound', () => {
    const address = random(20);
    const files = buildNear(machine, { nonce, signer: address, appCompose });
    const { failed, document } = judge(readNear(files), { ...open, observedTlsKey: tlsKey });
    expect(failed).toEqual([]);
    expect(document?.binding.find(({ id }) => id === 'binding.tls-key')?.reason).toBe('tls-key-unbound');
    expect(document?.notChecked.join(' ')).toContain('unbound: the CPU quote does not commit to the TLS key');
  });

  it('reads io.net’s answer and prints what is unbound', () => {
    const address = random(20);
    const files = buildNear(machine, { nonce, signer: address, appCompose });
    const document = ionetDocument(files, 'sha256:SIMULATED');
    const result = judge(parseIonet(document, crypto), open);
    expect(result.failed).toEqual([]);
    const words = result.document?.notChecked.join(' ') ?? '';
    expect(words).toContain('image digest');
    expect(words).toContain('TLS key');
    // A quote that holds only the nonce: fresh, but of whatever signer.
    const reportData = new Uint8Array([...nonce, ...new Uint8Array(32)]);
    const loose = ionetDocument(buildNear(machine, { nonce, signer: address, appCompose, td: { reportData } }), 'x');
    const row = judge(parseIonet(loose, crypto), open).document?.binding.find(({ id }) => id === 'binding.signer');
    expect(row?.detail).toBe('unbound: the CPU quote does not commit to the signing address.');
    const stale = ionetDocument(
      buildNear(machine, { nonce, signer: address, appCompose, td: { reportData: random(64) } }),
      'x',
    );
    expect(judge(parseIonet(stale, crypto), open).failed).toEqual(['report-data-mismatch']);
    expect(json(document)['image_digest']).toBe('sha256:SIMULATED');
  });

  it('lets NVIDIA vouch only for the very GPUs it judged', () => {
    const serial = (text: string) => {
      const parsed = parseCertificate(new Uint8Array(Buffer.from(text, 'base64')));
      return parsed.ok ? BigInt(`0x${parsed.value.serial}`).toString() : '';
    };
    const ueids = (of: CompositeMachine) => of.gpus.map(({ certificates: [leaf = ''] }) => serial(leaf));
    const answer = (ids: readonly string[], changes = {}) => ({
      ...open,
      gpuReference: () => ({ kind: 'none' as const }),
      nras: { eat: buildNrasAnswer(nras, { nonce, now, ueids: ids, ...changes }), jwks: nras.jwks },
    });
    expect(judge(readNear(), { ...open, gpuReference: () => ({ kind: 'none' }) }).failed).toEqual([
      'rim-unavailable',
      'rim-unavailable',
    ]);
    expect(judge(readNear(), answer(ueids(machine)))).toMatchObject({ status: 'affirming', failed: [] });
    expect(judge(readNear(), answer(['1', '2'])).failed).toEqual([
      'nras-other-gpus',
      'rim-unavailable',
      'rim-unavailable',
    ]);
    expect(judge(readNear(), answer([...ueids(machine).slice(0, 1), '2'])).failed).toEqual([
      'nras-other-gpus',
      'rim-unavailable',
    ]);
    const denied = answer(ueids(machine), { overall: { 'x-nvidia-overall-att-result': false } });
    expect(judge(readNear(), denied).failed).toEqual(['nras-overall-false', 'rim-unavailable', 'rim-unavailable']);
  });
});
