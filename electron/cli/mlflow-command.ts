import { resolve } from 'node:path';
import type { FollowedRun } from '../contract/mlflow.ts';
import { err, ok, type Result } from '../contract/result.ts';
import type { Core } from '../core/types.ts';
import {
  exitCodes,
  parseOptions,
  printJson,
  profileOptions,
  reportError,
  type Command,
  type CommandIo,
} from './command.ts';
import { formatTable, printable } from './format.ts';
import { followTask, withCore } from './session.ts';

const usage = `nacre mlflow connect URL [--user NAME] [--secret-file FILE] [--accept plain-http]
nacre mlflow servers
nacre mlflow disconnect SERVER
nacre mlflow runs SERVER [--experiment ID]
nacre mlflow export RUN SERVER [--experiment NAME]
nacre mlflow follow SERVER MLFLOW-RUN
  each with [--profile DIR] [--passphrase-fd N] [--json]

export sends figures, hyperparameters and digests of a run to an MLflow server of yours, and
goes on until the run has ended. What is there already is not sent again: stop it and start
it as you like. No command line, no data and no secret goes along.
follow watches a run of the server, read-only, until it has ended or Ctrl-C.

  --user NAME         with a password; without it the secret is a token
  --secret-file FILE  the password or token; kept in the vault, never in an address
  --accept plain-http the figures and the secret go unencrypted to another machine
`;

/** How often a followed run is looked at here: milliseconds. */
const lookMs = 500;

export const mlflowCommand: Command = {
  name: 'mlflow',
  summary: 'export runs to an MLflow server, and follow runs of one',
  usage,
  async run(args, io) {
    const own = {
      json: { type: 'boolean' },
      user: { type: 'string' },
      'secret-file': { type: 'string' },
      accept: { type: 'string' },
      experiment: { type: 'string' },
    } as const;
    const names = ['ACTION', 'URL, SERVER or RUN', 'SERVER or MLFLOW-RUN'];
    const parsed = parseOptions('mlflow', args, { ...profileOptions, ...own }, { names, minimum: 1 });
    if (!parsed.ok) return reportError(io, parsed.error);
    const { options, words } = parsed.value;
    const [action = '', first, second] = words;
    const act = actionOf(action, first, second, options);
    if (!act.ok) return reportError(io, act.error);
    return withCore(io, options, 'unlocked', (core) => act.value(core, io, options.json === true));
  },
};

type Act = (core: Core, io: CommandIo, json: boolean) => Promise<Result<number>>;

interface Options {
  readonly user?: string | undefined;
  readonly 'secret-file'?: string | undefined;
  readonly accept?: string | undefined;
  readonly experiment?: string | undefined;
}

function actionOf(
  action: string,
  first: string | undefined,
  second: string | undefined,
  options: Options,
): Result<Act> {
  const one = first !== undefined && second === undefined;
  if (action === 'connect' && one) return connect(first, options);
  if (action === 'servers' && first === undefined) return ok(servers);
  if (action === 'disconnect' && one) return ok((core, io, json) => disconnect(core, io, json, first));
  if (action === 'runs' && one) return ok((core, io, json) => runs(core, io, json, first, options.experiment ?? '0'));
  if (first !== undefined && second !== undefined) {
    if (action === 'export')
      return ok((core, io, json) => exportRun(core, io, json, first, second, options.experiment));
    if (action === 'follow') return ok((core, io, json) => follow(core, io, json, first, second));
  }
  const hint = 'nacre mlflow --help shows what it takes.';
  return err('invalid_input', 'mlflow takes connect, servers, disconnect, runs, export or follow.', { hint });
}

