import { z } from 'zod';
import { auditKinds } from '../audit.ts';
import { auditViewSchema, vaultStateSchema } from '../views.ts';
import { none, passphrase, path } from './fields.ts';

/** Each given filter must fit. Times are RFC 3339; `since` is included, `until` is not. */
const filters = {
  kinds: z.array(z.enum(auditKinds)).max(auditKinds.length).optional(),
  key: z.string().min(1).max(256).optional(),
  job: z.string().min(1).max(128).optional(),
  since: z.iso.datetime().optional(),
  until: z.iso.datetime().optional(),
};

export const auditMethods = {
  'audit.list': {
    input: z.strictObject({
      after: z.number().int().min(-1),
      limit: z.number().int().min(1).max(1000),
      /** Of all that fit the newest `limit`, instead of the oldest. */
      newest: z.boolean().optional(),
      ...filters,
    }),
    output: z.object({ size: z.number().int(), root: z.string(), entries: z.array(auditViewSchema) }),
  },
  'audit.verify': {
    input: none,
    output: z.object({ whole: z.boolean(), size: z.number().int(), root: z.string(), problem: z.string().optional() }),
  },
  /** The entries that fit, with proofs and the signed checkpoint, as a file that must not exist yet. */
  'audit.export': {
    input: z.strictObject({ path, ...filters }),
    output: z.object({ path: z.string(), entries: z.number().int(), checkpointSize: z.number().int() }),
  },
  /**
   * Keeps a log that was changed under another name and begins a new one, whose first entry names the old head and the
   * damage. Also unlocks: without it the vault refuses to open over such a log.
   */
  'audit.setAside': { input: z.strictObject({ passphrase }), output: vaultStateSchema },
} as const;
