import { err, ok, type Result } from '../../contract/result.ts';
import { z } from 'zod';
import { dangerReasons, isLoopback, parseRayAddress, type RayDanger } from './address.ts';
import { askRay, askRayJson, failureOf, type RayHttpOptions } from './http.ts';
import { tailLog } from './log-tail.ts';
import {
  authenticationModeSchema,
  clusterEventSchema,
  deletedSchema,
  rayJobSchema,
  rayNodeSchema,
  rayVersionSchema,
  stateListSchema,
  stoppedSchema,
  submittedSchema,
} from './messages.ts';
import { buildPackage, type PackageFile } from './package.ts';

export interface RayClientOptions {
  readonly url: string;
  readonly token?: string;
  /** Dangers that a person has read and accepts. */
  readonly accepted?: readonly RayDanger[];
  /** For one answer: milliseconds. */
  readonly timeoutMs?: number;
}

export interface RayNode {
  readonly id: string;
  readonly address: string;
  readonly head: boolean;
  readonly state: 'ALIVE' | 'DEAD';
  /** Ray's own words about a node's end. */
  readonly message?: string;
  readonly resources: Readonly<Record<string, number>>;
  readonly labels: Readonly<Record<string, string>>;
}

export interface RayJob {
  readonly submissionId: string;
  readonly status: z.output<typeof rayJobSchema>['status'];
  readonly message?: string;
  readonly nodeId?: string;
  readonly exitCode?: number;
}

export interface RaySubmission {
  readonly entrypoint: string;
  readonly submissionId: string;
  /** Only on nodes with these labels, such as `{'nacre-node': NAME}` of a node that was verified. */
  readonly labels?: Readonly<Record<string, string>>;
  /** URI of `upload`. */
  readonly workingDirectory?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly cpus?: number;
}

/**
 * A Ray cluster by its dashboard. It is inventory and a starter of programs, nothing more: Ray does not part its nodes from
 * each other and whoever has the token runs code on all of them, so neither keys nor data ever go through it.
 */
export interface RayClient {
  readonly rayVersion: string;
  readonly authentication: string;
  /** What the person had to accept. */
  readonly dangers: readonly RayDanger[];
  nodes(signal?: AbortSignal): Promise<Result<RayNode[]>>;
  /** Uploads unless the cluster has the same content already. Errors: `invalid_input` for the files. */
  upload(files: readonly PackageFile[], signal?: AbortSignal): Promise<Result<{ uri: string; sent: boolean }>>;
  /** Errors: `already_exists` for a submission id that was used. */
  submit(submission: RaySubmission, signal?: AbortSignal): Promise<Result<string>>;
  /** Errors: `not_found`. */
  job(submissionId: string, signal?: AbortSignal): Promise<Result<RayJob>>;
  /** See `tailLog`. */
  tail(submissionId: string, onText: (text: string) => void, signal: AbortSignal): Promise<Result<{ bytes: number }>>;
  /** False when it had ended already. */
  stop(submissionId: string, signal?: AbortSignal): Promise<Result<boolean>>;
  /** Of ended jobs only. */
  remove(submissionId: string, signal?: AbortSignal): Promise<Result<boolean>>;
  events(signal?: AbortSignal): Promise<Result<z.output<typeof clusterEventSchema>[]>>;
}

const defaultTimeoutMs = 15_000;
/** Ray waits up to five minutes for its own job agent before it answers 504; a person does not. */
const submitMs = 60_000;
const uploadMs = 300_000;
const idPattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

/**
 * Looks at the dashboard before the token goes there, and refuses what is dangerous unless that was accepted. Errors:
 * `invalid_input`, `denied_by_policy` with the reason and `details.dangers`, `not_permitted` (token missing or wrong),
 * `unavailable`, `timeout`, `damaged` (no Ray there), `cancelled`.
 */
export async function connectRay(options: RayClientOptions, signal?: AbortSignal): Promise<Result<RayClient>> {
  const base = parseRayAddress(options.url);
  if (!base.ok) return base;
  const { token, timeoutMs = defaultTimeoutMs } = options;
  if (token !== undefined && !/^[\x21-\x7e]{1,4096}$/.test(token)) {
    return err('invalid_input', 'The token has characters that no token has, or is empty.');
  }
  const accepted = new Set(options.accepted ?? []);
  const plain = base.value.protocol === 'http:' && !isLoopback(base.value);
  if (plain && !accepted.has('plain-http')) return refused(['plain-http']);
  const open: RayHttpOptions = { base: base.value, token: undefined, timeoutMs };
  const mode = await askRayJson(
    open,
    { method: 'GET', path: '/api/authentication_mode', signal },
    authenticationModeSchema,
  );
  // Releases before token authentication have no such path, and then no authentication either.
  if (!mode.ok && mode.error.code !== 'not_found') return mode;
  const authentication = mode.ok ? mode.value.authentication_mode : 'disabled';
  const dangers: RayDanger[] = plain ? ['plain-http'] : [];
  // What the dashboard says of itself is tried: without a token it must give nothing.
  const bare = await askRay(open, { method: 'GET', path: '/api/version', signal });
  if (!bare.ok) return bare;
  if (authentication !== 'token' || bare.value.status === 200) dangers.push('no-authentication');
  if (dangers.some((danger) => !accepted.has(danger))) return refused(dangers);
  const http: RayHttpOptions = { ...open, token };
  const version = await askRayJson(http, { method: 'GET', path: '/api/version', signal }, rayVersionSchema);
  return version.ok ? ok(createClient(http, version.value.ray_version, authentication, dangers)) : version;
}

