import { z } from 'zod';

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`));
const nodeName = z.string().min(1).max(128);

/** Nodes that may train one job together. */
export const workersLimit = 16;
const count = z.number().int().min(1).max(workersLimit);

/** How many nodes train together. With fewer than `count` verified ones the job begins, or goes on, with `minimum` or more. */
export const workersSchema = z
  .strictObject({ count, minimum: count })
  .refine(({ count: all, minimum }) => minimum <= all, 'the minimum is more than the count');

/** The same in a signed order. */
export const orderWorkersSchema = z.strictObject({
  count,
  minimum: count,
  /**
   * Who says when each worker begins: a scheduler that is not trusted, and the SHA-256 of the one program that it is
   * given. Absent: the desk does.
   */
  scheduler: z.strictObject({ network: z.string().min(1).max(64), driverSha256: hex(32) }).optional(),
});

/**
 * A worker's place in its job, sealed into its key release: a scheduler can neither move a worker nor choose whom it talks to.
 */
export const workerPlaceSchema = z.strictObject({
  rank: z
    .number()
    .int()
    .min(0)
    .max(workersLimit - 1),
  /** Names by rank; all of them were verified, and got the key under the same order. */
  nodes: z.array(nodeName).min(1).max(workersLimit),
  /** Where the others find rank 0. Between the workers nothing is encrypted but by the program itself. */
  masterAddress: z.string().min(1).max(253),
  /** SHA-256 of the start ticket. Whoever has it may say "begin", and no more: it opens nothing. */
  startSha256: hex(32),
});
export type WorkerPlace = z.infer<typeof workerPlaceSchema>;

/** POST /v1/jobs/:jobId/start. Rank 0 answers with the port that the others are told; sent again it is the same answer. */
export const startRequestSchema = z.strictObject({
  ticket: hex(32),
  masterPort: z.number().int().min(1).max(65_535).optional(),
});
export type StartRequest = z.infer<typeof startRequestSchema>;

export const startAnswerSchema = z.object({
  state: z.enum(['accepted', 'running', 'succeeded', 'failed', 'stopped']),
  masterPort: z.number().int().min(1).max(65_535),
});
export type StartAnswer = z.infer<typeof startAnswerSchema>;

/** What a scheduler said of a run: its claim, shown beside the signed telemetry and never instead of it. */
export const clusterJobSchema = z.object({
  network: z.string(),
  submissionId: z.string(),
  status: z.enum(['PENDING', 'RUNNING', 'STOPPED', 'SUCCEEDED', 'FAILED', 'unknown']),
  message: z.string().optional(),
  nodes: z.array(
    z.object({ node: z.string(), state: z.enum(['alive', 'dead', 'unknown']), message: z.string().optional() }),
  ),
});
export type ClusterJob = z.infer<typeof clusterJobSchema>;

/** A worker of the attempt that goes on, by what its node signed; `lost` is the desk's own word for one that fell silent. */
export const workerViewSchema = z.object({
  rank: z.number().int(),
  node: z.string(),
  state: z.enum(['accepted', 'running', 'succeeded', 'failed', 'stopped', 'lost']),
  /** Why, in the node's words. */
  message: z.string().optional(),
  /** Of its last signed frame, by its own clock. */
  lastSignedAt: z.string().optional(),
});
export type WorkerView = z.infer<typeof workerViewSchema>;
