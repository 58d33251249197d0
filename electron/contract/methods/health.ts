import { z } from 'zod';
import { healthSourceSchema, healthTrialSchema, nodeHealthSchema } from '../health.ts';
import { networkDangers } from '../networks.ts';
import { seriesSchema } from '../views.ts';
import { id, none } from './fields.ts';
import { serverAddress, serverLogin } from './servers.ts';

const newSource = z.strictObject({
  kind: z.enum(['exporter', 'prometheus']),
  url: serverAddress,
  /** The node that an exporter tells of. */
  node: id.optional(),
  login: serverLogin.optional(),
  accept: z.array(z.enum(networkDangers)).max(networkDangers.length).default([]),
});

export const healthMethods = {
  'health.list': { input: none, output: z.array(nodeHealthSchema) },
  'health.node': { input: z.strictObject({ node: id }), output: nodeHealthSchema },
  /** The last hours of a node's GPUs, downsampled; kept in memory only. */
  'health.series': {
    input: z.strictObject({
      node: id,
      names: z.array(z.string().max(128)).min(1).max(8),
      maximumPoints: z.number().int().min(10).max(2000),
    }),
    output: z.array(z.object({ gpu: z.string(), series: z.array(seriesSchema) })),
  },
  'health.sources': { input: none, output: z.array(healthSourceSchema) },
  /** Asks a source once and keeps nothing of it. */
  'health.testSource': { input: newSource, output: healthTrialSchema },
  /** It is asked once before it is added: what does not answer is not kept. Secrets are kept in the vault. */
  'health.addSource': { input: newSource, output: healthSourceSchema },
  /** Asks a source that was added now instead of after its wait. */
  'health.askSource': { input: z.strictObject({ id }), output: healthSourceSchema },
  /** Forgets the source and its secret. */
  'health.removeSource': { input: z.strictObject({ id }), output: z.boolean() },
} as const;