function connect(url: string, options: Options): Result<Act> {
  if (options.accept !== undefined && options.accept !== 'plain-http') {
    return err('invalid_input', '--accept takes plain-http.');
  }
  const accept = options.accept === undefined ? [] : (['plain-http'] as const);
  return ok(async (core, io, json) => {
    const file = options['secret-file'];
    const user = options.user === undefined ? {} : { user: options.user };
    const login = file === undefined ? {} : { login: { secretPath: resolve(io.cwd, file), ...user } };
    const made = await core.invoke('mlflow.connect', { url, accept: [...accept], ...login });
    if (!made.ok) return made;
    if (json) printJson(io, made.value);
    else io.out(`${made.value.id}  ${printable(made.value.url)}\n`);
    return ok(exitCodes.ok);
  });
}

async function servers(core: Core, io: CommandIo, json: boolean): Promise<Result<number>> {
  const found = await core.invoke('mlflow.servers', {});
  if (!found.ok) return found;
  if (json) printJson(io, found.value);
  else if (found.value.length === 0) io.out('no MLflow server was added\n');
  else io.out(formatTable(found.value.map(({ id, url, accepted }) => [id, printable(url), accepted.join(' ')])));
  return ok(exitCodes.ok);
}

async function disconnect(core: Core, io: CommandIo, json: boolean, id: string): Promise<Result<number>> {
  const removed = await core.invoke('mlflow.disconnect', { id });
  if (!removed.ok) return removed;
  if (!removed.value) return err('not_found', `There is no server ${JSON.stringify(id)}.`);
  if (json) printJson(io, { removed: id });
  return ok(exitCodes.ok);
}

async function runs(
  core: Core,
  io: CommandIo,
  json: boolean,
  server: string,
  experimentId: string,
): Promise<Result<number>> {
  const found = await core.invoke('mlflow.runs', { server, experimentId });
  if (!found.ok) return found;
  if (json) printJson(io, found.value);
  else {
    const rows = found.value.runs.map(({ runId, name, status, startedAt }) => [
      runId,
      printable(name),
      status,
      startedAt ?? '',
    ]);
    io.out(formatTable([['RUN', 'NAME', 'STATUS', 'STARTED'], ...rows]));
  }
  return ok(exitCodes.ok);
}

async function exportRun(
  core: Core,
  io: CommandIo,
  json: boolean,
  runId: string,
  server: string,
  experiment: string | undefined,
): Promise<Result<number>> {
  const named = experiment === undefined ? {} : { experiment };
  const task = await core.invoke('mlflow.export', { runId, server, ...named });
  if (!task.ok) return task;
  const done = await followTask(core, io, task.value);
  if (!done.ok) return done;
  const exports = await core.invoke('mlflow.exports', { runId });
  if (!exports.ok) return exports;
  const made = exports.value.find(({ serverId }) => serverId === server);
  if (json) printJson(io, made ?? null);
  else if (made !== undefined)
    io.out(`${made.mlflowRunId}  ${made.points} figures in experiment ${printable(made.experiment)}\n`);
  return ok(exitCodes.ok);
}

async function follow(
  core: Core,
  io: CommandIo,
  json: boolean,
  server: string,
  mlflowRunId: string,
): Promise<Result<number>> {
  const begun = await core.invoke('mlflow.follow', { server, mlflowRunId });
  if (!begun.ok && begun.error.code !== 'already_exists') return begun;
  let told = '';
  for (;;) {
    const listed = await core.invoke('mlflow.followed', {});
    if (!listed.ok) return listed;
    const view = listed.value.find((each) => each.serverId === server && each.mlflowRunId === mlflowRunId);
    if (view === undefined) return err('not_found', 'The run is no longer followed.');
    const line = followLine(view);
    if (!json && line !== told) io.out(line);
    told = line;
    if (view.state === 'ended' || io.signal.aborted) {
      if (json) printJson(io, view);
      return ok(exitCodes.ok);
    }
    await new Promise((wake) => setTimeout(wake, lookMs));
  }
}

function followLine({ name, status, state, points, metrics, error }: FollowedRun): string {
  const problem = error === undefined ? '' : `: ${printable(error.message)}`;
  return `${printable(name)}  ${status ?? ''}  ${state}${problem}  ${points} figures of ${metrics.length} metrics\n`;
}
