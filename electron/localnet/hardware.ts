import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { simulatedHardwareSchema, type SimulatedCpu, type SimulatedHardware } from '../contract/simulated-hardware.ts';
import {
  authorityStateSchema,
  createAuthority,
  issueCpu,
  issueHardware,
  type AuthorityOptions,
  type AuthorityState,
} from './authority/authority.ts';
import {
  honestGpuMeasurements,
  honestMeasurement,
  honestTcb,
  oldTcb,
  otherMeasurement,
  simulatedDriverVersion,
  simulatedVbiosVersion,
} from './authority/reference.ts';
import type { NodeDefinition } from './nodes.ts';

const stateSchema = z.strictObject({
  authority: authorityStateSchema,
  nodes: z.record(z.string(), simulatedHardwareSchema),
  /** A machine that is in no directory: what the faults pass off as a node's own. */
  spare: simulatedHardwareSchema,
});
type State = z.infer<typeof stateSchema>;

export interface NetworkHardware {
  readonly authority: AuthorityState;
  readonly spare: SimulatedHardware;
  /** Every machine, the spare one too. */
  readonly machines: readonly SimulatedHardware[];
  of(node: string): SimulatedHardware;
  /** The same chip after a fall back to older firmware. */
  downgraded(node: string): SimulatedCpu;
}

/**
 * The SIMULATED manufacturers and machines of one network: read from `path` when an earlier start left them there (mode
 * 0600), otherwise made, which takes seconds for two RSA-4096 keys.
 */
export async function loadHardware(path: string, definitions: readonly NodeDefinition[]): Promise<NetworkHardware> {
  let state = await readState(path, definitions);
  if (state === undefined) {
    state = await makeState(definitions);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(`${path}.tmp`, JSON.stringify(state), { mode: 0o600 });
    await rename(`${path}.tmp`, path);
  }
  const { authority, nodes, spare } = state;
  const of = (node: string): SimulatedHardware => {
    const hardware = nodes[node];
    if (hardware === undefined) throw new Error(`no simulated hardware was made for ${node}`);
    return hardware;
  };
  return {
    authority,
    spare,
    machines: [...Object.values(nodes), spare],
    of,
    downgraded(node) {
      const { cpu } = of(node);
      return issueCpu(authority, { ...cpu, tcb: oldTcb }, Buffer.from(cpu.chipId, 'hex'), nowOptions());
    },
  };
}

function nowOptions(): AuthorityOptions {
  return { now: Date.now(), random: (bytes) => new Uint8Array(randomBytes(bytes)) };
}

/** undefined when there is none, or when it does not fit this version of the network: then it is made anew. */
async function readState(path: string, definitions: readonly NodeDefinition[]): Promise<State | undefined> {
  try {
    const parsed = stateSchema.safeParse(JSON.parse(await readFile(path, 'utf8')));
    return parsed.success && definitions.every(({ name }) => name in parsed.data.nodes) ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

async function makeState(definitions: readonly NodeDefinition[]): Promise<State> {
  const options = nowOptions();
  const authority = await createAuthority(options);
  const nodes: Record<string, SimulatedHardware> = {};
  for (const definition of definitions) nodes[definition.name] = issue(authority, definition, options);
  const [first] = definitions;
  if (first === undefined) throw new Error('a network without nodes');
  return { authority, nodes, spare: issue(authority, { ...first, mode: 'honest' }, options) };
}

function issue(authority: AuthorityState, definition: NodeDefinition, options: AuthorityOptions): SimulatedHardware {
  const { mode, gpuCount, gpuModel } = definition;
  const gpu = {
    architecture: 'hopper' as const,
    model: gpuModel,
    driverVersion: simulatedDriverVersion,
    vbiosVersion: simulatedVbiosVersion,
    measurements: honestGpuMeasurements,
  };
  return issueHardware(
    authority,
    {
      tcb: mode === 'old-firmware' ? oldTcb : honestTcb,
      debug: mode === 'debug',
      measurement: mode === 'other-measurement' ? otherMeasurement : honestMeasurement,
      gpus: Array.from({ length: gpuCount }, () => gpu),
    },
    options,
  );
}
