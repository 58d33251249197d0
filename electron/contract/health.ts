import { z } from 'zod';
import { checkSchema } from './evidence.ts';
import { networkDangers } from './networks.ts';

/** Health of nodes and GPUs as exporters tell it. A figure that nobody reported is absent, never 0. */

export const alertLevels = ['critical', 'warning', 'notice'] as const;
export type AlertLevel = (typeof alertLevels)[number];

export const healthAlertSchema = z.object({
  /** Stable: `gpu.xid`, `gpu.ecc.double-bit`, `identity.uuid`, `scrape.stale`. */
  id: z.string(),
  level: z.enum(alertLevels),
  title: z.string(),
  /** What it means and what to do. */
  detail: z.string(),
  gpu: z.string().optional(),
  /** DCGM name, where one figure says it. */
  field: z.string().optional(),
  value: z.number().optional(),
});
export type HealthAlert = z.infer<typeof healthAlertSchema>;

export const gpuHealthSchema = z.object({
  /** As the exporter counts them; with the instance behind a slash under MIG. */
  gpu: z.string(),
  uuid: z.string().optional(),
  driver: z.string().optional(),
  model: z.string().optional(),
  /** DCGM names to the latest finite figure. */
  fields: z.record(z.string(), z.number()),
  /** Watched fields that did not come: unknown, not good. */
  notReported: z.array(z.string()),
});
export type GpuHealth = z.infer<typeof gpuHealthSchema>;

export const healthSourceSchema = z.object({
  /** `agent` for what a node's own agent serves. */
  id: z.string(),
  kind: z.enum(['agent', 'exporter', 'prometheus']),
  url: z.string(),
  accepted: z.array(z.enum(networkDangers)),
  /** An exporter tells of one node; a Prometheus of all whose name is in a label. */
  node: z.string().optional(),
  state: z.enum(['waiting', 'answering', 'failed', 'locked']),
  lastAt: z.string().optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
});
export type HealthSource = z.infer<typeof healthSourceSchema>;

/** What one look at a source told, before it is added: what it knows of the nodes here. */
export const healthTrialSchema = z.object({
  url: z.string(),
  /** Milliseconds. */
  took: z.number(),
  /** Nodes that it tells of; empty where it answers and names none of them. */
  nodes: z.array(
    z.object({
      node: z.string(),
      gpus: z.number(),
      /** It tells of the machine too: memory, load, disk. */
      machine: z.boolean(),
      simulated: z.boolean(),
      takenAt: z.string().optional(),
    }),
  ),
});
export type HealthTrial = z.infer<typeof healthTrialSchema>;

export const nodeHealthSchema = z.object({
  node: z.string(),
  simulated: z.boolean(),
  source: z.string(),
  /** `stale`: the figures are old and say nothing of now. */
  state: z.enum(['fresh', 'stale', 'never']),
  /** UTC of the figures. */
  scrapedAt: z.string().optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
  gpus: z.array(gpuHealthSchema),
  /** Of the machine itself, under the exporter's names. */
  host: z.record(z.string(), z.number()),
  /** Where the machine's figures come from, when they come from another source than those of the GPUs. */
  hostFrom: z.object({ source: z.string(), state: z.enum(['fresh', 'stale']), scrapedAt: z.string() }).optional(),
  alerts: z.array(healthAlertSchema),
  /** Is the GPU that is charted the GPU that was attested? */
  identity: z.array(checkSchema),
  worst: z.enum([...alertLevels, 'none']),
});
export type NodeHealth = z.infer<typeof nodeHealthSchema>;
