import { sha256 } from '@noble/hashes/sha2.js';
import { describe, expect, it } from 'vitest';
import { createNodeCrypto } from '../../../services/evidence/node-crypto.ts';
import { vendorAnchors, type TrustAnchors } from '../anchors.ts';
import { verifyNitro, type NitroInput } from '../nitro/verify.ts';
import { toHex } from '../readers/bytes.ts';
import { encodeCbor } from './cbor-writer.ts';
import { buildNitroDocument, createSimulatedNitro, type NitroClaims } from './nitro-builder.ts';

const now = Date.parse('2026-06-01T12:00:00Z');
let state = 1;
const random = (bytes: number) =>
  Uint8Array.from({ length: bytes }, () => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) >>> 24);
const nitro = createSimulatedNitro({ now, random });
const anchors: TrustAnchors = { ...vendorAnchors, awsNitro: [toHex(sha256(nitro.caBundle[0] ?? new Uint8Array()))] };
const nonce = random(32);
const pcrs = new Map([0, 1, 2, 3, 4, 8].map((index) => [index, random(48)] as const));
const honest: NitroClaims = { timestamp: now - 1000, pcrs, nonce };
const pinned = new Map([[0, pcrs.get(0) ?? new Uint8Array()]]);

function judge(document: Uint8Array, changes: Partial<NitroInput> = {}) {
  const input = { name: 'cpu0', document, nonce, pcrs: pinned, anchors, now, crypto: createNodeCrypto(), ...changes };
  const { verdict } = verifyNitro(input);
  const failed = verdict.checks.filter(({ outcome }) => outcome !== 'pass').map(({ reason }) => reason);
  return { status: verdict.status, failed };
}

describe('a SIMULATED Nitro enclave', () => {
  it('passes under its own root and under no other', () => {
    expect(judge(buildNitroDocument(nitro, honest))).toEqual({ status: 'affirming', failed: [] });
    expect(judge(buildNitroDocument(nitro, honest), { anchors: vendorAnchors }).failed).toEqual([
      'chain-root-not-pinned',
    ]);
  });

  const zero = new Uint8Array(48);
  it.each<[string, NitroClaims, string]>([
    ['debug mode', { ...honest, pcrs: new Map([...pcrs, [0, zero], [1, zero], [2, zero]]) }, 'debug-enabled'],
    ['another image', { ...honest, pcrs: new Map([...pcrs, [0, random(48)]]) }, 'register-mismatch'],
    ['a register left out', { ...honest, pcrs: new Map([...pcrs].filter(([at]) => at !== 0)) }, 'register-missing'],
    ['no nonce', { timestamp: now, pcrs }, 'nonce-mismatch'],
    ['the beginning of the nonce', { ...honest, nonce: nonce.slice(0, 31) }, 'nonce-mismatch'],
    ['an old document', { ...honest, timestamp: now - 360_000 }, 'document-time'],
    ['a document from the future', { ...honest, timestamp: now + 360_000 }, 'document-time'],
    ['a member of its own', { ...honest, members: new Map([['test_purpose', 'trust me']]) }, 'evidence-malformed'],
    ['another digest', { ...honest, members: new Map([['digest', 'SHA256']]) }, 'evidence-malformed'],
    ['no authorities', { ...honest, members: new Map([['cabundle', []]]) }, 'evidence-malformed'],
  ])('is refused with %s', (_, claims, reason) => {
    const { status, failed } = judge(buildNitroDocument(nitro, claims));
    expect(status).toBe('contraindicated');
    expect(failed).toContain(reason);
  });

  it('is refused under another algorithm than ES384, and after the leaf has ended', () => {
    const header = encodeCbor(new Map([[1, -7]]));
    expect(judge(buildNitroDocument(nitro, honest, header)).failed).toEqual(['evidence-malformed']);
    const short = createSimulatedNitro({ now, random, leafLifetime: 1000 });
    const root = toHex(sha256(short.caBundle[0] ?? new Uint8Array()));
    const later = { anchors: { ...vendorAnchors, awsNitro: [root] }, now: now + 2000 };
    expect(judge(buildNitroDocument(short, honest), later).failed).toEqual(['certificate-expired']);
  });

  it('is refused when an authority is left out or a document is signed by another enclave', () => {
    const gap = { ...nitro, caBundle: nitro.caBundle.filter((_, at) => at !== 1) };
    expect(judge(buildNitroDocument(gap, honest)).status).toBe('contraindicated');
    const other = createSimulatedNitro({ now, random });
    expect(judge(buildNitroDocument({ ...nitro, signer: other.signer }, honest)).failed).toEqual(['cose-signature']);
  });
});
