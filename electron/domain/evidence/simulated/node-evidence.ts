import { sha256, sha384 } from '@noble/hashes/sha2.js';
import type { CpuEvidence, GpuEvidence, NodeEvidence, Runtime } from '../../../contract/node-evidence.ts';
import type { SimulatedGpu, SimulatedHardware } from '../../../contract/simulated-hardware.ts';
import { encodeBase64 } from '../../encoding/base64.ts';
import { cpuReportData, gpuNonce, type BindingHashes } from '../binding.ts';
import { concat } from '../readers/bytes.ts';
import { buildGpuReport } from './gpu-builder.ts';
import { buildSnpReport } from './snp-builder.ts';

/** Evidence of a node whose CPU is of one family. */
export type NodeEvidenceOf<Family extends CpuEvidence['family']> = Omit<NodeEvidence, 'cpu'> & {
  readonly cpu: Extract<CpuEvidence, { family: Family }>;
};

const hashes: BindingHashes = {
  sha256: (...parts) => sha256(concat(...parts)),
  sha384: (...parts) => sha384(concat(...parts)),
};

export type Random = (bytes: number) => Uint8Array;

/**
 * What a real node's chips would answer for this runtime (DESIGN §5): GPU evidence over the GPU nonce, then one CPU
 * report over runtime and GPU evidence. Real formats, SIMULATED roots.
 */
export function simulateNodeEvidence(
  hardware: SimulatedHardware,
  runtime: Runtime,
  random: Random,
): NodeEvidenceOf<'snp'> {
  const { gpus, reportData } = simulateBinding(hardware.gpus, runtime, random);
  return { runtime, cpu: simulateCpuEvidence(hardware, reportData, random), gpus };
}

/** The order of DESIGN §5, the same for every family: GPUs sign first, then the CPU signs the hash over them. */
export function simulateBinding(
  chips: readonly SimulatedGpu[],
  runtime: Runtime,
  random: Random,
): { readonly gpus: GpuEvidence[]; readonly reportData: Uint8Array } {
  const nonce = gpuNonce(runtime, hashes);
  const gpus = chips.map((gpu) => simulateGpuEvidence(gpu, nonce, random));
  return { gpus, reportData: cpuReportData(runtime, gpus, hashes) };
}

/** One GPU's evidence over any nonce. */
export function simulateGpuEvidence(gpu: SimulatedGpu, nonce: Uint8Array, random: Random): GpuEvidence {
  return {
    family: 'nvidia',
    architecture: gpu.architecture,
    report: encodeBase64(buildGpuReport(gpu, nonce, random)),
    certificates: [...gpu.certificates],
    uuid: gpu.uuid,
    model: gpu.model,
  };
}

/** The CPU's report over any 64 bytes. */
export function simulateCpuEvidence(
  { cpu }: SimulatedHardware,
  reportData: Uint8Array,
  random: Random,
): NodeEvidenceOf<'snp'>['cpu'] {
  return {
    family: 'snp',
    report: encodeBase64(buildSnpReport(cpu, reportData, random)),
    certificates: [...cpu.certificates],
  };
}
