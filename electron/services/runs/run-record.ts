import { z } from 'zod';
import { dsseEnvelopeSchema } from '../../contract/dsse.ts';
import { policySchema } from '../../contract/policy.ts';
import { jobOrderSchema, runStates, type RunState } from '../../contract/job.ts';
import { runViewSchema } from '../../contract/views.ts';
import { artifactSchema } from '../../contract/wire.ts';
import { workerPlaceSchema } from '../../contract/workers.ts';

const sessionSchema = z.object({
  node: z.string(),
  url: z.string(),
  sessionId: z.string(),
  /** Raw Ed25519 key, base64: signs frames and the receipt. */
  signingKey: z.string(),
  tlsSpkiSha256: z.string(),
  /** Verified evidence of this session in order, the release's first, with the time of its answer (ms). */
  evidence: z.array(z.object({ id: z.string(), sha256: z.string(), at: z.number() })),
  /** The attestation result as it went to the node; the node's receipt names its hash. */
  ear: z.string(),
  notAfter: z.string(),
  /**
   * Lets this desk look at and stop this one job at this one agent, also while the vault is locked and after a restart.
   * Whoever reads it here could do the same, and no more: it opens no key, no data and no other job.
   */
  access: dsseEnvelopeSchema.optional(),
  /** In a job of several workers. */
  worker: workerPlaceSchema.optional(),
  usdPerHour: z.number().optional(),
});
export type Session = z.infer<typeof sessionSchema>;
const workerSessionSchema = sessionSchema.extend({
  /** What this node signed at the end. */
  receiptEnvelope: dsseEnvelopeSchema.optional(),
});

/** What the store keeps of a run: all that is needed to follow it after a restart, and to prove it later. */
export const runRecordSchema = z.object({
  version: z.literal(1),
  view: runViewSchema,
  order: jobOrderSchema,
  /** The signed order and the signed manifest as they went to the node. */
  orderEnvelope: dsseEnvelopeSchema,
  manifestEnvelope: dsseEnvelopeSchema,
  /** The policy as it stood, so that a later change of it changes no past. */
  policy: policySchema,
  /** The attested session that got the key; absent before release. */
  session: sessionSchema.optional(),
  /** The sessions of ranks 1 and up; `session` is that of rank 0. */
  workers: z.array(workerSessionSchema).optional(),
  /** Attempts that have ended, in order; see `view.attempts`. */
  attempts: z
    .array(
      z.object({
        number: z.number().int(),
        order: jobOrderSchema,
        orderEnvelope: dsseEnvelopeSchema,
        /** Absent when no node got the key. */
        session: sessionSchema.optional(),
        workers: z.array(workerSessionSchema).optional(),
        /** Whose fault the end was, when it was one node's. */
        lostNode: z.string().optional(),
        /** The newest checkpoint on this desk when the attempt ended. */
        checkpoint: z.object({ step: z.number().int(), sha256: z.string() }).optional(),
        failureReceipt: dsseEnvelopeSchema.optional(),
      }),
    )
    .optional(),
  /** Verifications of this run in order, of all nodes: refused candidates too. */
  evidenceIds: z.array(z.string()),
  /** Sealed files that came home, with their place on this desk. */
  artifacts: z.array(artifactSchema.extend({ path: z.string() })),
  /** Signed by the node, and by the desk when `view.receipt.countersignedAt` is there. */
  receiptEnvelope: dsseEnvelopeSchema.optional(),
});
export type RunRecord = z.infer<typeof runRecordSchema>;

/** The sessions of an attempt by rank; empty before release. */
export function sessionsOf({ session, workers = [] }: Pick<RunRecord, 'session' | 'workers'>): Session[] {
  return session === undefined ? [] : [session, ...workers];
}

const finalStates: ReadonlySet<RunState> = new Set<RunState>(['succeeded', 'failed', 'stopped']);

export function isFinal(state: RunState): boolean {
  return finalStates.has(state);
}

/** States in which the node holds the key and works: what a restart takes up again. */
export function isWithNode(state: RunState): boolean {
  return state === 'running' || state === 'collecting';
}

/** A run that waits for custodians: no node has its key yet, and it may be taken up again at any time. */
export function isWaiting({ view, session }: RunRecord): boolean {
  return view.state === 'releasing' && view.approval !== undefined && session === undefined;
}

/**
 * A run whose last attempt has ended and that is not with a node now: the next core that opens the profile takes it up. A
 * core that died as it wrote that down may have left the session of the node that was given up.
 */
export function isBetween({ view, session, attempts = [] }: RunRecord): boolean {
  if (isFinal(view.state) || attempts.length === 0) return false;
  return session === undefined || view.attempts?.at(-1)?.outcome === 'failed';
}

/** The checkpoint on this desk that is furthest on. */
export function newestCheckpoint({ artifacts }: RunRecord): RunRecord['artifacts'][number] | undefined {
  return artifacts
    .filter(({ kind }) => kind === 'checkpoint')
    .reduce<RunRecord['artifacts'][number] | undefined>(
      (newest, item) => (newest === undefined || (item.step ?? 0) >= (newest.step ?? 0) ? item : newest),
      undefined,
    );
}

/** Which state may follow which; anything else is a bug. */
const next: Readonly<Record<RunState, readonly RunState[]>> = {
  preparing: ['preparing', 'verifying', 'failed', 'stopped'],
  verifying: ['uploading', 'preparing', 'failed', 'stopped'],
  uploading: ['releasing', 'preparing', 'failed', 'stopped'],
  releasing: ['running', 'verifying', 'preparing', 'failed', 'stopped'],
  running: ['collecting', 'preparing', 'failed', 'stopped'],
  collecting: ['succeeded', 'preparing', 'failed', 'stopped'],
  succeeded: [],
  failed: [],
  stopped: [],
};

/** @throws Error for a step the state machine does not have: a bug. */
export function assertStep(from: RunState, to: RunState): void {
  if (!runStates.includes(to) || !next[from].includes(to)) throw new Error(`a run cannot go from ${from} to ${to}`);
}
