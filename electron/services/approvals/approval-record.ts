import { z } from 'zod';
import { dsseEnvelopeSchema } from '../../contract/dsse.ts';
import { ruleLinkSchema } from '../../contract/approval.ts';

/** A request as the store keeps it; all that is shown is computed from the signed documents. */
export const requestRecordSchema = z.strictObject({
  version: z.literal(1),
  origin: z.enum(['own', 'imported']),
  request: dsseEnvelopeSchema,
  approvals: z.array(dsseEnvelopeSchema),
  /** Fingerprints of the acts it was used for. */
  uses: z.array(z.string()),
  withdrawn: z.boolean(),
});
export type RequestRecord = z.infer<typeof requestRecordSchema>;

/** One version of the rule. */
export const ruleRecordSchema = z.strictObject({ version: z.literal(1), link: ruleLinkSchema });
