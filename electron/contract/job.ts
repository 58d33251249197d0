import { z } from 'zod';
import { orderWorkersSchema, workersSchema } from './workers.ts';

const hex = (bytes: number) =>
  z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`), `${bytes} bytes of lower-case hex`);
const utc = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$/, 'a UTC time such as 2026-11-22T10:00:00Z');

/** The built-in trainer: classification of a CSV table. Softmax regression is a network with no hidden layer. */
export const builtinProgramSchema = z.strictObject({
  type: z.literal('builtin'),
  trainer: z.literal('csv-classification'),
  target: z.string().min(1).max(256),
  hidden: z.array(z.number().int().min(1).max(1024)).max(4),
  epochs: z.number().int().min(1).max(10_000),
  batchSize: z.number().int().min(1).max(65_536),
  learningRate: z.number().positive().max(10),
  /** Share of rows held out for validation, never trained on. */
  heldOutShare: z.number().min(0.05).max(0.5),
  seed: z
    .number()
    .int()
    .min(0)
    .max(2 ** 31 - 1),
});
export type BuiltinProgram = z.infer<typeof builtinProgramSchema>;

/**
 * Any program that reads DATASET_DIR, writes OUTPUT_DIR and CHECKPOINT_DIR, and prints metrics as JSON lines on
 * stdout. When a run is taken up after a node was lost, RESUME_DIR holds the files of its last checkpoint and RESUME_STEP
 * the step it was made at; a program that goes on from there counts its steps on from RESUME_STEP.
 * A file in CHECKPOINT_DIR named checkpoint-STEP… is the checkpoint of that step, any other of the last step that was told.
 * Metrics: {"step": 10, "loss": 0.3, "accuracy": 0.9, "validation_loss": …}. Other lines are log lines.
 */
export const commandProgramSchema = z.strictObject({
  type: z.literal('command'),
  command: z.array(z.string().max(4096)).min(1).max(64),
});
export type CommandProgram = z.infer<typeof commandProgramSchema>;

export const programSchema = z.discriminatedUnion('type', [builtinProgramSchema, commandProgramSchema]);
export type Program = z.infer<typeof programSchema>;

/** Nodes that one run may be begun on, one after the other, when a draft does not say; and at most. */
export const defaultMaximumAttempts = 3;
export const attemptsLimit = 10;

/** A sealed checkpoint that an attempt goes on from: the file, and the manifest that it is uploaded under. */
export const resumeSchema = z.strictObject({
  step: z.number().int().min(0),
  /** SHA-256 of the sealed file, as the earlier node's signed telemetry announced it. */
  sha256: hex(32),
  /** Root and SHA-256 of the signed payload of its manifest. */
  root: hex(32),
  manifestSha256: hex(32),
});
export type ResumePoint = z.infer<typeof resumeSchema>;

/** What a person edits in the designer, and what `nacre launch` reads from a file; unknown keys are refused by name. */
export const jobDraftSchema = z.strictObject({
  name: z.string().min(1).max(120),
  datasetId: z.string().min(1).max(128),
  program: programSchema,
  /** Node names; empty lets the core take the cheapest node that verifies. */
  nodes: z.array(z.string().min(1).max(128)).max(64),
  policyId: z.string().min(1).max(64),
  budget: z.strictObject({
    maximumUsd: z.number().min(0).max(1_000_000),
    maximumSeconds: z.number().int().min(10).max(2_592_000),
  }),
  checkpointEverySteps: z.number().int().min(1).max(1_000_000),
  evidenceRenewSeconds: z.number().int().min(5).max(86_400),
  /**
   * Bandwidth of this run's transfers, 10^6 bits a second, 0 for none; the limits in the settings hold too. Not part of the
   * order: it is no business of the node.
   */
  bandwidthLimitMbps: z.number().min(0).max(1_000_000).optional(),
  /** How often the job is begun on a node at most, the first time included; absent: `defaultMaximumAttempts`. */
  maximumAttempts: z.number().int().min(1).max(attemptsLimit).optional(),
  /** Nodes that train together; absent: one. Command jobs only: they get RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT. */
  workers: workersSchema.optional(),
  /** Id of an added network whose nodes are used and whose scheduler starts the workers; absent: the local network. */
  network: z.string().min(1).max(64).optional(),
});
export type JobDraft = z.infer<typeof jobDraftSchema>;

/**
 * The signed order (DSSE payload `application/vnd.nacre.job-order.v1+json`). Its id is the SHA-256 of the JCS of all
 * other fields, so a challenge or a release that names the job names this exact order.
 */
export const jobOrderSchema = z.strictObject({
  version: z.literal(1),
  jobId: hex(32),
  name: z.string().min(1).max(120),
  dataset: z.strictObject({
    root: hex(32),
    name: z.string().max(256),
    sealedBytes: z.number().int().min(0),
    manifestSha256: hex(32),
  }),
  program: programSchema,
  nodes: z.array(z.string().min(1).max(128)).min(1).max(64),
  policyId: z.string(),
  policyDigest: z.string(),
  budget: jobDraftSchema.shape.budget,
  checkpointEverySteps: z.number().int().min(1),
  evidenceRenewSeconds: z.number().int().min(5),
  /** age recipients that checkpoints and the model are sealed to. */
  outputRecipients: z.array(z.string().startsWith('age1').max(4096)).min(1).max(32),
  /** Raw Ed25519 public key of the organisation, base64; also signs the envelope. */
  ownerKey: z.string().max(64),
  createdAt: utc,
  notAfter: utc,
  /** Absent: the first of `nodes` that verifies trains alone. */
  workers: orderWorkersSchema.optional(),
  /** An order that takes a run up again after its node was lost; absent in the first order of a run. */
  attempt: z
    .strictObject({
      number: z.number().int().min(2).max(attemptsLimit),
      /** Id of the first order of the run. */
      firstJobId: hex(32),
      /** Absent when there was no checkpoint yet: training begins anew. */
      resume: resumeSchema.optional(),
    })
    .optional(),
});
export type JobOrder = z.infer<typeof jobOrderSchema>;

export const runStates = [
  'preparing',
  'verifying',
  'uploading',
  'releasing',
  'running',
  'collecting',
  'succeeded',
  'failed',
  'stopped',
] as const;
export type RunState = (typeof runStates)[number];
