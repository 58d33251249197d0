import { z } from 'zod';
import { approvalKinds, approvalViewSchema, memberSchema, membersViewSchema, quorumRuleSchema } from '../approval.ts';
import { id, none, path } from './fields.ts';

const request = z.string().regex(/^[0-9a-f]{6,64}$/, 'six or more hex digits of a request');
const what = z.enum(['request', 'answer', 'members']);
const form = z.enum(['file', 'png']);
const imported = z.object({ kind: z.enum(['approval-request', 'approval', 'members']), id: z.string() });

export const approvalsMethods = {
  'approvals.list': { input: none, output: z.array(approvalViewSchema) },
  'approvals.get': { input: z.strictObject({ id: request }), output: approvalViewSchema },
  /** Signs with this vault's key. `id` is the whole digest of what was shown. */
  'approvals.answer': {
    input: z.strictObject({
      id: z.string().regex(/^[0-9a-f]{64}$/, 'the whole digest of the request that was shown'),
      decision: z.enum(['approve', 'refuse']),
      reason: z.string().max(500).optional(),
    }),
    output: approvalViewSchema,
  },
  /**
   * Asks custodians to let the node of refused evidence through, past exactly the checks that did not pass in it. Answers
   * with the request, also one that was made before. Errors: `denied_by_policy` naming what no approval can cover.
   */
  'approvals.requestOverride': {
    input: z.strictObject({
      evidenceId: id,
      justification: z.string().min(1).max(1000),
      /** Hours from now that the node may be used. */
      hours: z.number().min(0.1).max(720),
      /** Only for this job; any one job when absent. */
      jobId: z
        .string()
        .regex(/^[0-9a-f]{64}$/)
        .optional(),
    }),
    output: approvalViewSchema,
  },
  /** Takes a request of another desk out of this profile; own ones are withdrawn instead. */
  'approvals.remove': { input: z.strictObject({ id: request }), output: z.object({ id: z.string() }) },
  'approvals.withdraw': { input: z.strictObject({ id: request }), output: approvalViewSchema },
  /** Writes a new file, or a new PNG with QR codes. */
  'approvals.export': {
    input: z.strictObject({ id: request.optional(), what, path, form }),
    output: z.object({ path: z.string(), bytes: z.number().int(), codes: z.number().int() }),
  },
  /** Texts for an animated QR code. */
  'approvals.codes': {
    input: z.strictObject({ id: request.optional(), what, fragmentBytes: z.number().int().min(50).max(1000) }),
    output: z.object({ fragments: z.number().int(), parts: z.array(z.string()) }),
  },
  /** One file, or images of one document. */
  'approvals.import': { input: z.strictObject({ paths: z.array(path).min(1).max(64) }), output: imported },
  /** Codes that a camera saw so far; taken in when they are whole. */
  'approvals.importCodes': {
    input: z.strictObject({ parts: z.array(z.string().max(4296)).min(1).max(4096) }),
    output: z.object({ known: z.number().int(), total: z.number().int(), imported: imported.optional() }),
  },
  'members.show': { input: none, output: membersViewSchema },
  /** The first rule, or a change of it, which needs the quorum of the present one. */
  'members.set': {
    input: z.strictObject({
      organisation: quorumRuleSchema.shape.organisation,
      members: z.array(memberSchema).min(1).max(64),
      actions: quorumRuleSchema.shape.actions,
    }),
    output: membersViewSchema,
  },
  'custody.state': {
    input: none,
    output: z.object({ offline: z.boolean(), kinds: z.array(z.enum(approvalKinds)) }),
  },
  /** Makes a new profile an offline custodian's, for good. */
  'custody.makeOffline': { input: none, output: z.object({ offline: z.boolean() }) },
} as const;
