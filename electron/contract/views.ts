import { z } from 'zod';
import { checkSchema, earStatus, overrideNoteSchema, verificationSchema } from './evidence.ts';
import { attemptViewSchema, failedAttemptSchema, recoverySchema } from './attempts.ts';
import { jobDraftSchema, runStates } from './job.ts';
import { runTransferSchema, transferEstimateSchema } from './transfers.ts';
import { fileKindSchema, tablePreviewSchema } from './table-preview.ts';
import { clusterJobSchema, workerViewSchema } from './workers.ts';

/** What screens and the CLI show. Names, ids and figures; never file contents, never a secret. */

export const vaultStateSchema = z.object({
  state: z.enum(['absent', 'locked', 'unlocked']),
  path: z.string(),
  /** UTC RFC 3339 when auto-lock strikes; absent when locked or off. */
  locksAt: z.string().optional(),
  unlockFailures: z.number().int(),
  kdf: z.object({ memoryMib: z.number(), passes: z.number(), lastUnlockMs: z.number().optional() }).optional(),
});
export type VaultState = z.infer<typeof vaultStateSchema>;

export const networkStateSchema = z.object({
  name: z.literal('local'),
  simulated: z.literal(true),
  state: z.enum(['stopped', 'starting', 'running', 'failed']),
  message: z.string().optional(),
  nodes: z.number().int(),
  ready: z.number().int(),
  verified: z.number().int(),
  refused: z.number().int(),
});
export type NetworkState = z.infer<typeof networkStateSchema>;

export const appStateSchema = z.object({
  version: z.string(),
  host: z.enum(['electron', 'web', 'cli', 'test']),
  profile: z.string(),
  /** A custodian's profile without a network: it reads requests and signs answers. */
  offline: z.boolean().optional(),
  vault: vaultStateSchema,
  network: networkStateSchema,
  approvals: z.object({ waiting: z.number().int() }),
  /** US dollars an hour that running jobs spend, and spent since the last sealed checkpoint. Simulated prices say so. */
  money: z.object({ usdPerHour: z.number(), atRiskUsd: z.number(), simulated: z.boolean() }),
  firstRun: z.object({ vault: z.boolean(), network: z.boolean(), sampleJob: z.boolean() }),
});
export type AppState = z.infer<typeof appStateSchema>;

export const nodeViewSchema = z.object({
  name: z.string(),
  network: z.literal('local'),
  simulated: z.boolean(),
  url: z.string(),
  region: z.string(),
  city: z.string(),
  country: z.string(),
  latitude: z.number(),
  longitude: z.number(),
  gpuModel: z.string(),
  gpuCount: z.number().int(),
  gpuMemoryGib: z.number(),
  cpuFamily: z.string(),
  usdPerHour: z.number(),
  uploadMbps: z.number(),
  reachable: z.enum(['yes', 'no', 'unknown']),
  /** Trust in one word; unknown until evidence was checked. */
  trust: z.enum(['verified', 'warning', 'refused', 'unknown', 'checking']),
  reason: z.string().optional(),
  reasonDetail: z.string().optional(),
  verifiedAt: z.string().optional(),
  checks: z.object({ passed: z.number().int(), total: z.number().int() }).optional(),
  /** DCGM names to latest value; an absent field was not reported. */
  telemetry: z.record(z.string(), z.number()).optional(),
  telemetryAt: z.string().optional(),
  runIds: z.array(z.string()),
});
export type NodeView = z.infer<typeof nodeViewSchema>;

export const evidenceViewSchema = z.object({
  id: z.string(),
  verification: verificationSchema,
  ear: z.string(),
  evidenceSha256: z.string(),
  evidenceBytes: z.number().int(),
});
export type EvidenceView = z.infer<typeof evidenceViewSchema>;

export const datasetViewSchema = z.object({
  id: z.string(),
  name: z.string(),
  sourcePath: z.string(),
  sealedPath: z.string(),
  plainBytes: z.number().int(),
  sealedBytes: z.number().int(),
  parts: z.number().int(),
  partSize: z.number().int(),
  root: z.string(),
  rows: z.number().int().optional(),
  columns: z.array(z.string()).optional(),
  target: z.string().optional(),
  recipients: z.array(z.string()),
  sealedAt: z.string(),
});
export type DatasetView = z.infer<typeof datasetViewSchema>;

