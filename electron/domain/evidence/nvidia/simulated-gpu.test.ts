import { beforeAll, describe, expect, it } from 'vitest';
import type { Policy } from '../../../contract/policy.ts';
import type { SimulatedGpu } from '../../../contract/simulated-hardware.ts';
import { createNodeCrypto } from '../../../services/evidence/node-crypto.ts';
import { random, startSimulatedNetwork } from '../../../services/evidence/testing/simulated-network.ts';
import { simulatedAnchors, type TrustAnchors } from '../anchors.ts';
import { concat } from '../readers/bytes.ts';
import { buildGpuReport } from '../simulated/gpu-builder.ts';
import { compareVersions, verifyGpu, type GpuInput } from './verify.ts';
import { compareMeasurements, goldenFromDirectory } from './reference.ts';
import { parseGpuReport } from './report.ts';

const now = Date.parse('2026-11-22T17:00:00Z');
const crypto = createNodeCrypto();
const nonce = new Uint8Array(32).fill(5);
const policy: Policy['gpu'] = {
  required: true,
  architectures: ['hopper'],
  models: ['H100'],
  requireReferenceMeasurements: true,
};

let gpu: SimulatedGpu;
let blackwell: SimulatedGpu;
let anchors: TrustAnchors;
let golden: ReturnType<typeof goldenFromDirectory>;

beforeAll(async () => {
  const setup = await startSimulatedNetwork(now);
  const [first, second] = setup.hardware({ gpus: [setup.gpu, { ...setup.gpu, architecture: 'blackwell' }] }).gpus;
  if (first === undefined || second === undefined) throw new Error('no GPUs');
  [gpu, blackwell] = [first, second];
  anchors = simulatedAnchors({ amd: [], nvidia: setup.network.anchors.nvidia });
  golden = goldenFromDirectory(setup.network.gpuMeasurements);
}, 120_000);

function reasons(changes: Partial<GpuInput> = {}, chip = gpu): (string | undefined)[] {
  const { verdict } = verifyGpu({
    name: 'gpu0',
    architecture: 'hopper',
    report: buildGpuReport(chip, nonce, random),
    certificates: chip.certificates.map((text) => new Uint8Array(Buffer.from(text, 'base64'))),
    nonce,
    reference: { kind: 'golden', golden },
    policy,
    anchors,
    now,
    crypto,
    model: 'H100',
    ...changes,
  });
  expect(verdict.notChecked.length).toBeGreaterThanOrEqual(3);
  return verdict.checks.filter(({ required, outcome }) => required && outcome !== 'pass').map(({ reason }) => reason);
}

describe('a simulated GPU', () => {
  it('is affirmed when all is right', () => {
    expect(reasons()).toEqual([]);
  });

  it('is refused with each reason', () => {
    expect(reasons({ nonce: new Uint8Array(32) })).toEqual(['gpu-nonce-mismatch']);
    expect(reasons({ reference: { kind: 'none' } })).toEqual(['rim-unavailable']);
    expect(reasons({ reference: { kind: 'golden', golden: [] } })).toEqual(['reference-empty']);
    expect(reasons({ model: 'H200' })).toEqual(['gpu-model-not-allowed']);
    expect(reasons({ policy: { ...policy, minimumDriver: '999' } })).toEqual(['gpu-driver-below-minimum']);
    expect(reasons({ policy: { ...policy, architectures: ['blackwell'] } })).toEqual(['gpu-architecture-not-allowed']);
    expect(reasons({ architecture: 'blackwell' })).toEqual(['gpu-architecture-mismatch', 'firmware-id-mismatch']);
    expect(reasons({}, { ...gpu, fwid: '00'.repeat(48) })).toEqual(['firmware-id-mismatch']);
    expect(reasons({}, { ...gpu, privateKey: blackwell.privateKey })).toEqual(['spdm-signature']);
    expect(reasons({ certificates: [] })).toContain('chain-empty');
    expect(reasons({ certificates: [Uint8Array.of(1)] })).toContain('certificate-malformed');
    expect(reasons({ anchors: simulatedAnchors({ amd: [], nvidia: [] }) })).toEqual(['chain-root-not-pinned']);
    expect(() => reasons({ now: Number.NaN })).toThrow(TypeError);
  });

  it('needs every block that the reference names', () => {
    const short = { ...gpu, measurements: gpu.measurements.slice(0, 3) };
    expect(reasons({}, short)).toEqual(['measurement-mismatch']);
    const parsed = parseGpuReport(buildGpuReport(gpu, nonce, random));
    if (!parsed.ok) throw new Error(parsed.detail);
    const nvdec = [{ index: 35, size: 48, values: ['00'.repeat(48)] }];
    expect(compareMeasurements(parsed.value, nvdec, crypto)).toMatchObject({ compared: 0, mismatches: [] });
    // Skipped is not compared: a reference of nothing else proves nothing.
    expect(reasons({ reference: { kind: 'golden', golden: nvdec } })).toEqual(['measurement-mismatch']);
  });

  it('report bytes tile exactly; zero bytes alone may follow, as many as fill the driver’s buffer', () => {
    const report = buildGpuReport(gpu, nonce, random);
    expect(parseGpuReport(concat(report, new Uint8Array(1))).ok).toBe(true);
    expect(parseGpuReport(concat(report, new Uint8Array(8192 - report.length))).ok).toBe(true);
    for (const bad of [
      concat(report, Uint8Array.of(1)),
      concat(report, new Uint8Array(8193 - report.length)),
      concat(report, new Uint8Array(99), Uint8Array.of(1)),
      report.subarray(0, -1),
      new Uint8Array(),
    ]) {
      expect(parseGpuReport(bad).ok).toBe(false);
    }
    for (const [at, value] of [
      [0, 0x12],
      [1, 0xe1],
      [2, 0],
      [3, 1],
      [41, 99],
      [42, 1],
    ] as const) {
      const changed = report.slice();
      changed[at] = value;
      expect(parseGpuReport(changed).ok, `byte ${at}`).toBe(false);
    }
  });

  it('compares versions as numbers', () => {
    expect(compareVersions('570.86.10', '570.86.9')).toBeGreaterThan(0);
    expect(compareVersions('570.86', '570.86.0')).toBe(0);
    expect(compareVersions('beta', '1')).toBeLessThan(0);
  });
});
