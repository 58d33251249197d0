import { z } from 'zod';
import { path, secretOf } from './fields.ts';

/** Fields of methods that add a server of the user's: a Prometheus, an exporter, an MLflow server. */

export const serverAddress = z.string().min(1).max(2048);

/** With a name the secret is a password (basic), without one a token (bearer). It comes as bytes or lies in a file. */
export const serverLogin = z
  .strictObject({
    user: z
      .string()
      .min(1)
      .max(256)
      .regex(/^[^:\p{Cc}]+$/u, 'no colon, no control characters')
      .optional(),
    secret: secretOf((bytes) => bytes > 0 && bytes <= 4096, 'a password or token of at most 4096 bytes').optional(),
    secretPath: path.optional(),
  })
  .refine(({ secret, secretPath }) => (secret === undefined) !== (secretPath === undefined), {
    error: 'give the secret or the file that holds it',
  });