export const dataPreviewSchema = z.object({
  path: z.string(),
  name: z.string(),
  kind: z.enum(['file', 'folder']),
  bytes: z.number().int(),
  files: z.number().int(),
  csv: z
    .object({
      columns: z.array(z.string()),
      rows: z.number().int(),
      /** Classes of the guessed or named target with their row counts. */
      target: z.string(),
      classes: z.array(z.object({ name: z.string(), rows: z.number().int() })),
      numericColumns: z.number().int(),
    })
    .optional(),
  kinds: z.array(fileKindSchema),
  table: tablePreviewSchema.optional(),
  problems: z.array(z.string()),
});
export type DataPreview = z.infer<typeof dataPreviewSchema>;

export const fileEntrySchema = z.object({
  name: z.string(),
  path: z.string(),
  kind: z.enum(['file', 'folder']),
  bytes: z.number().int(),
});
export type FileEntry = z.infer<typeof fileEntrySchema>;

export const progressSchema = z.object({
  done: z.number(),
  total: z.number(),
  unit: z.enum(['bytes', 'steps', 'nodes', 'datasets']),
  ratePerSecond: z.number().optional(),
  secondsLeft: z.number().optional(),
});
export type Progress = z.infer<typeof progressSchema>;

/** A long action; followed on the `tasks` stream. */
export const taskViewSchema = z.object({
  id: z.string(),
  kind: z.enum(['seal', 'network-start', 'verify-nodes', 'launch', 'upload', 'download', 'rewrap', 'mlflow-export']),
  title: z.string(),
  state: z.enum(['running', 'succeeded', 'failed', 'cancelled']),
  /** It can be paused and resumed while it runs. */
  pausable: z.boolean().optional(),
  /** It runs, but waits for `tasks.resume`. */
  paused: z.boolean().optional(),
  /** What it works for: the run of a transfer. */
  subjectId: z.string().optional(),
  progress: progressSchema.optional(),
  /** Id of what it made: a dataset id, a run id. */
  resultId: z.string().optional(),
  /** What a person should know of how it went, such as work of an interrupted run that was taken over. */
  note: z.string().optional(),
  error: z.object({ code: z.string(), message: z.string(), hint: z.string().optional() }).optional(),
});
export type TaskView = z.infer<typeof taskViewSchema>;

export const estimateSchema = z.object({
  /** What the figures rest on, in words. */
  basis: z.string(),
  simulated: z.boolean(),
  usd: z.number(),
  trainSeconds: z.number(),
  transferSeconds: z.number(),
  /** Dearest node; 0 when no network names a price. */
  transferUsd: z.number(),
  /** Bytes to send: without what the node is known to have. */
  transferBytes: z.number().int(),
  nodes: z.array(
    z.object({
      node: z.string(),
      usdPerHour: z.number(),
      transferSeconds: z.number(),
      transfer: transferEstimateSchema,
    }),
  ),
  fits: z.boolean(),
  problems: z.array(z.string()),
});
export type Estimate = z.infer<typeof estimateSchema>;

export const runNodeSchema = z.object({
  name: z.string(),
  trust: z.enum(['verified', 'warning', 'refused', 'unknown']),
  reason: z.string().optional(),
  /** Custodians let it through although checks failed. */
  override: overrideNoteSchema.optional(),
  keyReleased: z.boolean(),
  /** Evidence renewals in order: the attestation lane. A gap stays a gap. */
  lane: z.array(
    z.object({
      from: z.string(),
      until: z.string(),
      fromStep: z.number().int(),
      untilStep: z.number().int(),
      state: z.enum(['verified', 'overridden', 'gap', 'refused', 'lost']),
      evidenceId: z.string().optional(),
    }),
  ),
});
export type RunNode = z.infer<typeof runNodeSchema>;

export const runEventSchema = z.object({
  at: z.string(),
  kind: z.enum(['state', 'evidence', 'release', 'upload', 'checkpoint', 'artifact', 'warning', 'error', 'receipt']),
  trust: z.enum(['verified', 'warning', 'refused', 'unknown']).optional(),
  message: z.string(),
  node: z.string().optional(),
  digest: z.string().optional(),
});
export type RunEvent = z.infer<typeof runEventSchema>;

