import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createNodeCrypto } from '../../../services/evidence/node-crypto.ts';
import { localNetworkPolicy } from '../../policy/policy.ts';
import { vendorAnchors } from '../anchors.ts';
import { readDcapCollateral } from '../dcap/collateral.ts';
import { strictTdxPolicy } from '../../policy/intel-sections.ts';
import { fromHex } from '../readers/bytes.ts';
import { verifyTdx } from '../tdx/verify.ts';
import type { CompositeEvidence } from './evidence.ts';
import { parseIonet, parseNear } from './near.ts';
import { parseTinfoil } from './tinfoil.ts';
import type { CompositeInput } from './input.ts';
import { cpuOfTdx, verifyComposite } from './verify.ts';

const folder = '../shared/vectors/composite';
const crypto = createNodeCrypto();
const policy: CompositeInput['policy'] = {
  ...localNetworkPolicy({ measurements: [], minimumTcb: { bootloader: 0, tee: 0, snp: 0, microcode: 0 } }),
  families: ['tdx'],
  tdx: strictTdxPolicy,
  gpu: { required: true, architectures: ['hopper', 'blackwell'], models: [], requireReferenceMeasurements: true },
  acceptSimulated: false,
};

function value<T>(parsed: { ok: true; value: T } | { ok: false; detail: string }): T {
  if (!parsed.ok) throw new Error(parsed.detail);
  return parsed.value;
}

function cpuOf(evidence: CompositeEvidence, collateral: Uint8Array, now: number) {
  const quote = evidence.quote ?? new Uint8Array();
  const tdx = { name: 'cpu0', quote, collateral: value(readDcapCollateral(collateral)), policy: strictTdxPolicy, now };
  return cpuOfTdx(verifyTdx({ ...tdx, anchors: vendorAnchors, crypto }));
}

function failures(input: CompositeInput): (string | undefined)[] {
  const { binding, submodules } = verifyComposite(input).verification;
  return [...binding, ...submodules.flatMap(({ checks }) => checks)]
    .filter(({ required, outcome }) => required && outcome !== 'pass')
    .map(({ reason }) => reason);
}

