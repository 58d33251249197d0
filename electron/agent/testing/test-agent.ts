import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NodeFault } from '../../contract/local-network.ts';
import { startAgent, type Agent } from '../agent.ts';
import type { EvidenceProvider } from '../evidence/provider.ts';
import { makeTlsIdentity, type TlsIdentity } from '../evidence/tls-identity.ts';
import { simulatedGpus } from '../job/gpu-simulation.ts';
import { TestDesk } from './desk.ts';

/**
 * Evidence of the right shape that proves nothing: enough for tests of the agent, which does not verify its own
 * evidence. The tests of the local network use the simulated hardware.
 */
const unprovenEvidence: EvidenceProvider = {
  simulated: true,
  measurement: undefined,
  collect: async (runtime) => ({
    runtime,
    cpu: { family: 'snp', report: 'AAAA', certificates: ['AAAA'] },
    gpus: [],
  }),
};

export interface TestAgent {
  readonly node: string;
  readonly agent: Agent;
  readonly desk: TestDesk;
  readonly workFolder: string;
  readonly tls: TlsIdentity;
  fault: NodeFault;
  close(): Promise<void>;
}

/** An agent in this process with a desk connected to it. */
export async function startTestAgent(
  options: { workFolder?: string; memoryFolder?: string; keptBytes?: number } = {},
): Promise<TestAgent> {
  const node = 'test-node';
  const workFolder = options.workFolder ?? mkdtempSync(join(tmpdir(), 'nacre-agent-test-'));
  const tls = makeTlsIdentity(node, new Date());
  const state = { fault: 'none' as NodeFault };
  const agent = await startAgent({
    node,
    workFolder,
    memoryFolder: options.memoryFolder ?? '/dev/shm',
    provider: unprovenEvidence,
    gpus: simulatedGpus({
      model: 'H100',
      driver: '570.86.10',
      count: 1,
      uuids: ['GPU-SIMULATED-test'],
      random: Math.random,
    }),
    tls,
    attestedTlsSpkiSha256: () => tls.spkiSha256,
    workerEntry: new URL('../main.ts', import.meta.url),
    fault: () => state.fault,
    clock: () => new Date(),
    port: 0,
    ...(options.keptBytes === undefined ? {} : { keptBytes: options.keptBytes }),
  });
  const desk = new TestDesk(`https://127.0.0.1:${agent.port}`);
  return Object.assign(state, {
    node,
    agent,
    desk,
    workFolder,
    tls,
    async close() {
      desk.close();
      await agent.close();
    },
  });
}
