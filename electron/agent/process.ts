import { createInterface } from 'node:readline';
import {
  agentCommandSchema,
  agentConfigSchema,
  type AgentConfig,
  type AgentEvent,
  type NodeFault,
} from '../contract/local-network.ts';
import { startAgent, type Agent } from './agent.ts';
import { simulatedProvider } from './evidence/simulated-provider.ts';
import { makeTlsIdentity } from './evidence/tls-identity.ts';
import { simulatedGpus } from './job/gpu-simulation.ts';

/** Longer than any configuration: 16 GPUs with their chains. */
const lineMaximum = 1_048_576;

/** Runs an agent until its stdin ends or it is told to end. See main.ts for the lines it reads and writes. */
export async function runAgentProcess(workerEntry: URL): Promise<void> {
  const state: FaultState = { fault: 'none' };
  let agent: Agent | undefined;
  let ending: Promise<void> | undefined;
  const end = (code: number): void => {
    ending ??= (agent?.close() ?? Promise.resolve()).finally(() => process.exit(code));
  };
  process.on('SIGTERM', () => end(0));
  process.on('SIGINT', () => end(0));
  // Whoever reads us may be gone; that alone is no reason to leave plaintext behind.
  process.stdout.on('error', () => end(1));
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    if (agent === undefined) {
      const config = parseLine(line, agentConfigSchema.safeParse);
      if (config === undefined) {
        say({ event: 'error', message: 'The first line is not an agent configuration.' });
        end(2);
        break;
      }
      state.fault = config.fault;
      agent = await startSimulatedAgent(config, state, workerEntry);
      say({ event: 'ready', url: `https://127.0.0.1:${agent.port}` });
    } else {
      const command = parseLine(line, agentCommandSchema.safeParse);
      if (command === undefined) {
        say({ event: 'error', message: 'A line is no command.' });
        continue;
      }
      state.fault = command.fault;
      say({ event: 'fault-set', fault: command.fault });
    }
  }
  end(0);
}

/** How the agent misbehaves now; changed by commands. */
interface FaultState {
  fault: NodeFault;
}

async function startSimulatedAgent(config: AgentConfig, state: FaultState, workerEntry: URL): Promise<Agent> {
  const tls = makeTlsIdentity(config.node, clock());
  const other = makeTlsIdentity(config.node, clock());
  return startAgent({
    node: config.node,
    workFolder: config.workFolder,
    memoryFolder: config.memoryFolder,
    provider: simulatedProvider(config.hardware, config.otherHardware, config.downgradedCpu, () => state.fault),
    gpus: simulatedGpus({
      model: config.gpuModel,
      driver: config.hardware.gpus[0]?.driverVersion ?? 'none',
      count: config.hardware.gpus.length,
      uuids: config.hardware.gpus.map(({ uuid }) => uuid),
      random: Math.random,
    }),
    tls,
    attestedTlsSpkiSha256: () => (state.fault === 'wrong-tls-key' ? other : tls).spkiSha256,
    workerEntry,
    fault: () => state.fault,
    clock,
    port: 0,
  });
}

function parseLine<T>(
  line: string,
  read: (value: unknown) => { success: true; data: T } | { success: false },
): T | undefined {
  if (line.length > lineMaximum) return undefined;
  try {
    const parsed = read(JSON.parse(line));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

function say(event: AgentEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

function clock(): Date {
  return new Date();
}