describe('composite vectors', () => {
  if (!existsSync(folder)) {
    it('needs ../shared/vectors', () => {
      expect(process.env['CI'], 'the evidence vectors are missing').not.toBe('true');
    });
    return;
  }
  const reader = (name: string) => (file: string) => new Uint8Array(readFileSync(join(folder, name, file)));

  it('near-tdx-8xh200-20260629: valid, and the GPU unbound in words', () => {
    const read = reader('near-tdx-8xh200-20260629');
    const text = (file: string) => new TextDecoder().decode(read(file));
    const meta = JSON.parse(text('meta.json')) as { expected: string; evaluate_at: string };
    const now = Date.parse(meta.evaluate_at);
    const files = {
      request: read('request.json'),
      nvidiaPayload: read('nvidia_payload.json'),
      quote: read('quote.bin'),
    };
    const evidence = value(parseNear(files, crypto));
    const { info, nonce } = JSON.parse(text('request.json')) as {
      nonce: string;
      info: { compose_hash: string; os_image_hash: string };
    };
    const input: CompositeInput = {
      node: 'near',
      evidence,
      cpu: cpuOf(evidence, read('collateral.json'), now),
      nonce: fromHex(nonce),
      nras: { eat: text('nras_response.json'), jwks: text('nras_jwks.json'), expectedCount: 8 },
      eventLog: {
        log: { kind: 'dstack', json: read('event_log.json') },
        appCompose: new Uint8Array(gunzipSync(read('app_compose.txt.gz'))),
        composeHashes: [info.compose_hash],
        osImageHashes: [info.os_image_hash],
      },
      requireGpuBinding: false,
      policy,
      anchors: vendorAnchors,
      now,
      crypto,
    };
    expect(meta.expected).toBe('valid');
    expect(failures(input)).toEqual([]);
    const { verification } = verifyComposite(input);
    expect(verification.status).toBe('affirming');
    expect(verification.submodules.map(({ name }) => name)).toEqual(['cpu0', 'nras', 'gpu0', 'gpu1', 'eventlog']);
    const row = verification.binding.find(({ id }) => id === 'binding.gpu');
    expect(row?.outcome).toBe('unknown');
    expect(row?.detail).toBe('unbound: the CPU quote does not commit to the GPU evidence, only a nonce is shared.');
    expect(verification.binding.find(({ id }) => id === 'binding.nras-more')?.detail).toContain('6 more GPUs');
    expect(verification.binding.find(({ id }) => id === 'binding.nras-measurements')?.found).toContain('gpu0, gpu1');
    // Before a key goes out the missing binding counts.
    const strict = verifyComposite({ ...input, requireGpuBinding: true }).verification;
    expect([strict.status, strict.reason]).toEqual(['warning', 'gpu-unbound']);
    // Without NVIDIA's word there are no reference values.
    const { nras: _, ...alone } = input;
    expect(failures(alone)).toEqual(['rim-unavailable', 'rim-unavailable']);
    expect(failures({ ...input, nonce: undefined })).toEqual(['nonce-not-given']);
    expect(
      failures({ ...input, evidence: { ...evidence, gpus: evidence.gpus.slice(0, 1).concat(evidence.gpus[0] ?? []) } }),
    ).toEqual(['gpu-duplicate']);
    expect(failures({ ...input, eventLog: { log: { kind: 'dstack', json: '[]' } } })).toContain('rtmr-mismatch');
    expect(() => verifyComposite({ ...input, now: Number.NaN })).toThrow(TypeError);
  });

  it('tinfoil-v3-tdx-h100-20260629: valid, and everything bound', () => {
    const read = reader('tinfoil-v3-tdx-h100-20260629');
    const text = (file: string) => new TextDecoder().decode(read(file));
    const meta = JSON.parse(text('meta.json')) as { expected: string; evaluate_at: string; nonce: string };
    const now = Date.parse(meta.evaluate_at);
    const evidence = value(parseTinfoil(read('attestation.json'), crypto));
    expect(evidence.quote).toEqual(read('quote.bin'));
    const input: CompositeInput = {
      node: 'tinfoil',
      evidence,
      cpu: cpuOf(evidence, read('collateral.json'), now),
      nonce: fromHex(meta.nonce),
      nras: { eat: text('nras_response.json'), jwks: text('nras_jwks.json') },
      expectedGpus: 1,
      ...(evidence.tlsKey === undefined ? {} : { observedTlsKey: evidence.tlsKey }),
      requireGpuBinding: true,
      policy,
      anchors: vendorAnchors,
      now,
      crypto,
    };
    expect(meta.expected).toBe('valid');
    expect(failures(input)).toEqual([]);
    const { verification } = verifyComposite(input);
    expect(verification.status).toBe('affirming');
    const rows = new Map(verification.binding.map(({ id, outcome }) => [id, outcome]));
    for (const id of ['report-data', 'tls-certificate', 'tls-key', 'gpu', 'gpu-nonce', 'nras-gpus']) {
      expect(rows.get(`binding.${id}`), id).toBe('pass');
    }
    // The same document written again by another JSON writer is other evidence.
    const again = text('attestation.json').replace('"evidences":[', '"evidences": [');
    const spaced = value(parseTinfoil(new TextEncoder().encode(again), crypto));
    expect(failures({ ...input, evidence: spaced })).toEqual(['report-data-mismatch', 'gpu-evidence-not-bound']);
    expect(failures({ ...input, observedTlsKey: new Uint8Array(32) })).toEqual(['tls-key-mismatch']);
    expect(failures({ ...input, expectedGpus: 8 })).toEqual(['gpu-count']);
    expect(failures({ ...input, nonce: new Uint8Array(32) })).toContain('nonce-mismatch');
  });
});

describe('composite readers', () => {
  it('survive any bytes', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => new TextEncoder().encode(text)),
        ),
        (bytes) => {
          expect(parseTinfoil(bytes, crypto).ok).toBe(false);
          expect(parseIonet(bytes, crypto).ok).toBe(false);
          expect(parseNear({ request: bytes, nvidiaPayload: bytes, quote: bytes }, crypto).ok).toBe(false);
        },
      ),
    );
    expect(parseTinfoil(new Uint8Array(2_000_000).fill(0x20), crypto).ok).toBe(false);
  });
});
