import { resolve } from 'node:path';
import type { HealthSource, HealthTrial, NodeHealth } from '../contract/health.ts';
import { networkDangers } from '../contract/networks.ts';
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
import { startNetwork } from './nodes-command.ts';
import { withCore } from './session.ts';

const usage = `nacre health [--node NAME]
nacre health sources
nacre health test exporter|prometheus URL [--node NAME]
nacre health add exporter URL --node NAME
nacre health add prometheus URL
nacre health ask ID
nacre health remove ID
  each with [--profile DIR] [--passphrase-fd N] [--json]

What exporters tell of nodes and GPUs (DCGM names): errors, heat, throttling, and whether the
GPU that is charted is the GPU that was attested. What was not reported is said, never 0.
An exporter (of DCGM, or a node exporter) tells of one node. A Prometheus tells of every node
whose name it has in the label Hostname, node or instance. test asks once and keeps nothing;
ask asks one that was added without waiting for its turn.

  --user NAME         with a password; without it the secret is a token
  --secret-file FILE  the password or token; kept in the vault
  --accept plain-http the figures and the secret go unencrypted to another machine

Exit code 0 without critical alerts, 1 with one.
`;

/** How long the first look at every node may take: milliseconds. */
const firstLookMs = 10_000;

type Danger = (typeof networkDangers)[number];

export const healthCommand: Command = {
  name: 'health',
  summary: 'GPU errors, heat and throttling, from exporters and Prometheus',
  usage,
  async run(args, io) {
    const own = {
      json: { type: 'boolean' },
      node: { type: 'string' },
      user: { type: 'string' },
      'secret-file': { type: 'string' },
      accept: { type: 'string', multiple: true },
    } as const;
    const parsed = parseOptions(
      'health',
      args,
      { ...profileOptions, ...own },
      { names: ['ACTION', 'KIND or ID', 'URL'], minimum: 0 },
    );
    if (!parsed.ok) return reportError(io, parsed.error);
    const { options, words } = parsed.value;
    const [action = 'show', second, url] = words;
    const json = options.json === true;
    const accept = (options.accept ?? []).filter((name): name is Danger => name === 'plain-http');
    if (accept.length !== (options.accept ?? []).length) {
      return reportError(io, err('invalid_input', '--accept takes plain-http.').error);
    }
    if (action === 'show' && second === undefined) {
      return withCore(io, options, 'unlocked', (core) => show(core, io, options.node, json));
    }
    if (action === 'sources' && second === undefined) {
      return withCore(io, options, 'unlocked', async (core): Promise<Result<number>> => {
        const found = await core.invoke('health.sources', {});
        if (!found.ok) return found;
        if (json) printJson(io, found.value);
        else
          io.out(
            found.value.length === 0 ? 'no source was added; agents tell of themselves\n' : sourcesText(found.value),
          );
        return ok(exitCodes.ok);
      });
    }
    if (
      (action === 'add' || action === 'test') &&
      (second === 'exporter' || second === 'prometheus') &&
      url !== undefined
    ) {
      const kind: Exclude<HealthSource['kind'], 'agent'> = second;
      const file = options['secret-file'];
      const login =
        file === undefined
          ? {}
          : {
              login: {
                secretPath: resolve(io.cwd, file),
                ...(options.user === undefined ? {} : { user: options.user }),
              },
            };
      return withCore(io, options, 'unlocked', async (core): Promise<Result<number>> => {
        const started = await startNetwork(core, io);
        if (!started.ok) return started;
        const node = options.node === undefined ? {} : { node: options.node };
        const source = { kind, url, accept, ...node, ...login };
        if (action === 'test') {
          const tried = await core.invoke('health.testSource', source);
          if (!tried.ok) return tried;
          if (json) printJson(io, tried.value);
          else io.out(trialText(tried.value));
          return ok(exitCodes.ok);
        }
        const added = await core.invoke('health.addSource', source);
        if (!added.ok) return added;
        if (json) printJson(io, added.value);
        else io.out(sourcesText([added.value]));
        return ok(exitCodes.ok);
      });
    }
    if (action === 'ask' && second !== undefined && url === undefined) {
      return withCore(io, options, 'unlocked', async (core): Promise<Result<number>> => {
        const started = await startNetwork(core, io);
        if (!started.ok) return started;
        const asked = await core.invoke('health.askSource', { id: second });
        if (!asked.ok) return asked;
        if (json) printJson(io, asked.value);
        else io.out(sourcesText([asked.value]));
        return ok(asked.value.state === 'answering' ? exitCodes.ok : exitCodes.refused);
      });
    }
    if (action === 'remove' && second !== undefined && url === undefined) {
      return withCore(io, options, 'unlocked', async (core): Promise<Result<number>> => {
        const removed = await core.invoke('health.removeSource', { id: second });
        if (!removed.ok) return removed;
        if (!removed.value) return err('not_found', `There is no source ${JSON.stringify(second)}.`);
        if (json) printJson(io, { removed: second });
        return ok(exitCodes.ok);
      });
    }
    const hint = 'nacre health --help shows what it takes.';
    return reportError(io, err('invalid_input', 'health takes sources, test, add, ask or remove.', { hint }).error);
  },
};

