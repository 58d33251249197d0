import { describe, expect, it } from 'vitest';
import type { Policy } from '../../../contract/policy.ts';
import type { SimulatedGpu } from '../../../contract/simulated-hardware.ts';
import { simulatedAnchors } from '../anchors.ts';
import { toHex } from '../readers/bytes.ts';
import { buildGpuReport, buildSwitchReport, type SimulatedSwitch } from '../simulated/gpu-builder.ts';
import { buildRim, createSimulatedRimAuthority, type RimContent } from '../simulated/rim-builder.ts';
import type { GoldenMeasurement } from './reference.ts';
import { answer, createChain, crypto, fwid, random, sourceOf } from './testing/ocsp-chain.ts';
import { verifyGpu, type GpuInput } from './verify.ts';

const now = Date.parse('2026-11-22T17:00:00Z');
const nonce = random(32);
const hash = (fill: number) => toHex(new Uint8Array(48).fill(fill));
const policy: Policy['gpu'] = {
  required: true,
  architectures: ['hopper'],
  models: [],
  requireReferenceMeasurements: true,
};

function judge(
  input: Pick<GpuInput, 'architecture' | 'report' | 'certificates' | 'anchors' | 'reference'> & Partial<GpuInput>,
) {
  const { verdict } = verifyGpu({ name: 'device', nonce, policy, now, crypto, ...input });
  const failed = verdict.checks.filter(({ required, outcome }) => required && outcome !== 'pass');
  return {
    status: verdict.status,
    reasons: failed.map(({ reason }) => reason),
    detail: failed[0]?.detail ?? '',
    compared: verdict.checks.find(({ id }) => id === 'gpu.measurements')?.expected,
    notChecked: verdict.notChecked.join(' '),
  };
}

describe('a GPU whose video decoder NVDEC0 may be on', () => {
  const chain = createChain(now);
  const gpu: SimulatedGpu = {
    architecture: 'hopper',
    model: 'H100',
    uuid: 'GPU-SIMULATED',
    privateKey: chain.issued[0].privateKey,
    certificates: [],
    driverVersion: '570.86.10',
    vbiosVersion: '96.00.AF.00.01',
    fwid,
    measurements: Array.from({ length: 64 }, (_, at) => hash(at)),
  };
  const golden: GoldenMeasurement[] = gpu.measurements.map((value, index) => ({ index, size: 48, values: [value] }));
  const other = gpu.measurements.map((value, index) => (index === 35 ? hash(0xff) : value));
  const seen = (nvdec0: number | undefined, measurements: readonly string[] = gpu.measurements) =>
    judge({
      architecture: 'hopper',
      report: buildGpuReport({ ...gpu, measurements: [...measurements] }, nonce, random, { nvdec0 }),
      certificates: chain.chain.map(({ der }) => der),
      anchors: chain.anchors,
      reference: { kind: 'golden', golden },
    });

  it('is compared in all 64 measurements while it is on', () => {
    expect(seen(0xaa)).toMatchObject({ status: 'affirming', compared: '64 equal' });
    expect(seen(0xaa, other)).toMatchObject({ status: 'contraindicated', reasons: ['measurement-mismatch'] });
    expect(seen(0xaa, other).detail).toContain('Measurements 35 differ');
  });

  it('is not compared in measurement 35 while it is off, and the verdict says so', () => {
    for (const measurements of [gpu.measurements, other]) {
      const found = seen(0x55, measurements);
      expect(found).toMatchObject({ status: 'affirming', compared: '63 equal' });
      expect(found.notChecked).toContain('measurement 35: NVDEC0 is off');
    }
    // Nothing else is let off.
    const wrong = gpu.measurements.map((value, index) => (index === 36 ? hash(0xff) : value));
    expect(seen(0x55, wrong).reasons).toEqual(['measurement-mismatch']);
  });

  it('counts as on unless the GPU says that it is off', () => {
    for (const state of [0x00, 0x54, 0xff, undefined]) {
      expect(seen(state)).toMatchObject({ status: 'affirming', compared: '64 equal' });
      expect(seen(state, other).reasons).toEqual(['measurement-mismatch']);
    }
  });

  it('must have as many measurements as the reference names', () => {
    expect(seen(0x55, gpu.measurements.slice(0, 63)).reasons).toEqual(['measurement-mismatch']);
    // Cut behind 34, the measurement that is left off is not the only one that is missing.
    expect(seen(0x55, gpu.measurements.slice(0, 35)).reasons).toEqual(['measurement-mismatch']);
  });
});

