import { z } from 'zod';
import { networkDangers } from './networks.ts';

/** The user's own MLflow servers: runs go there, and runs of theirs are followed read-only. */

export const mlflowServerSchema = z.object({
  id: z.string(),
  url: z.string(),
  accepted: z.array(z.enum(networkDangers)),
});
export type MlflowServer = z.infer<typeof mlflowServerSchema>;

export const mlflowExperimentSchema = z.object({ id: z.string(), name: z.string() });
export type MlflowExperiment = z.infer<typeof mlflowExperimentSchema>;

export const mlflowRunStatuses = ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED'] as const;

export const mlflowRunSchema = z.object({
  runId: z.string(),
  name: z.string(),
  experimentId: z.string(),
  status: z.enum(mlflowRunStatuses),
  startedAt: z.string().optional(),
  endedAt: z.string().optional(),
});
export type MlflowRun = z.infer<typeof mlflowRunSchema>;

/** A run of ours on a server of theirs. */
export const mlflowExportSchema = z.object({
  runId: z.string(),
  serverId: z.string(),
  url: z.string(),
  experiment: z.string(),
  mlflowRunId: z.string(),
  /** Points that the server has of it. */
  points: z.number().int(),
  /** The run has ended and everything of it is there. */
  complete: z.boolean(),
  at: z.string(),
});
export type MlflowExport = z.infer<typeof mlflowExportSchema>;

/** A run of theirs beside ours. What it says is signed by nobody. */
export const followedRunSchema = z.object({
  id: z.string(),
  serverId: z.string(),
  url: z.string(),
  mlflowRunId: z.string(),
  name: z.string(),
  status: z.enum(mlflowRunStatuses).optional(),
  /** `waiting`: the server does not answer, and is asked again later. */
  state: z.enum(['starting', 'following', 'waiting', 'locked', 'ended']),
  metrics: z.array(z.string()),
  points: z.number().int(),
  lastAt: z.string().optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
  /** More metrics or points than are kept. */
  truncated: z.boolean(),
});
export type FollowedRun = z.infer<typeof followedRunSchema>;