async function show(core: Core, io: CommandIo, node: string | undefined, json: boolean): Promise<Result<number>> {
  const started = await startNetwork(core, io);
  if (!started.ok) return started;
  const until = Date.now() + firstLookMs;
  for (;;) {
    const listed = await core.invoke('health.list', {});
    if (!listed.ok) return listed;
    const shown = listed.value.filter((view) => node === undefined || view.node === node);
    if (node !== undefined && shown.length === 0) return err('not_found', `There is no node ${JSON.stringify(node)}.`);
    const waiting = shown.some(({ state, error }) => state === 'never' && error === undefined);
    if (waiting && Date.now() < until && !io.signal.aborted) {
      await new Promise((wake) => setTimeout(wake, 200));
      continue;
    }
    if (json) printJson(io, shown);
    else io.out(healthText(shown));
    return ok(shown.some(({ worst }) => worst === 'critical') ? exitCodes.refused : exitCodes.ok);
  }
}

function figure(value: number | undefined, unit: string): string {
  return value === undefined ? 'not reported' : `${Math.round(value * 10) / 10} ${unit}`;
}

function healthText(views: readonly NodeHealth[]): string {
  const rows = views.flatMap(({ node, state, gpus, worst }) =>
    gpus.length === 0
      ? [[node, '', state === 'never' ? 'no answer' : state, '', '', '', worst]]
      : gpus.map(({ gpu, fields }) => [
          node,
          printable(gpu),
          state,
          figure(fields['DCGM_FI_DEV_GPU_UTIL'], '%'),
          figure(fields['DCGM_FI_DEV_GPU_TEMP'], '°C'),
          figure(fields['DCGM_FI_DEV_POWER_USAGE'], 'W'),
          worst,
        ]),
  );
  const alerts = views.flatMap(({ node, alerts: own, error }) => [
    ...own.map(({ level, gpu, title, detail }) => {
      const where = gpu === undefined ? node : `${node} GPU ${printable(gpu)}`;
      return `${level.toUpperCase()}  ${where}: ${printable(title)}. ${printable(detail)}\n`;
    }),
    ...(error === undefined ? [] : [`NO ANSWER  ${node}: ${printable(error.message)}\n`]),
  ]);
  const unknown = views.flatMap(({ node, identity }) =>
    identity.some(({ outcome }) => outcome === 'unknown')
      ? [`${node}: not known whether its charted GPUs are the attested ones\n`]
      : [],
  );
  const simulated = views.some((view) => view.simulated) ? 'SIMULATED: these figures were not measured.\n' : '';
  const table = formatTable([['NODE', 'GPU', 'STATE', 'LOAD', 'TEMPERATURE', 'POWER', 'WORST'], ...rows]);
  return `${table}${alerts.join('')}${unknown.join('')}${simulated}`;
}

function trialText({ url, took, nodes }: HealthTrial): string {
  if (nodes.length === 0) return `${printable(url)} answers in ${took} ms and tells of none of the nodes here\n`;
  const rows = nodes.map(({ node, gpus, machine, simulated }) => [
    node,
    String(gpus),
    machine ? 'yes' : 'not reported',
    simulated ? 'SIMULATED' : '',
  ]);
  return `${printable(url)} answers in ${took} ms\n${formatTable([['NODE', 'GPUS', 'MACHINE', ''], ...rows])}`;
}

function sourcesText(sources: readonly HealthSource[]): string {
  const rows = sources.map(({ id, kind, url, node, state, error, accepted }) => [
    id,
    kind,
    printable(url),
    node ?? 'all nodes',
    state,
    printable(error?.message ?? (accepted.length === 0 ? '' : `accepted: ${accepted.join(', ')}`)),
  ]);
  return formatTable([['ID', 'KIND', 'ADDRESS', 'NODE', 'STATE', ''], ...rows]);
}
