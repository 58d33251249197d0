import { randomBytes } from 'node:crypto';
import type { NodeFault } from '../../contract/local-network.ts';
import type { SimulatedCpu, SimulatedHardware } from '../../contract/simulated-hardware.ts';
import { simulateFault, type EvidenceFault } from '../../domain/evidence/simulated/faults.ts';
import { simulateNodeEvidence } from '../../domain/evidence/simulated/node-evidence.ts';
import type { EvidenceProvider } from './provider.ts';

const evidenceFaults: readonly NodeFault[] = ['stale-nonce', 'relay', 'swapped-gpu'] satisfies EvidenceFault[];

/**
 * SIMULATED hardware: evidence in the real formats, signed by keys that were made by the local network.
 * @param other another machine's hardware, for the faults
 * @param downgradedCpu the own chip under older firmware, for the fault that falls back to it
 * @param fault how the node lies now
 */
export function simulatedProvider(
  hardware: SimulatedHardware,
  other: SimulatedHardware,
  downgradedCpu: SimulatedCpu,
  fault: () => NodeFault,
): EvidenceProvider {
  return {
    simulated: true,
    measurement: hardware.cpu.measurement,
    collect: async (runtime) => {
      const lie = fault();
      return isEvidenceFault(lie)
        ? simulateFault(lie, hardware, other, runtime, random)
        : simulateNodeEvidence({ ...hardware, cpu: cpuUnder(lie, hardware.cpu, downgradedCpu) }, runtime, random);
    },
  };
}

/** What the chip tells under a fault that is no lie: the machine itself has changed. */
function cpuUnder(fault: NodeFault, cpu: SimulatedCpu, downgraded: SimulatedCpu): SimulatedCpu {
  switch (fault) {
    case 'debug-guest':
      return { ...cpu, debug: true };
    case 'other-image':
      return { ...cpu, measurement: 'e'.repeat(cpu.measurement.length) };
    case 'old-firmware':
      return downgraded;
    default:
      return cpu;
  }
}

function isEvidenceFault(fault: NodeFault): fault is EvidenceFault {
  return evidenceFaults.includes(fault);
}

function random(bytes: number): Uint8Array {
  return new Uint8Array(randomBytes(bytes));
}