function refused(dangers: readonly RayDanger[]) {
  return err('denied_by_policy', dangers.map((danger) => dangerReasons[danger]).join(' '), {
    hint: 'Use https, or an SSH tunnel to the loopback, and start Ray with RAY_AUTH_MODE=token. It can be accepted by name.',
    details: { dangers },
  });
}

function createClient(
  http: RayHttpOptions,
  rayVersion: string,
  authentication: string,
  dangers: readonly RayDanger[],
): RayClient {
  const list = async <S extends z.ZodType>(
    path: string,
    item: S,
    signal?: AbortSignal,
  ): Promise<Result<z.output<S>[]>> => {
    const answer = await askRayJson(http, { method: 'GET', path, signal }, stateListSchema);
    if (!answer.ok) return answer;
    const items = z.array(item).safeParse(answer.value.data.result.result);
    if (items.success) return ok(items.data);
    const issue = items.error.issues[0];
    return err('damaged', `Ray’s list at ${path.split('?')[0] ?? ''} is damaged at ${issue?.path.join('.') ?? ''}.`);
  };
  return {
    rayVersion,
    authentication,
    dangers,
    async nodes(signal) {
      const nodes = await list('/api/v0/nodes?detail=1&limit=10000', rayNodeSchema, signal);
      return nodes.ok ? ok(nodes.value.map(nodeOf)) : nodes;
    },
    async upload(files, signal) {
      const made = buildPackage(files);
      if (!made.ok) return made;
      const path = `/api/packages/gcs/${made.value.name}`;
      const there = await askRay(http, { method: 'GET', path, signal });
      if (!there.ok) return there;
      if (there.value.status === 200) return ok({ uri: made.value.uri, sent: false });
      if (there.value.status !== 404) return failureOf(http.base, there.value);
      const put = await askRay(http, { method: 'PUT', path, body: made.value.bytes, signal, timeoutMs: uploadMs });
      if (!put.ok) return put;
      return put.value.status === 200 ? ok({ uri: made.value.uri, sent: true }) : failureOf(http.base, put.value);
    },
    async submit(submission, signal) {
      if (!idPattern.test(submission.submissionId))
        return err('invalid_input', 'A submission id has letters, digits, . _ - only.');
      const json = {
        entrypoint: submission.entrypoint,
        submission_id: submission.submissionId,
        ...(submission.cpus === undefined ? {} : { entrypoint_num_cpus: submission.cpus }),
        ...(submission.labels === undefined ? {} : { entrypoint_label_selector: submission.labels }),
        runtime_env: {
          ...(submission.workingDirectory === undefined ? {} : { working_dir: submission.workingDirectory }),
          ...(submission.environment === undefined ? {} : { env_vars: submission.environment }),
        },
      };
      const request = { method: 'POST', path: '/api/jobs/', json, signal, timeoutMs: submitMs } as const;
      const answer = await askRayJson(http, request, submittedSchema);
      return answer.ok ? ok(answer.value.submission_id) : answer;
    },
    async job(submissionId, signal) {
      const answer = await askRayJson(http, { method: 'GET', path: jobPath(submissionId), signal }, rayJobSchema);
      if (!answer.ok) return answer;
      const { status, message, driver_node_id: nodeId, driver_exit_code: exitCode } = answer.value;
      return ok({
        submissionId,
        status,
        ...(message == null ? {} : { message }),
        ...(nodeId == null ? {} : { nodeId }),
        ...(exitCode == null ? {} : { exitCode }),
      });
    },
    tail: (submissionId, onText, signal) =>
      tailLog({ base: http.base, token: http.token, submissionId, onText, signal }),
    async stop(submissionId, signal) {
      const request = { method: 'POST', path: jobPath(submissionId, '/stop'), signal } as const;
      const answer = await askRayJson(http, request, stoppedSchema);
      return answer.ok ? ok(answer.value.stopped) : answer;
    },
    async remove(submissionId, signal) {
      const answer = await askRayJson(http, { method: 'DELETE', path: jobPath(submissionId), signal }, deletedSchema);
      return answer.ok ? ok(answer.value.deleted) : answer;
    },
    events: (signal) => list('/api/v0/cluster_events?detail=1', clusterEventSchema, signal),
  };
}

function jobPath(id: string, rest = ''): string {
  return `/api/jobs/${encodeURIComponent(id)}${rest}`;
}

function nodeOf(node: z.output<typeof rayNodeSchema>): RayNode {
  return {
    id: node.node_id,
    address: node.node_ip,
    head: node.is_head_node,
    state: node.state,
    ...(node.state_message == null || node.state_message === '' ? {} : { message: node.state_message }),
    resources: node.resources_total,
    labels: node.labels ?? {},
  };
}
