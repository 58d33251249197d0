import { z } from 'zod';
import { simulatedCpuSchema, simulatedHardwareSchema } from './simulated-hardware.ts';

/**
 * How the processes of the local network talk: one JSON object a line over stdin and stdout. Nothing secret is in argv
 * or in the environment, and a process ends when its stdin ends, so nothing outlives whoever started it.
 */

/** Ways a simulated node can misbehave, on demand. `none` is what a node is without. */
const nodeFaults = [
  'none',
  /** Evidence over an old nonce instead of the one in the challenge. */
  'stale-nonce',
  /** The genuine, fresh CPU report of another machine, passed on as this node's own. */
  'relay',
  /** GPU evidence of another device in place of the one that the CPU evidence covers. */
  'swapped-gpu',
  /** From now on the node is really another: its guest may be debugged, it runs another image, or older firmware. */
  'debug-guest',
  'other-image',
  'old-firmware',
  /** Evidence that names another TLS key than the one the connection uses. */
  'wrong-tls-key',
  /** Requests for evidence, uploads and jobs are never answered, and telemetry stands still. */
  'hang',
  /** Requests for evidence, uploads and jobs are answered with random bytes. */
  'garbage',
  /** The connection is cut in the middle of every part. */
  'close-mid-upload',
  /** Its exporter tells of a board that lost data, runs hot and is slowed down. */
  'gpu-failing',
  /** Its exporter tells of another GPU, under another driver, than its evidence names. */
  'other-gpu-charted',
] as const;
export const nodeFaultSchema = z.enum(nodeFaults);
export type NodeFault = z.infer<typeof nodeFaultSchema>;

/** One line to the local network's stdin. */
export const networkCommandSchema = z.discriminatedUnion('command', [
  z.strictObject({ command: z.literal('set-fault'), node: z.string().max(128), fault: nodeFaultSchema }),
  /** Ends all agents. With `wipe`, also removes what they stored and the SIMULATED keys. */
  z.strictObject({ command: z.literal('stop'), wipe: z.boolean() }),
]);
export type NetworkCommand = z.infer<typeof networkCommandSchema>;

/** One line of the local network's stdout. */
export const networkEventSchema = z.discriminatedUnion('event', [
  /** `total` counts the agents and one step for the simulated keys. */
  z.strictObject({ event: z.literal('progress'), ready: z.number().int(), total: z.number().int() }),
  /** `directory` is the path of directory.json: complete and on disk. */
  z.strictObject({ event: z.literal('ready'), directory: z.string() }),
  z.strictObject({ event: z.literal('fault-set'), node: z.string(), fault: nodeFaultSchema }),
  /** An agent ended by itself; the others go on. */
  z.strictObject({ event: z.literal('agent-ended'), node: z.string(), code: z.number().int().nullable() }),
  z.strictObject({ event: z.literal('error'), message: z.string() }),
]);
export type NetworkEvent = z.infer<typeof networkEventSchema>;

/** First line of an agent's stdin. */
export const agentConfigSchema = z.strictObject({
  node: z.string().min(1).max(128),
  gpuModel: z.string().max(64),
  workFolder: z.string().min(1).max(4096),
  memoryFolder: z.string().min(1).max(4096),
  hardware: simulatedHardwareSchema,
  /** Another machine's, for the faults that pass off its evidence as this node's. */
  otherHardware: simulatedHardwareSchema,
  /** The same chip under older firmware, for the fault that falls back to it. */
  downgradedCpu: simulatedCpuSchema,
  fault: nodeFaultSchema,
});
export type AgentConfig = z.infer<typeof agentConfigSchema>;

/** Later lines of an agent's stdin. */
export const agentCommandSchema = z.strictObject({
  command: z.literal('set-fault'),
  fault: nodeFaultSchema,
});
export type AgentCommand = z.infer<typeof agentCommandSchema>;

/** Lines of an agent's stdout. */
export const agentEventSchema = z.discriminatedUnion('event', [
  z.strictObject({ event: z.literal('ready'), url: z.url() }),
  z.strictObject({ event: z.literal('fault-set'), fault: nodeFaultSchema }),
  z.strictObject({ event: z.literal('error'), message: z.string() }),
]);
export type AgentEvent = z.infer<typeof agentEventSchema>;
