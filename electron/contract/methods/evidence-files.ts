import { z } from 'zod';
import {
  evidenceFileLimits,
  fileVerificationOptionsSchema,
  fileVerificationSchema,
  inspectedFileSchema,
} from '../evidence-files.ts';
import { id, path } from './fields.ts';

export const evidenceFilesMethods = {
  /** Verifies evidence that lies in files, opened by the core. Says what it found; stores and releases nothing. */
  'evidence.verifyFiles': {
    input: fileVerificationOptionsSchema.extend({
      paths: z.array(path).min(1).max(evidenceFileLimits.files),
      /** One of the desk's policies; the strict default without reference values when absent. */
      policyId: id.optional(),
    }),
    output: fileVerificationSchema,
  },
  /** Every field of one file, named, with offset and meaning. Nothing is verified. */
  'evidence.inspectFile': { input: z.strictObject({ path }), output: inspectedFileSchema },
} as const;
