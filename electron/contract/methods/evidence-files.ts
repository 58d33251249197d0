import { z } from 'zod';
import {
  certificateChainSchema,
  evidenceFileLimits,
  fileVerificationOptionsSchema,
  fileVerificationSchema,
  inspectedFileSchema,
  keptEvidenceSchema,
} from '../evidence-files.ts';
import { exportedFileSchema } from '../views.ts';
import { id, path } from './fields.ts';

const filesToVerify = fileVerificationOptionsSchema.extend({
  paths: z.array(path).min(1).max(evidenceFileLimits.files),
  /** One of the desk's policies; the strict default without reference values when absent. */
  policyId: id.optional(),
  /**
   * A file of root certificates of a test authority that the person chose. Vendors' roots do not count then, and the
   * verdict is SIMULATED whatever it says.
   */
  testRoots: path.optional(),
});

export const evidenceFilesMethods = {
  /** Verifies evidence that lies in files, opened by the core. Says what it found; stores and releases nothing. */
  'evidence.verifyFiles': { input: filesToVerify, output: fileVerificationSchema },
  /** Every field of one file, named, with offset and meaning. Nothing is verified. */
  'evidence.inspectFile': { input: z.strictObject({ path }), output: inspectedFileSchema },
  /** Verifies once more, and keeps files and verdict in the profile, with an entry in the log. */
  'evidence.keepFiles': { input: filesToVerify, output: keptEvidenceSchema },
  /** What was kept, newest first. */
  'evidence.listKept': { input: z.strictObject({}), output: z.array(keptEvidenceSchema) },
  /** Every field of one kept file; see `evidence.inspectFile`. */
  'evidence.inspectKept': { input: z.strictObject({ id, file: z.string().max(255) }), output: inspectedFileSchema },
  /** Verifies once more, and writes the verification document as JSON. */
  'evidence.exportFiles': { input: filesToVerify, output: exportedFileSchema },
  /** The certificates that a node sent with archived evidence. */
  'evidence.chains': { input: z.strictObject({ id }), output: z.array(certificateChainSchema) },
} as const;
