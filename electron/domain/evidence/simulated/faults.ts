import type { Runtime } from '../../../contract/node-evidence.ts';
import type { SimulatedHardware } from '../../../contract/simulated-hardware.ts';
import { encodeBase64 } from '../../encoding/base64.ts';
import { toHex } from '../readers/bytes.ts';
import { simulateGpuEvidence, simulateNodeEvidence, type NodeEvidenceOf, type Random } from './node-evidence.ts';

/** Lies that a simulated node can tell with genuine parts. A wrong TLS key needs none of this: it is a wrong runtime. */
export type EvidenceFault = 'stale-nonce' | 'relay' | 'swapped-gpu';

/**
 * Evidence with a fault.
 * `stale-nonce`: everything is consistent, over a nonce that was not asked for.
 * `relay`: the CPU report is another machine's, made for that machine's keys, and is passed on under this node's keys.
 * `swapped-gpu`: after the CPU report was signed, the first GPU's evidence was replaced by that of another device and session.
 * @param other hardware of another machine
 */
export function simulateFault(
  fault: EvidenceFault,
  hardware: SimulatedHardware,
  other: SimulatedHardware,
  runtime: Runtime,
  random: Random,
): NodeEvidenceOf<'snp'> {
  if (fault === 'stale-nonce') {
    const challenge = { ...runtime.challenge, nonce: toHex(random(32)) };
    return simulateNodeEvidence(hardware, { ...runtime, challenge }, random);
  }
  const honest = simulateNodeEvidence(hardware, runtime, random);
  if (fault === 'relay') {
    const foreign = simulateNodeEvidence(other, { ...runtime, signingKey: encodeBase64(random(32)) }, random);
    return { ...honest, cpu: foreign.cpu };
  }
  const gpu = other.gpus[0] ?? hardware.gpus[0];
  if (gpu === undefined) return honest;
  return { ...honest, gpus: [simulateGpuEvidence(gpu, random(32), random), ...honest.gpus.slice(1)] };
}
