import { z } from 'zod';
import { networkDangers, networkViewSchema } from '../networks.ts';
import { id, none, path } from './fields.ts';

export const networksMethods = {
  /** The token is kept in the vault. `accept` names dangers that a person has read and takes upon them. */
  'networks.connect': {
    input: z.strictObject({
      kind: z.literal('ray'),
      url: z.string().min(1).max(2048),
      tokenPath: path.optional(),
      token: z.string().min(1).max(4096).optional(),
      accept: z.array(z.enum(networkDangers)).max(networkDangers.length).default([]),
    }),
    output: networkViewSchema,
  },
  'networks.list': { input: none, output: z.array(networkViewSchema) },
  /** Forgets the network and its token. */
  'networks.disconnect': { input: z.strictObject({ id }), output: z.boolean() },
} as const;