export const runViewSchema = z.object({
  id: z.string(),
  name: z.string(),
  state: z.enum(runStates),
  simulated: z.boolean(),
  jobId: z.string(),
  datasetId: z.string(),
  datasetName: z.string(),
  draft: jobDraftSchema,
  createdAt: z.string(),
  startedAt: z.string().optional(),
  endedAt: z.string().optional(),
  error: z.object({ code: z.string(), message: z.string(), hint: z.string().optional() }).optional(),
  nodes: z.array(runNodeSchema),
  /** In order, the one that goes on last; absent in runs of earlier versions. */
  attempts: z.array(attemptViewSchema).optional(),
  /** While a lost node is being replaced. */
  recovery: recoverySchema.optional(),
  /** While the release waits for custodians. */
  approval: z
    .object({ requestId: z.string(), have: z.number().int(), need: z.number().int(), expiresAt: z.string() })
    .optional(),
  upload: progressSchema.optional(),
  /** The upload as it was estimated before, and as it was. */
  transfer: runTransferSchema.optional(),
  progress: progressSchema.optional(),
  lastStep: z.number().int(),
  lastMetrics: z.record(z.string(), z.number()),
  /** Held-out accuracy as the trainer reported it at the end. */
  heldOutAccuracy: z.number().optional(),
  checkpoints: z.array(
    z.object({ name: z.string(), step: z.number().int(), bytes: z.number().int(), sha256: z.string(), at: z.string() }),
  ),
  costUsd: z.number(),
  usdPerHour: z.number(),
  modelPath: z.string().optional(),
  modelSha256: z.string().optional(),
  receipt: z
    .object({
      statementSha256: z.string(),
      countersignedAt: z.string().optional(),
      chainHead: z.string(),
      frames: z.number().int(),
    })
    .optional(),
  log: z.array(z.object({ at: z.string(), node: z.string(), line: z.string() })),
  /** By rank, in a run of several workers or of a cluster, once they have the job. */
  workers: z.array(workerViewSchema).optional(),
  /** In a run that a cluster's scheduler starts. */
  cluster: clusterJobSchema.optional(),
});
export type RunView = z.infer<typeof runViewSchema>;

/** A downsampled series (M4: first, min, max, last of each pixel column kept). A `null` y is a gap. */
export const seriesSchema = z.object({
  name: z.string(),
  unit: z.string(),
  x: z.enum(['step', 'time']),
  points: z.array(
    z.object({ x: z.number(), y: z.number().nullable(), low: z.number().optional(), high: z.number().optional() }),
  ),
  /** How many raw points stand behind the drawn ones. */
  raw: z.number().int(),
});
export type Series = z.infer<typeof seriesSchema>;

export const reportViewSchema = z.object({
  runId: z.string(),
  name: z.string(),
  simulated: z.boolean(),
  endedAt: z.string().optional(),
  state: z.enum(runStates),
  packPath: z.string().optional(),
  packSha256: z.string().optional(),
  packBytes: z.number().int().optional(),
});
export type ReportView = z.infer<typeof reportViewSchema>;

/** The answer of `nacre verify PACK`: every check with its outcome, and what was not checked. */
export const packVerdictSchema = z.object({
  path: z.string(),
  whole: z.boolean(),
  simulated: z.boolean(),
  status: earStatus,
  checks: z.array(checkSchema),
  notChecked: z.array(z.string()),
  summary: z
    .object({
      run: z.string(),
      jobId: z.string(),
      datasetRoot: z.string(),
      /** As the receipt shows, or, where there is none, as the log says. */
      outcome: z.enum(['succeeded', 'failed', 'stopped']),
      modelSha256: z.string().optional(),
      nodes: z.array(z.string()),
      frames: z.number().int(),
      heldOutAccuracy: z.number().optional(),
      /** Attempts that a node ended. */
      attempts: z.array(failedAttemptSchema).optional(),
    })
    .optional(),
});
export type PackVerdict = z.infer<typeof packVerdictSchema>;

/** A file the core has written for a person to take away. The web host serves it once under its id. */
export const exportedFileSchema = z.object({
  downloadId: z.string(),
  path: z.string(),
  fileName: z.string(),
  bytes: z.number().int(),
  sha256: z.string(),
});
export type ExportedFile = z.infer<typeof exportedFileSchema>;

export const auditViewSchema = z.object({
  index: z.number().int(),
  at: z.string(),
  kind: z.string(),
  subject: z.string(),
  details: z.record(z.string(), z.unknown()),
  leafHash: z.string(),
  simulated: z.boolean(),
});
export type AuditView = z.infer<typeof auditViewSchema>;

/** One line of "what is happening". */
export const activitySchema = z.object({
  at: z.string(),
  subject: z.string(),
  verb: z.string(),
  message: z.string(),
  simulated: z.boolean(),
});
export type Activity = z.infer<typeof activitySchema>;
