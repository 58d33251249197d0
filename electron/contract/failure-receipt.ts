import { z } from 'zod';
import { failureClasses } from './attempts.ts';
import { statementType } from './receipt.ts';
import { frameSchema } from './wire.ts';

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`));
const time = z.string().max(32);

export const failurePredicateType = 'urn:nacre:failure-receipt:v1';
/** Two frames this far apart leave a gap in the heartbeat: milliseconds. Frames come every second. */
export const heartbeatGapMs = 3000;
/** Gaps that a receipt lists; all are counted. */
export const listedGaps = 100;

export const heartbeatSchema = z.strictObject({
  frames: z.number().int().min(0),
  /** Of the first and last frame, by the node's clock. */
  first: time.optional(),
  last: time.optional(),
  gapCount: z.number().int().min(0),
  gaps: z.array(z.strictObject({ from: time, until: time })).max(listedGaps),
});
export type Heartbeat = z.infer<typeof heartbeatSchema>;

/**
 * What the desk states when an attempt ended without a model: an in-toto Statement in a DSSE envelope, signed by the
 * organisation. What the node itself signed is embedded as its last frame, under its attested key.
 */
export const failureStatementSchema = z.strictObject({
  _type: z.literal(statementType),
  /** The order that was not carried out. */
  subject: z
    .array(z.strictObject({ name: z.string().max(128), digest: z.strictObject({ sha256: hex(32) }) }))
    .length(1),
  predicateType: z.literal(failurePredicateType),
  predicate: z.strictObject({
    runId: z.string().max(128),
    attempt: z.number().int().min(1),
    jobId: hex(32),
    firstJobId: hex(32),
    orderSha256: hex(32),
    datasetRoot: hex(32),
    policyDigest: z.string().max(128),
    node: z.strictObject({
      name: z.string().max(128),
      simulated: z.boolean(),
      sessionId: hex(16),
      /** Raw Ed25519 key that the evidence attested, base64. */
      signingKey: z.string().max(64),
      /** Digests of its evidence in order; the first is what the key was released on. */
      evidenceSha256: z.array(hex(32)).max(20_000),
      earSha256: hex(32),
    }),
    failure: z.strictObject({ class: z.enum(failureClasses), cause: z.string().max(2048) }),
    /** By the desk's clock: when the key was confirmed, and when the end was found. */
    from: time,
    observedAt: time,
    /** Who says so. */
    says: z.strictObject({ node: z.string().max(256), desk: z.string().max(256) }),
    chainHead: hex(32),
    heartbeat: heartbeatSchema,
    /** As it came, with the node's signature; absent when no frame came. */
    lastFrame: frameSchema.optional(),
    steps: z.strictObject({
      /** Step of the checkpoint that this attempt resumed from; 0 at a beginning. */
      resumedFrom: z.number().int().min(0),
      last: z.number().int().min(0),
      /** The last checkpoint that came home, of this attempt or an earlier one. */
      checkpoint: z.strictObject({ step: z.number().int().min(0), sha256: hex(32) }).optional(),
      lost: z.number().int().min(0),
      /** Whose signed metrics say so, where several nodes trained together and another than this one led. */
      metrics: z
        .strictObject({ node: z.string().max(128), signingKey: z.string().max(64), chainHead: hex(32) })
        .optional(),
    }),
    cost: z.strictObject({
      usd: z.number().min(0),
      usdPerHour: z.number().min(0),
      /** From the first to the last signed frame. */
      seconds: z.number().min(0),
      priceSource: z.string().max(256),
      operatorMayBillUntil: time,
      stopConfirmed: z.boolean(),
    }),
  }),
});
export type FailureStatement = z.infer<typeof failureStatementSchema>;
