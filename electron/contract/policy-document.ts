import { z } from 'zod';
import { dsseEnvelopeSchema } from './dsse.ts';
import { checkOutcome, earStatus, verificationSchema } from './evidence.ts';
import { policySchema } from './policy.ts';

/** Policies as signed, versioned documents, and what screens and the CLI show of them. */

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, '32 bytes of lower-case hex');

export const policyLimits = {
  /** Characters of one policy as text. */
  textCharacters: 1_048_576,
  /** Bytes of a policy file: a whole history. */
  fileBytes: 8 * 1_048_576,
  versions: 1024,
} as const;

/** Payload of the DSSE envelope of one version. Versions form a chain: each names the digest of the one before. */
export const policyVersionSchema = z.strictObject({
  version: z.literal(1),
  /** 1, 2, 3 … */
  number: z.number().int().min(1).max(policyLimits.versions),
  /** Hex SHA-256 of the payload of the version before; null in the first. */
  previous: sha256.nullable(),
  policy: policySchema,
  /** A retired policy is not offered for new runs; its versions stay verifiable. */
  retired: z.boolean(),
  /** Why it was changed, in the words of whoever did. */
  note: z.string().max(500),
  /** Raw Ed25519 key of the author's organisation, base64: signs this version. */
  author: z.string().max(64),
  /** UTC RFC 3339. */
  at: z.iso.datetime(),
});
export type PolicyVersion = z.infer<typeof policyVersionSchema>;

/** A policy file, `*.nacre-policy.json`: every version, oldest first, each in its envelope. */
export const policyFileSchema = z.strictObject({
  format: z.literal('nacre-policy'),
  version: z.literal(1),
  versions: z.array(dsseEnvelopeSchema).min(1).max(policyLimits.versions),
});
export type PolicyFile = z.infer<typeof policyFileSchema>;

/** Something about a policy that a person must correct (`error`) or should look at (`caution`). */
export const policyProblemSchema = z.object({
  severity: z.enum(['error', 'caution']),
  /** Dotted path of the field, empty for the whole. */
  place: z.string(),
  message: z.string(),
  /** 1-based; where the problem stands in the text, when there is a text. */
  line: z.number().int().optional(),
  column: z.number().int().optional(),
});
export type PolicyProblem = z.infer<typeof policyProblemSchema>;

/** A policy in words. */
export const policySummarySchema = z.object({
  /** What evidence must show to pass. */
  demands: z.array(z.string()),
  /** What a verdict under this policy will say nothing about. */
  notChecked: z.array(z.string()),
});
export type PolicySummary = z.infer<typeof policySummarySchema>;

export const policyChangeSchema = z.object({
  place: z.string(),
  title: z.string(),
  before: z.string(),
  after: z.string(),
  /** Stricter: less evidence passes than before. Looser: more. Different: neither can be said. */
  effect: z.enum(['stricter', 'looser', 'different']),
});
export type PolicyChange = z.infer<typeof policyChangeSchema>;

export const policyVersionViewSchema = z.object({
  number: z.number().int(),
  /** Hex SHA-256 of the JCS of the policy: what challenges, orders and results name. */
  digest: z.string(),
  /** Hex SHA-256 of the signed payload. */
  documentSha256: z.string(),
  previous: z.string().nullable(),
  author: z.string(),
  at: z.string(),
  retired: z.boolean(),
  note: z.string(),
  policy: policySchema,
  /** Against the version before. */
  changes: z.array(policyChangeSchema),
});
export type PolicyVersionView = z.infer<typeof policyVersionViewSchema>;

export const policyViewSchema = z.object({
  policy: policySchema,
  digest: z.string(),
  /** Made of the reference values of the local network; not signed, and cannot be edited. */
  builtin: z.boolean(),
  /** 0 for the built-in policy. */
  number: z.number().int(),
  retired: z.boolean(),
  at: z.string().optional(),
  author: z.string().optional(),
  summary: policySummarySchema,
  problems: z.array(policyProblemSchema),
});
export type PolicyView = z.infer<typeof policyViewSchema>;

export const policyTemplateSchema = z.object({
  name: z.string(),
  about: z.string(),
  /** Reference values that the person must bring, in words. */
  missing: z.array(z.string()),
  policy: policySchema,
});
export type PolicyTemplate = z.infer<typeof policyTemplateSchema>;

/** What a text says as a policy: the policy and its meaning, or what is wrong with it and where. */
export const policyCheckSchema = z.object({
  policy: policySchema.optional(),
  digest: z.string().optional(),
  summary: policySummarySchema.optional(),
  problems: z.array(policyProblemSchema),
  changes: z.array(policyChangeSchema),
});
export type PolicyCheck = z.infer<typeof policyCheckSchema>;

/** Why one measured register is not what was expected. */
export const measurementDifferenceSchema = z.object({
  /** `cpu0`, `gpu0`. */
  attester: z.string(),
  /** Id of the check that this explains, e.g. `snp.measurement`. */
  check: z.string(),
  /** As people say it: `MEASUREMENT`, `MRTD`, `RTMR3`, `PCR16`, `measurement 12`. */
  register: z.string(),
  expected: z.array(z.string()),
  /** Absent when the evidence has no such register. */
  found: z.string().optional(),
  /** A known value that the register does hold: another register's, another policy's. */
  nearest: z.object({ value: z.string(), of: z.string() }).optional(),
  cause: z
    .object({
      kind: z.enum(['event', 'init-parameter', 'gpu-measurement']),
      name: z.string(),
      expected: z.string().optional(),
      found: z.string().optional(),
    })
    .optional(),
  sentence: z.string(),
});
export type MeasurementDifference = z.infer<typeof measurementDifferenceSchema>;

/** One row of two verdicts side by side. */
export const checkChangeSchema = z.object({
  /** `cpu0`, `gpu0`, `binding`. */
  part: z.string(),
  id: z.string(),
  title: z.string(),
  before: checkOutcome.or(z.literal('absent')),
  after: checkOutcome.or(z.literal('absent')),
  detail: z.string().optional(),
});
export type CheckChange = z.infer<typeof checkChangeSchema>;

/** Archived evidence judged again. Nothing is released on it, and the archived verdict stays as it was. */
export const reappraisalSchema = z.object({
  evidenceId: z.string(),
  node: z.string(),
  simulated: z.boolean(),
  /** The clock it was judged by. */
  at: z.string(),
  before: z.object({
    policyId: z.string(),
    policyDigest: z.string(),
    status: earStatus,
    reasonDetail: z.string().optional(),
  }),
  after: verificationSchema,
  /** Rows whose outcome changed, and how many did not. */
  changes: z.array(checkChangeSchema),
  unchanged: z.number().int(),
  differences: z.array(measurementDifferenceSchema),
});
export type Reappraisal = z.infer<typeof reappraisalSchema>;
