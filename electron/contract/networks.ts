import { z } from 'zod';

/** A danger of an address that a person may accept by name, after reading why it is one. */
export const networkDangers = ['plain-http', 'no-authentication'] as const;

/** A node as its network tells it; nothing of this is proved. */
export const networkNodeSchema = z.object({
  id: z.string(),
  address: z.string(),
  head: z.boolean(),
  state: z.enum(['alive', 'dead']),
  /** The network's own words about a node's end. */
  message: z.string().optional(),
  resources: z.record(z.string(), z.number()),
  labels: z.record(z.string(), z.string()),
  /** The agent that stands beside it by its labels, where this desk knows one of that name at that port. */
  agent: z.object({ node: z.string(), trust: z.string(), simulated: z.boolean() }).optional(),
});

/** A network that was added, and what it answers now. */
export const networkViewSchema = z.object({
  id: z.string(),
  kind: z.literal('ray'),
  url: z.string(),
  accepted: z.array(z.enum(networkDangers)),
  state: z.enum(['connected', 'failed']),
  version: z.string().optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
  /** The agents that are known now came with it: one directory is known at a time, so those of the local network are away. */
  directory: z.boolean().optional(),
  nodes: z.array(networkNodeSchema),
});
export type NetworkView = z.infer<typeof networkViewSchema>;
