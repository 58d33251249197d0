import { createHash } from 'node:crypto';
import type { SnpTcb } from '../../contract/policy.ts';

/** Reference values of the SIMULATED image and firmware that honest nodes run. */
export const honestTcb: SnpTcb = { bootloader: 10, tee: 0, snp: 27, microcode: 84 };
/** Below `honestTcb` in SNP firmware and microcode: what the node with old firmware has. */
export const oldTcb: SnpTcb = { bootloader: 9, tee: 0, snp: 20, microcode: 72 };

/** SHA-384 launch measurement of the honest image, hex. */
export const honestMeasurement = digest('SIMULATED node image, honest');
export const otherMeasurement = digest('SIMULATED node image, changed');

export const simulatedDriverVersion = '570.86.10';
export const simulatedVbiosVersion = '96.00.AF.00.01';

const measurementBlocks = 16;

/** What honest GPU firmware measures, blocks 1, 2, 3 … */
export const honestGpuMeasurements: readonly string[] = Array.from({ length: measurementBlocks }, (_, at) =>
  digest(`SIMULATED GPU measurement ${at + 1}`),
);

/** The same by RIM index, as the directory publishes it: RIM index i is block i + 1. */
export function gpuReference(): Record<string, string[]> {
  return Object.fromEntries(honestGpuMeasurements.map((hex, index) => [String(index), [hex]]));
}

function digest(text: string): string {
  return createHash('sha384').update(text).digest('hex');
}
