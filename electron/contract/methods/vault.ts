import { z } from 'zod';
import { keyLabelSchema } from '../keys.ts';
import { calibrationSchema, keptCopySchema, profileSchema, unlockPathsSchema } from '../vault.ts';
import { vaultStateSchema } from '../views.ts';
import { id, none, passphrase, secretOf } from './fields.ts';

/** Output of the WebAuthn prf extension: 32 bytes. An input like a passphrase: it passes once and is not kept. */
const prf = secretOf((bytes) => bytes === 32, 'the 32 bytes of a security key');
const base64url = z.base64url().max(1400);

export const vaultMethods = {
  'vault.state': { input: none, output: vaultStateSchema },
  'vault.create': { input: z.strictObject({ passphrase }), output: vaultStateSchema },
  'vault.unlock': { input: z.strictObject({ passphrase }), output: vaultStateSchema },
  'vault.unlockWithKeychain': { input: none, output: vaultStateSchema },
  'vault.unlockWithSecurityKey': { input: z.strictObject({ id, prf }), output: vaultStateSchema },
  'vault.lock': { input: none, output: vaultStateSchema },
  'vault.touch': { input: none, output: vaultStateSchema },
  'vault.changePassphrase': {
    input: z.strictObject({ current: passphrase, next: passphrase }),
    output: vaultStateSchema,
  },
  'vault.unlockPaths': { input: none, output: unlockPathsSchema },
  'vault.addPassphrase': {
    input: z.strictObject({ passphrase, next: passphrase, label: keyLabelSchema }),
    output: unlockPathsSchema,
  },
  'vault.addKeychain': { input: z.strictObject({ passphrase, label: keyLabelSchema }), output: unlockPathsSchema },
  'vault.addSecurityKey': {
    input: z.strictObject({
      passphrase,
      label: keyLabelSchema,
      credentialId: base64url,
      rpId: z.string().min(1).max(253),
      salt: z.string().regex(/^[0-9a-f]{64}$/),
      prf,
    }),
    output: unlockPathsSchema,
  },
  'vault.removePath': { input: z.strictObject({ passphrase, id }), output: unlockPathsSchema },
  /** Measures Argon2id here and proposes a cost; changes nothing. */
  'vault.calibrate': {
    input: z.strictObject({ targetMs: z.number().int().min(100).max(10_000).optional() }),
    output: calibrationSchema,
  },
  /** Wraps the master key under another cost. No record and no data is encrypted anew. */
  'vault.retune': {
    input: z.strictObject({
      passphrase,
      memoryMib: z.number().int().min(1).max(4096),
      passes: z.number().int().min(1).max(64),
    }),
    output: vaultStateSchema,
  },
  'vault.copies': { input: none, output: z.array(keptCopySchema) },
  'vault.profiles': { input: none, output: z.array(profileSchema) },
} as const;
