import { z } from 'zod';

/** Why an attempt ended without a model. Closed: a reader can say for each what it means, and whether it is tried again. */
export const failureClasses = [
  /** Nothing is heard from the node any more, and it does not answer. */
  'node-unreachable',
  /** The node answers at its door, but neither work nor telemetry comes from it. */
  'node-hung',
  /** The node failed to prove itself again. */
  'evidence-refused',
  /** The node works, but gave no evidence several times in a row. */
  'evidence-gap',
  /** A scheduler did not start a worker that holds the key: no place for it, or its process died. The scheduler says so. */
  'worker-not-started',
  /** The program ended by its own fault: another node would not help. */
  'job-failed',
  /** Telemetry, files or a receipt that are not what they were signed as. */
  'data-integrity',
  'budget',
  'stopped',
] as const;
export type FailureClass = (typeof failureClasses)[number];

/** One attempt of a run: one signed order, on one node or several. */
export const attemptViewSchema = z.object({
  number: z.number().int(),
  jobId: z.string(),
  /** Nodes that got the key; empty while none has. */
  nodes: z.array(z.string()),
  /** When the node took the job; absent when it never came to that. */
  from: z.string().optional(),
  /** When the desk found that it had ended. */
  until: z.string().optional(),
  /** Of the node's last signed telemetry frame, by its own clock. */
  lastSignedAt: z.string().optional(),
  outcome: z.enum(['open', 'succeeded', 'failed']),
  failureClass: z.enum(failureClasses).optional(),
  cause: z.string().optional(),
  resumedFrom: z.object({ step: z.number().int(), sha256: z.string() }).optional(),
  firstStep: z.number().int(),
  lastStep: z.number().int(),
  /** Steps after the last checkpoint that came home: trained again by the next attempt. */
  lostSteps: z.number().int().optional(),
  usdPerHour: z.number(),
  costUsd: z.number(),
  /** The node was told to stop and said that it has. */
  stopConfirmed: z.boolean().optional(),
  /** SHA-256 of the signed failure receipt's statement. */
  failureReceiptSha256: z.string().optional(),
});
export type AttemptView = z.infer<typeof attemptViewSchema>;

/** Between two attempts. */
export const recoverySchema = z.object({
  since: z.string(),
  /** Number of the attempt that comes next. */
  attempt: z.number().int(),
  lostNode: z.string(),
  waitsFor: z.enum(['back-off', 'unlock', 'network']),
  /** Nacre counts nothing while it waits; the operator of the lost node may. */
  operatorUsdPerMinute: z.number(),
  operatorMayBillUntil: z.string(),
});
export type Recovery = z.infer<typeof recoverySchema>;

/** An attempt that ended without a model, as its failure receipt and its signed telemetry say when they agree. */
export const failedAttemptSchema = z.object({
  number: z.number().int(),
  node: z.string(),
  failureClass: z.enum(failureClasses),
  cause: z.string(),
  from: z.string(),
  observedAt: z.string(),
  /** Of the node's last signed frame, by its own clock. */
  lastSignedAt: z.string().optional(),
  lastStep: z.number().int(),
  lostSteps: z.number().int(),
  seconds: z.number(),
  costUsd: z.number(),
});
export type FailedAttempt = z.infer<typeof failedAttemptSchema>;
