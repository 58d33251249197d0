import { z } from 'zod';
import { keyViewSchema } from '../views.ts';
import { none, passphrase, path } from './fields.ts';

export const keysMethods = {
  'keys.list': { input: none, output: z.array(keyViewSchema) },
  /** Writes the dataset identity as an age identity file, mode 0600, and logs it. Asks for the passphrase again. */
  'keys.exportIdentity': { input: z.strictObject({ passphrase, path }), output: z.object({ path: z.string() }) },
} as const;
