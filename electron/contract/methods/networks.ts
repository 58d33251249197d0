import { z } from 'zod';
import { networkDangers, networkViewSchema } from '../networks.ts';
import { id, none, path, secretOf } from './fields.ts';

export const networksMethods = {
  /** The token is kept in the vault. `accept` names dangers that a person has read and takes upon them. */
  'networks.connect': {
    input: z.strictObject({
      kind: z.literal('ray'),
      url: z.string().min(1).max(2048),
      tokenPath: path.optional(),
      token: secretOf((bytes) => bytes > 0 && bytes <= 4096, 'a token of at most 4096 bytes').optional(),
      /**
       * directory.json of the SIMULATED agents beside its nodes, from whoever runs the cluster: anchors come out of it, never
       * out of evidence. Its nodes take the place of those of the local network.
       */
      agents: path.optional(),
      accept: z.array(z.enum(networkDangers)).max(networkDangers.length).default([]),
    }),
    output: networkViewSchema,
  },
  'networks.list': { input: none, output: z.array(networkViewSchema) },
  /** Forgets the network and its token. */
  'networks.disconnect': { input: z.strictObject({ id }), output: z.boolean() },
} as const;
