import { z } from 'zod';
import { evidenceViewSchema, networkStateSchema, nodeViewSchema, taskViewSchema } from '../views.ts';
import { none, id } from './fields.ts';

export const nodesMethods = {
  'network.state': { input: none, output: networkStateSchema },
  'network.start': { input: none, output: taskViewSchema },
  'network.stop': { input: none, output: networkStateSchema },
  'nodes.list': { input: none, output: z.array(nodeViewSchema) },
  /** Asks every node (or one) for fresh evidence and verifies it; no key is released by this. */
  'nodes.verify': { input: z.strictObject({ node: id.optional() }), output: taskViewSchema },
  'nodes.evidence': { input: z.strictObject({ node: id }), output: evidenceViewSchema.nullable() },
} as const;
