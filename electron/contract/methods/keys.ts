import { z } from 'zod';
import { keyEffectsSchema, keyFormats, keyLabelSchema, keyPurposes, keyTypes, keyViewSchema } from '../keys.ts';
import { taskViewSchema } from '../views.ts';
import { id, passphrase, path } from './fields.ts';

const expiresAt = z.iso.datetime();

export const keysMethods = {
  /** Newest last. `text` is looked for in names, ids, addresses and public parts. */
  'keys.list': {
    input: z.strictObject({
      text: z.string().max(256).optional(),
      purpose: z.enum(keyPurposes).optional(),
      limit: z.number().int().min(1).max(1000).optional(),
    }),
    output: z.array(keyViewSchema),
  },
  /** A further key of a purpose, not active until `keys.rotate`; the first of its purpose is active at once. */
  'keys.create': {
    input: z.strictObject({
      purpose: z.enum(keyPurposes),
      type: z.enum(keyTypes).optional(),
      label: keyLabelSchema,
      expiresAt: expiresAt.optional(),
    }),
    output: keyViewSchema,
  },
  /** A new name, or another expiry; null takes the expiry away. */
  'keys.change': {
    input: z.strictObject({ id, label: keyLabelSchema.optional(), expiresAt: expiresAt.nullable().optional() }),
    output: keyViewSchema,
  },
  /**
   * Makes a new key (or takes `to`) the active one of its purpose; the old one is retired. Datasets are rewrapped and
   * manifests signed again as a task; sealed bytes are not touched.
   */
  'keys.rotate': {
    input: z.strictObject({
      passphrase,
      purpose: z.enum(keyPurposes),
      type: z.enum(keyTypes).optional(),
      to: id.optional(),
      label: keyLabelSchema.optional(),
    }),
    output: z.object({ key: keyViewSchema, task: taskViewSchema.optional() }),
  },
  /** Goes on with a rewrap that was stopped: every dataset to the active recipient. */
  'keys.rewrap': { input: z.strictObject({}), output: taskViewSchema },
  'keys.effects': { input: z.strictObject({ id }), output: keyEffectsSchema },
  /** Refused for an active key, and for one that datasets still need, unless `evenIfNeeded`. */
  'keys.revoke': {
    input: z.strictObject({
      passphrase,
      id,
      reason: z.string().trim().min(1).max(256),
      evenIfNeeded: z.boolean().optional(),
    }),
    output: keyEffectsSchema,
  },
  /** Reads a key file of the desk; its bytes never pass the contract. */
  'keys.import': {
    input: z.strictObject({ passphrase, path, purpose: z.enum(keyPurposes).optional(), label: keyLabelSchema }),
    output: keyViewSchema,
  },
  /** Writes one key to a new file, mode 0600, logged first. The private part asks for the passphrase again. */
  'keys.export': {
    input: z.strictObject({
      id,
      path,
      format: z.enum(keyFormats),
      part: z.enum(['public', 'private']),
      passphrase: passphrase.optional(),
    }),
    output: z.object({ path: z.string() }),
  },
  /** Writes the dataset identities as an age identity file, mode 0600, and logs it. Asks for the passphrase again. */
  'keys.exportIdentity': { input: z.strictObject({ passphrase, path }), output: z.object({ path: z.string() }) },
} as const;
