import { z } from 'zod';
import { approvalLimits, ruleLinkSchema } from './approval.ts';
import { dsseEnvelopeSchema } from './dsse.ts';

/** An approved override as it goes with evidence: the request, the answers, and the rule with all that made it one. */
export const overrideDocumentsSchema = z.strictObject({
  request: dsseEnvelopeSchema,
  approvals: z.array(dsseEnvelopeSchema).max(approvalLimits.answers),
  chain: z.array(ruleLinkSchema).min(1).max(approvalLimits.ruleVersions),
});
export type OverrideDocuments = z.infer<typeof overrideDocumentsSchema>;
