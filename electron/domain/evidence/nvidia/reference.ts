import { fromHex } from '../readers/bytes.ts';
import { nvdec0Disabled, type GpuReport } from './report.ts';
import type { EvidenceCrypto } from '../crypto.ts';

/** One reference value: what block `index + 1` may be. */
export interface GoldenMeasurement {
  /** RIM index, 0-based. */
  readonly index: number;
  readonly size: number;
  /** Lower-case hex of the values that are accepted. */
  readonly values: readonly string[];
}

/** Measurement 35 is only made while NVDEC0 is on. */
const nvdecIndex = 35;

export interface Comparison {
  readonly compared: number;
  readonly mismatches: readonly number[];
  /** In words: indices that were left out, and why. */
  readonly skipped: readonly string[];
}

/** Compares every reference value with its block (ATTESTATION §4.4). A block that is missing is a mismatch. */
export function compareMeasurements(
  report: GpuReport,
  golden: readonly GoldenMeasurement[],
  crypto: EvidenceCrypto,
): Comparison {
  const mismatches: number[] = [];
  const skipped: string[] = [];
  let compared = 0;
  for (const { index, size, values } of golden) {
    if (index === nvdecIndex && nvdec0Disabled(report)) {
      skipped.push(`measurement ${index}: NVDEC0 is off`);
      continue;
    }
    compared += 1;
    const block = report.blocks[index];
    const equal =
      block !== undefined &&
      block.value.length === size &&
      values.some((hex) => crypto.equal(fromHex(hex) ?? new Uint8Array(), block.value));
    if (!equal) mismatches.push(index);
  }
  return { compared, mismatches, skipped };
}

/** Reference values of a local network, as its directory publishes them: index to accepted values. */
export function goldenFromDirectory(values: Readonly<Record<string, readonly string[]>>): GoldenMeasurement[] {
  return Object.entries(values).map(([index, accepted]) => ({
    index: Number(index),
    size: Math.floor((accepted[0] ?? '').length / 2),
    values: accepted,
  }));
}
