import { z } from 'zod';
import {
  collateralBundleViewSchema,
  collateralImportSchema,
  collateralLimits,
  collateralViewSchema,
} from '../collateral.ts';
import { exportedFileSchema } from '../views.ts';
import { none, path } from './fields.ts';

/** Hex SHA-256 of the raw Ed25519 key of another desk, as its owner read it out. */
const signer = z.string().regex(/^[0-9a-fA-F]{64}$/, 'the 64 hex digits of a key id');

export const collateralMethods = {
  'collateral.list': { input: none, output: z.array(collateralViewSchema) },
  /**
   * Takes in a bundle of this desk or of the named one, or vendors' own files with the certificates that sign them.
   * Older items than were seen before are refused by name.
   */
  'collateral.import': {
    input: z.strictObject({
      paths: z.array(path).min(1).max(64),
      signer: signer.optional(),
      /** Where vendors' files were fetched; needed for key sets, which nobody signs. */
      source: z.url().max(2048).optional(),
    }),
    output: collateralImportSchema,
  },
  /** Writes everything that is kept, as one signed bundle: to `path`, else into the profile to be fetched from there. */
  'collateral.export': {
    input: z.strictObject({ path: path.optional(), note: z.string().max(500).optional() }),
    output: exportedFileSchema.extend({ items: z.number().int().max(collateralLimits.items) }),
  },
  /** Looks at a bundle without importing it. */
  'collateral.verify': { input: z.strictObject({ path }), output: collateralBundleViewSchema },
} as const;
