import { beforeAll, describe, expect, it } from 'vitest';
import { createNodeCrypto } from '../../../services/evidence/node-crypto.ts';
import { random, startSimulatedNetwork } from '../../../services/evidence/testing/simulated-network.ts';
import { simulatedAnchors } from '../anchors.ts';
import { platform } from '../dcap/testing/simulated.ts';
import { evidenceFilePolicy } from '../files/default-policy.ts';
import { verifyEvidenceSet, type FilesToVerify } from '../files/verify.ts';
import { buildTinfoil, type CompositeMachine } from './composite-builder.ts';

const now = Date.parse('2026-11-22T17:00:00Z');
const keys = { nonce: random(32), tlsKey: random(32), hpkeKey: random(32) };
const utf8 = (text: string) => new TextEncoder().encode(text);

let setup: Awaited<ReturnType<typeof startSimulatedNetwork>>;
let machine: CompositeMachine;
let certificates: FilesToVerify['files'];
beforeAll(async () => {
  setup = await startSimulatedNetwork(now);
  const { cpu } = setup.hardware({ gpus: [] });
  machine = { platform, snp: cpu, gpus: [], random };
  const der = cpu.certificates.map((text) => new Uint8Array(Buffer.from(text, 'base64')));
  certificates = der.map((bytes, at) => ({ name: `${at}.der`, bytes }));
}, 120_000);

function verify(text: string, changes: Partial<FilesToVerify> = {}) {
  const files = [{ name: 'attestation.json', bytes: utf8(text) }, ...certificates];
  const anchors = simulatedAnchors({ amd: setup.network.anchors.amd, nvidia: setup.network.anchors.nvidia });
  const policy = { ...evidenceFilePolicy, acceptSimulated: true };
  const input = { files, policy, anchors, now, crypto: createNodeCrypto(), nonce: keys.nonce };
  const result = verifyEvidenceSet({ ...input, ...changes });
  return result.ok ? [result.value.family, result.value.verification.reason] : [result.error.message];
}

describe('a SIMULATED machine with an SNP processor in Tinfoil’s layout', () => {
  it('passes without GPUs, of which the document does not speak', () => {
    expect(verify(buildTinfoil(machine, keys))).toEqual(['composite', undefined]);
  });

  it('passes with the GPUs whose evidence the report covers, as far as NVIDIA can be asked', () => {
    const { gpus } = setup.hardware({ gpus: [setup.gpu] });
    // No manifest of NVIDIA fits a SIMULATED driver: that row stays, and it alone.
    expect(verify(buildTinfoil({ ...machine, gpus }, keys))).toEqual(['composite', 'rim-unavailable']);
  });

  it.each<[string, (text: string) => string, string]>([
    ['another HPKE key', (text) => text.replace(/"hpke_key":"../, '"hpke_key":"00'), 'report-data-mismatch'],
    ['GPUs that are none', (text) => text.replace(/\}$/, ',"gpu":{"evidences":[]}}'), 'report-data-mismatch'],
    ['a platform that it is not', (text) => text.replace('sev-snp', 'tdx'), 'evidence-malformed'],
    ['a platform that nobody knows', (text) => text.replace('sev-snp', 'snp'), 'evidence-malformed'],
  ])('refuses %s', (_, change, reason) => {
    expect(verify(change(buildTinfoil(machine, keys)))).toEqual(['composite', reason]);
  });

  it('refuses a policy without SNP, one that demands GPUs, and another nonce', () => {
    const text = buildTinfoil(machine, keys);
    const policy = { ...evidenceFilePolicy, acceptSimulated: true };
    expect(verify(text, { policy: { ...policy, families: ['tdx'] } })[1]).toBe('family-not-allowed');
    expect(verify(text, { policy: { ...policy, gpu: { ...policy.gpu, required: true } } })[1]).toBe('gpu-count');
    expect(verify(text, { nonce: random(32) })[1]).toBe('nonce-mismatch');
  });
});
