import { z } from 'zod';
import { vaultStateSchema } from '../views.ts';
import { none, passphrase } from './fields.ts';

export const vaultMethods = {
  'vault.state': { input: none, output: vaultStateSchema },
  'vault.create': { input: z.strictObject({ passphrase }), output: vaultStateSchema },
  'vault.unlock': { input: z.strictObject({ passphrase }), output: vaultStateSchema },
  'vault.lock': { input: none, output: vaultStateSchema },
  'vault.touch': { input: none, output: vaultStateSchema },
  'vault.changePassphrase': {
    input: z.strictObject({ current: passphrase, next: passphrase }),
    output: vaultStateSchema,
  },
} as const;
