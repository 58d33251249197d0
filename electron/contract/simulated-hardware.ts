import { z } from 'zod';
import { snpTcbSchema } from './policy.ts';
import { gpuArchitectureSchema } from './node-evidence.ts';

/**
 * SIMULATED hardware of one node of the local network: the keys that on real machines are burnt into the chips, and what
 * its firmware would report. Made by the network's authority, handed to the node agent over its stdin. It holds private
 * keys, of nothing real; even so it is neither logged nor put into argv.
 */
const hex = (bytes: number) =>
  z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`), `${bytes} bytes of lower-case hex`);

const certificates = z.array(z.string().max(16_384)).min(1).max(8);

export const simulatedCpuSchema = z.strictObject({
  product: z.literal('Genoa'),
  /** P-384 private scalar of the VCEK. */
  privateKey: hex(48),
  /** DER in base64: VCEK, ASK, ARK. */
  certificates,
  chipId: hex(64),
  tcb: snpTcbSchema,
  /** The guest's policy has DEBUG set: the host may read its memory. */
  debug: z.boolean(),
  measurement: hex(48),
});
export type SimulatedCpu = z.infer<typeof simulatedCpuSchema>;

export const simulatedGpuSchema = z.strictObject({
  architecture: gpuArchitectureSchema,
  model: z.string().min(1).max(64),
  uuid: z.string().min(1).max(128),
  /** P-384 private scalar of the attestation key. */
  privateKey: hex(48),
  /** DER in base64: attestation key … device identity root, five. */
  certificates,
  driverVersion: z.string().min(1).max(32),
  /** `96.00.5E.00.01` */
  vbiosVersion: z.string().regex(/^([0-9A-F]{2}\.){4}[0-9A-F]{2}$/),
  fwid: hex(48),
  /** Runtime measurements, blocks 1, 2, 3 … */
  measurements: z.array(hex(48)).min(1).max(64),
});
export type SimulatedGpu = z.infer<typeof simulatedGpuSchema>;

export const simulatedHardwareSchema = z.strictObject({
  version: z.literal(1),
  simulated: z.literal(true),
  cpu: simulatedCpuSchema,
  gpus: z.array(simulatedGpuSchema).max(16),
});
export type SimulatedHardware = z.infer<typeof simulatedHardwareSchema>;