describe('an NVSwitch (LS10)', () => {
  const chain = createChain(now, 'LS_10');
  const authority = createSimulatedRimAuthority({ now, random });
  const device: SimulatedSwitch = {
    privateKey: chain.issued[0].privateKey,
    biosVersion: '96.10.55.00.01',
    deviceId: random(8),
    measurements: Array.from({ length: 31 }, (_, at) => hash(at)),
  };
  const rim = (changes: Partial<RimContent> = {}) =>
    buildRim(authority, {
      version: device.biosVersion,
      product: 'LS10',
      measurements: device.measurements.map((value, index) => ({ index, values: [value] })),
      ...changes,
    });
  const seen = (changes: Partial<SimulatedSwitch> = {}, input: Partial<GpuInput> = {}, vbios = rim()) =>
    judge({
      architecture: 'ls10',
      report: buildSwitchReport({ ...device, ...changes }, nonce, random),
      certificates: chain.chain.map(({ der }) => der),
      anchors: simulatedAnchors({
        amd: [],
        nvidia: [...chain.anchors.nvidiaDevice],
        rim: [authority.rootSha256],
      }),
      reference: { kind: 'rims', rims: { vbios } },
      ...input,
    });

  it('is affirmed by one manifest, that of its BIOS, whatever the policy demands of GPUs', () => {
    expect(seen()).toMatchObject({ status: 'affirming', compared: '31 equal' });
    expect(seen().notChecked).toContain('Firmware id');
    const gpuRules: Policy['gpu'] = { ...policy, architectures: ['blackwell'], models: ['H200'], minimumDriver: '570' };
    expect(seen({}, { policy: gpuRules }).reasons).toEqual([]);
  });

  it('is refused with other, fewer or swapped measurements', () => {
    for (const at of [0, 15, 30]) {
      const measurements = device.measurements.map((value, index) => (index === at ? hash(0xee) : value));
      const found = seen({ measurements });
      expect(found.reasons).toEqual(['measurement-mismatch']);
      expect(found.detail).toContain(`Measurements ${at} differ`);
    }
    expect(seen({ measurements: device.measurements.slice(0, 30) }).reasons).toEqual(['measurement-mismatch']);
    const [first = '', second = '', ...rest] = device.measurements;
    expect(seen({ measurements: [second, first, ...rest] }).detail).toContain('Measurements 0, 1 differ');
  });

  it('is refused with the manifest of another BIOS, of a GPU, or none', () => {
    expect(seen({ biosVersion: '96.10.6D.00.01' }).reasons).toEqual(['rim-version-mismatch']);
    expect(seen({}, {}, rim({ product: 'GH100' })).reasons).toEqual(['rim-version-mismatch']);
    expect(seen({}, { reference: { kind: 'none' } }).reasons).toEqual(['rim-unavailable']);
    // A manifest for the driver is none for the BIOS.
    expect(seen({}, { reference: { kind: 'rims', rims: { driver: rim() } } }).reasons).toEqual(['rim-unavailable']);
    expect(seen({}, {}, rim({ measurements: [] })).reasons).toEqual(['reference-empty']);
  });

  it('passes for no GPU, and no GPU for it', () => {
    expect(seen({}, { architecture: 'hopper' }).reasons).toContain('gpu-architecture-mismatch');
    const gpu = createChain(now);
    const asSwitch = seen(
      { privateKey: gpu.issued[0].privateKey },
      {
        certificates: gpu.chain.map(({ der }) => der),
        anchors: simulatedAnchors({ amd: [], nvidia: [...gpu.anchors.nvidiaDevice], rim: [authority.rootSha256] }),
      },
    );
    expect(asSwitch.reasons).toContain('gpu-architecture-mismatch');
  });

  it('is asked about like a GPU: a hold on its BROM refuses it', () => {
    const of = (...ders: Uint8Array[]): Partial<GpuInput> => ({
      ocsp: sourceOf(...ders),
      policy: { ...policy, requireRevocation: true },
      // Golden values: the manifest's signers would be asked about too.
      reference: {
        kind: 'golden',
        golden: device.measurements.map((value, index) => ({ index, size: 48, values: [value] })),
      },
    });
    const good = [1, 2, 3].map((at) => answer(chain, at, now));
    expect(seen({}, of(...good)).reasons).toEqual([]);
    expect(seen({}, of(...good.slice(1))).reasons).toEqual(['ocsp-not-given']);
    const held = answer(chain, 1, now, { status: { revokedAt: now - 1000, reason: 6 } });
    expect(seen({}, of(held, ...good.slice(1)))).toMatchObject({ reasons: ['certificate-on-hold'] });
  });
});
