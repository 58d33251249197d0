import { z } from 'zod';
import { dsseEnvelopeSchema } from './wire.ts';
import { jobOrderSchema } from './job.ts';
import { policySchema } from './policy.ts';

/** Approvals by m of n custodians: the rule, what is asked, what is answered. All are JCS documents in DSSE envelopes. */

export const approvalPayloadTypes = {
  rule: 'application/vnd.nacre.quorum-rule.v1+json',
  request: 'application/vnd.nacre.approval-request.v1+json',
  approval: 'application/vnd.nacre.approval.v1+json',
} as const;

export const approvalLimits = {
  /** Bytes of a file that carries requests, approvals or a rule. */
  fileBytes: 4 * 1_048_576,
  /** Versions of a rule that a file may carry. */
  ruleVersions: 256,
  /** Answers to one request. */
  answers: 64,
} as const;

const hex = (bytes: number) =>
  z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`), `${bytes} bytes of lower-case hex`);
const utc = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$/, 'a UTC time such as 2026-11-22T10:00:00Z');
/** Raw Ed25519 key. Canonical base64 of 32 bytes only: two spellings must not make two people of one key. */
export const memberKeySchema = z
  .string()
  .regex(/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/, 'an Ed25519 public key: 32 bytes in base64');
const text = (maximum: number) => z.string().min(1).max(maximum);

export const approvalRoles = ['launcher', 'admin', 'custodian', 'auditor'] as const;
export type ApprovalRole = (typeof approvalRoles)[number];

/** What can need approval. `members-change` always does once there is a rule. */
export const approvalKinds = ['key-release', 'policy-change', 'override', 'export', 'members-change'] as const;
export type ApprovalKind = (typeof approvalKinds)[number];

export const memberSchema = z.strictObject({
  name: text(80),
  publicKey: memberKeySchema,
  roles: z.array(z.enum(approvalRoles)).min(1).max(approvalRoles.length),
});
export type Member = z.infer<typeof memberSchema>;

export const actionRuleSchema = z.strictObject({
  /** How many different custodians must approve. */
  approvals: z.number().int().min(1).max(16),
  /** Whether the approval of whoever asks counts. */
  requesterCounts: z.boolean(),
  /** How long a request stands: seconds. */
  validSeconds: z.number().int().min(60).max(2_592_000),
});
export type ActionRule = z.infer<typeof actionRuleSchema>;

/** Who belongs to the organisation and how many must agree. An action without an entry needs no approval. */
export const quorumRuleSchema = z.strictObject({
  v: z.literal(1),
  organisation: text(120),
  /** 1, 2, 3 … without a gap. */
  version: z.number().int().min(1).max(approvalLimits.ruleVersions),
  /** Hex SHA-256 of the JCS of the version before; null in the first. */
  previous: hex(32).nullable(),
  createdAt: utc,
  members: z.array(memberSchema).min(1).max(64),
  actions: z.strictObject({
    'key-release': actionRuleSchema.optional(),
    'policy-change': actionRuleSchema.optional(),
    override: actionRuleSchema.optional(),
    export: actionRuleSchema.optional(),
    'members-change': actionRuleSchema,
  }),
});
export type QuorumRule = z.infer<typeof quorumRuleSchema>;

/** What a node proved, as far as an approval holds on to it: the evidence may be renewed, these may not change. */
export const approvedNodeSchema = z.strictObject({
  name: text(128),
  simulated: z.boolean(),
  /** The evidence at the time of asking. */
  evidenceSha256: hex(32),
  verifiedAt: utc,
  parts: z
    .array(
      z.strictObject({
        name: text(64),
        family: text(32),
        /** The launch measurement, or `sha256:…` over all of them (JCS) where a part has several. */
        measurement: z.string().max(256),
      }),
    )
    .min(1)
    .max(32),
});
export type ApprovedNode = z.infer<typeof approvedNodeSchema>;

export const approvalSubjects = {
  /** The whole order and the whole policy: every digest is recomputed from what is shown. */
  'key-release': z.strictObject({
    order: jobOrderSchema,
    policy: policySchema,
    nodes: z.array(approvedNodeSchema).min(1).max(64),
  }),
  'policy-change': z.strictObject({
    /** Digest of the policy it replaces; null for a new one. */
    replaces: z.string().max(128).nullable(),
    /** No new run may name it any more. */
    retired: z.boolean(),
    policy: policySchema,
  }),
  override: z.strictObject({
    /** The one job it is for; null: the next one that names this node. */
    jobId: hex(32).nullable(),
    node: approvedNodeSchema,
    policyDigest: z.string().max(128),
    /** The checks that did not pass, as `cpu0/snp.tcb.minimum`, with reason and finding. */
    checks: z
      .array(z.strictObject({ id: text(192), reason: z.string().max(128), detail: z.string().max(1000).optional() }))
      .min(1)
      .max(64),
    /** Why, in the words of who asks. */
    justification: text(1000),
    notAfter: utc,
  }),
  export: z.strictObject({
    what: z.enum(['dataset-identity', 'model', 'key', 'recovery-shares', 'backup']),
    /** Public key or id of what leaves. */
    item: text(4096),
    description: text(300),
    destination: text(4096),
  }),
  'members-change': z.strictObject({ rule: quorumRuleSchema }),
} as const;
export type ApprovalSubject<K extends ApprovalKind> = z.infer<(typeof approvalSubjects)[K]>;

const requestOf = <K extends ApprovalKind>(kind: K) =>
  z.strictObject({
    v: z.literal(1),
    kind: z.literal(kind),
    /** Makes each request another document, so that an approval of one is never an approval of a second. */
    nonce: hex(16),
    createdAt: utc,
    expiresAt: utc,
    /** The rule it is asked under: hex SHA-256 of its JCS. */
    ruleSha256: hex(32),
    requester: z.strictObject({ name: text(80), publicKey: memberKeySchema }),
    subject: approvalSubjects[kind],
  });

/** A request is named by the hex SHA-256 of its JCS. */
export const approvalRequestSchema = z.discriminatedUnion('kind', [
  requestOf('key-release'),
  requestOf('policy-change'),
  requestOf('override'),
  requestOf('export'),
  requestOf('members-change'),
]);
export type ApprovalRequest = z.infer<typeof approvalRequestSchema>;

export const approvalSchema = z.strictObject({
  v: z.literal(1),
  requestSha256: hex(32),
  decision: z.enum(['approve', 'refuse']),
  /** The custodian's key; the envelope must be signed by it. */
  publicKey: memberKeySchema,
  at: utc,
  /** Why it was refused. */
  reason: z.string().max(500).optional(),
});
export type Approval = z.infer<typeof approvalSchema>;

/** One version of the rule with what made it one: the request and the approvals under the version before. */
export const ruleLinkSchema = z.strictObject({
  rule: dsseEnvelopeSchema,
  change: z
    .strictObject({ request: dsseEnvelopeSchema, approvals: z.array(dsseEnvelopeSchema).max(approvalLimits.answers) })
    .optional(),
});
export type RuleLink = z.infer<typeof ruleLinkSchema>;

/** What travels between desks, as a file or as QR codes. */
export const approvalFileSchema = z.discriminatedUnion('nacre', [
  z.strictObject({ nacre: z.literal('approval-request'), v: z.literal(1), request: dsseEnvelopeSchema }),
  z.strictObject({ nacre: z.literal('approval'), v: z.literal(1), approval: dsseEnvelopeSchema }),
  z.strictObject({
    nacre: z.literal('members'),
    v: z.literal(1),
    chain: z.array(ruleLinkSchema).min(1).max(approvalLimits.ruleVersions),
  }),
]);
export type ApprovalFile = z.infer<typeof approvalFileSchema>;

export const requestStates = ['waiting', 'granted', 'refused', 'expired', 'used', 'withdrawn', 'stale'] as const;
export type RequestState = (typeof requestStates)[number];

/** A request as screens and the CLI show it. */
export const approvalViewSchema = z.object({
  /** Hex SHA-256 of the request. */
  id: z.string(),
  kind: z.enum(approvalKinds),
  state: z.enum(requestStates),
  /** Where it was made: on this desk, or brought here to be signed. */
  origin: z.enum(['own', 'imported']),
  /** Of an override: the node that it lets through. */
  node: z.string().optional(),
  title: z.string(),
  createdAt: z.string(),
  expiresAt: z.string(),
  requester: z.object({ name: z.string(), publicKey: z.string() }),
  approvals: z.object({ have: z.number().int(), need: z.number().int() }),
  answers: z.array(
    z.object({
      name: z.string(),
      publicKey: z.string(),
      decision: z.enum(['approve', 'refuse']),
      at: z.string(),
      counts: z.boolean(),
      /** Why it does not count. */
      why: z.string().optional(),
      reason: z.string().optional(),
    }),
  ),
  /** Plain words, section by section; everything that is signed is in here. */
  sections: z.array(
    z.object({ title: z.string(), lines: z.array(z.object({ label: z.string(), value: z.string() })) }),
  ),
  warnings: z.array(z.string()),
  simulated: z.boolean(),
  /** Whether this vault's key may answer it now, and why not. */
  canAnswer: z.boolean(),
  cannotAnswer: z.string().optional(),
});
export type ApprovalView = z.infer<typeof approvalViewSchema>;

export const membersViewSchema = z.object({
  /** Absent while no rule was ever set: then nothing needs approval. */
  rule: quorumRuleSchema.optional(),
  sha256: z.string().optional(),
  /** The signing key of this vault, and its roles. */
  own: z.object({ publicKey: z.string(), roles: z.array(z.enum(approvalRoles)) }),
  offline: z.boolean(),
});
export type MembersView = z.infer<typeof membersViewSchema>;
