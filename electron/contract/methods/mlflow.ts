import { z } from 'zod';
import {
  followedRunSchema,
  mlflowExperimentSchema,
  mlflowExportSchema,
  mlflowRunSchema,
  mlflowServerSchema,
} from '../mlflow.ts';
import { networkDangers } from '../networks.ts';
import { seriesSchema, taskViewSchema } from '../views.ts';
import { id, none } from './fields.ts';
import { serverAddress, serverLogin } from './servers.ts';

/** What MLflow gives as id of an experiment or a run; it goes into addresses. */
const mlflowId = z.string().regex(/^[A-Za-z0-9][\w-]{0,255}$/, 'an id of MLflow');

export const mlflowMethods = {
  'mlflow.servers': { input: none, output: z.array(mlflowServerSchema) },
  /** It is asked once before it is kept. The password or token is kept in the vault. */
  'mlflow.connect': {
    input: z.strictObject({
      url: serverAddress,
      login: serverLogin.optional(),
      accept: z.array(z.enum(networkDangers)).max(networkDangers.length).default([]),
    }),
    output: mlflowServerSchema,
  },
  /** Forgets the server, its secret, and what is followed on it. */
  'mlflow.disconnect': { input: z.strictObject({ id }), output: z.boolean() },
  'mlflow.experiments': { input: z.strictObject({ server: id }), output: z.array(mlflowExperimentSchema) },
  /** Newest first, a page at a time. */
  'mlflow.runs': {
    input: z.strictObject({ server: id, experimentId: mlflowId, pageToken: z.string().max(4096).optional() }),
    output: z.object({ runs: z.array(mlflowRunSchema), nextPageToken: z.string().optional() }),
  },
  /**
   * Sends metrics, parameters and digests of a run, and goes on until the run has ended. What the server has already is not
   * sent again, so it can be started again at any time. No command line, no data, no secret goes along.
   */
  'mlflow.export': {
    input: z.strictObject({ runId: id, server: id, experiment: z.string().min(1).max(500).default('nacre') }),
    output: taskViewSchema,
  },
  'mlflow.exports': { input: z.strictObject({ runId: id }), output: z.array(mlflowExportSchema) },
  /** Follows a run of the server read-only, also after a restart, until it is unfollowed. */
  'mlflow.follow': { input: z.strictObject({ server: id, mlflowRunId: mlflowId }), output: followedRunSchema },
  'mlflow.unfollow': { input: z.strictObject({ id }), output: z.boolean() },
  'mlflow.followed': { input: none, output: z.array(followedRunSchema) },
  'mlflow.series': {
    input: z.strictObject({
      id,
      names: z.array(z.string().max(250)).min(1).max(32),
      maximumPoints: z.number().int().min(10).max(2000),
    }),
    output: z.array(seriesSchema),
  },
} as const;
