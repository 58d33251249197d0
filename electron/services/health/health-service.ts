import type { HealthAlert, HealthSource, NodeHealth } from '../../contract/health.ts';
import { err, ok, type NacreError, type Result } from '../../contract/result.ts';
import type { Series } from '../../contract/views.ts';
import { healthAlerts, sortAlerts, worstOf } from '../../domain/health/alerts.ts';
import type { Sample } from '../../domain/health/exposition.ts';
import { compareIdentity, identityAlerts, type AttestedGpus } from '../../domain/health/identity.ts';
import { readGpus, type Readings } from '../../domain/health/readings.ts';
import { createGpuHistory, type GpuHistory } from './gpu-history.ts';

/** Between two looks at a source: milliseconds. */
const pollMs = 3000;
/** Longest wait between looks at a source that fails. */
const backoffMaximumMs = 60_000;
/** Figures older than this say nothing of now. A Prometheus scrapes once a minute at most, usually. */
const staleMs = { agent: 15_000, exporter: 15_000, prometheus: 90_000 } as const;

/** The source of what a node's own agent serves; always there. */
export const agentSource = 'agent';

/** A source that a person added. */
export interface ConfiguredSource {
  readonly id: string;
  readonly kind: 'exporter' | 'prometheus';
  readonly url: string;
  readonly accepted: HealthSource['accepted'];
  readonly node?: string;
}

/** One answer about one node. */
export interface Scrape {
  readonly node: string;
  readonly samples: readonly Sample[];
  /** Milliseconds; undefined where the source has nothing of the node. */
  readonly takenAt: number | undefined;
}

export interface HealthOptions {
  readonly clock: () => number;
  readonly nodes: () => readonly string[];
  /** Of the last verified evidence; undefined when there is none. */
  readonly attested: (node: string) => AttestedGpus | undefined;
  /** Asks a source once. Errors: those of the network, and `locked` while its secret cannot be read. */
  readonly ask: (source: ConfiguredSource, nodes: readonly string[], signal: AbortSignal) => Promise<Result<Scrape[]>>;
  readonly onChange: (view: NodeHealth) => void;
  readonly pollMs?: number;
}

export interface HealthService {
  /** Takes what a node's own agent answered. */
  record(node: string, answer: Result<readonly Sample[]>): void;
  list(): NodeHealth[];
  /** Errors: `not_found`. */
  get(node: string): Result<NodeHealth>;
  /** Last hours by GPU, downsampled. Errors: `not_found`. */
  series(node: string, names: readonly string[], maximumPoints: number): Result<{ gpu: string; series: Series[] }[]>;
  sources(): HealthSource[];
  /** Takes the place of all sources that were known; those that stay keep their state. */
  setSources(sources: readonly ConfiguredSource[]): void;
  /** Forgets nodes that are no longer there. */
  forget(): void;
  close(): Promise<void>;
}

interface Told {
  readonly readings: Readings;
  readonly before: Readings | undefined;
  readonly takenAt: number;
  readonly history: GpuHistory;
  error: NacreError | undefined;
}

interface Polled {
  readonly source: ConfiguredSource;
  readonly abort: AbortController;
  state: HealthSource['state'];
  lastAt: number | undefined;
  error: NacreError | undefined;
  loop: Promise<void>;
}

/** Health of nodes and GPUs from their agents, from exporters and from Prometheus servers. Kept in memory only. */
export function createHealthService(options: HealthOptions): HealthService {
  const { clock } = options;
  /** By node, then by source. */
  const told = new Map<string, Map<string, Told>>();
  const failures = new Map<string, NacreError>();
  const polled = new Map<string, Polled>();
  const shown = new Map<string, NodeHealth['state']>();

  const kindOf = (id: string) => (id === agentSource ? 'agent' : (polled.get(id)?.source.kind ?? 'exporter'));

  const chosen = (node: string): [string, Told] | undefined => {
    const sources = told.get(node);
    if (sources === undefined) return undefined;
    // What a person added goes before what the agent says of itself.
    return [...sources].find(([id]) => id !== agentSource) ?? [...sources][0];
  };

  const viewOf = (node: string): NodeHealth => {
    const found = chosen(node);
    if (found === undefined) {
      const error = failures.get(node);
      const base = { node, simulated: false, source: agentSource, state: 'never', gpus: [], host: {} } as const;
      const identity = compareIdentity([], options.attested(node));
      return {
        ...base,
        gpus: [],
        ...(error === undefined ? {} : { error: { code: error.code, message: error.message } }),
        alerts: [],
        identity,
        worst: 'none',
      };
    }
    const [source, { readings, before, takenAt, error }] = found;
    const age = clock() - takenAt;
    const state = age > staleMs[kindOf(source)] ? ('stale' as const) : ('fresh' as const);
    const identity = compareIdentity(readings.gpus, options.attested(node));
    const alerts = sortAlerts([
      ...identityAlerts(identity),
      ...healthAlerts(readings, before),
      ...(state === 'stale' ? [staleAlert(age, error)] : []),
      ...(readings.truncated ? [tooManyGpus] : []),
    ]);
    return {
      node,
      simulated: readings.simulated,
      source,
      state,
      scrapedAt: new Date(takenAt).toISOString(),
      ...(error === undefined ? {} : { error: { code: error.code, message: error.message } }),
      gpus: [...readings.gpus],
      host: { ...readings.host },
      alerts,
      identity,
      worst: worstOf(alerts),
    };
  };

  const emit = (node: string) => {
    const view = viewOf(node);
    shown.set(node, view.state);
    options.onChange(view);
  };

  const take = (source: string, { node, samples, takenAt }: Scrape) => {
    if (takenAt === undefined || !options.nodes().includes(node)) return;
    const sources = told.get(node) ?? new Map<string, Told>();
    told.set(node, sources);
    const earlier = sources.get(source);
    const readings = readGpus(samples);
    const history = earlier?.history ?? createGpuHistory();
    // The same scrape again, as a Prometheus gives it, must not hide what grew since the one before.
    const again = earlier !== undefined && earlier.takenAt === takenAt;
    sources.set(source, {
      readings,
      before: again ? earlier.before : earlier?.readings,
      takenAt: Math.min(takenAt, clock()),
      history,
      error: undefined,
    });
    history.push(readings.gpus, takenAt);
    failures.delete(node);
    emit(node);
  };

  const fail = (source: string, node: string, error: NacreError) => {
    const known = told.get(node)?.get(source);
    if (known === undefined) failures.set(node, error);
    else {
      known.error = error;
      known.history.gap(clock());
    }
    emit(node);
  };

  const look = async (entry: Polled): Promise<boolean> => {
    const { source, abort } = entry;
    const nodes = source.node === undefined ? options.nodes() : [source.node];
    const answer = await options.ask(source, nodes, abort.signal);
    if (abort.signal.aborted) return false;
    if (answer.ok) {
      entry.state = 'answering';
      entry.lastAt = clock();
      entry.error = undefined;
      for (const scrape of answer.value) take(source.id, scrape);
      return true;
    }
    entry.state = answer.error.code === 'locked' ? 'locked' : 'failed';
    entry.error = answer.error;
    for (const node of nodes) {
      if (told.get(node)?.has(source.id) === true || source.node === node) fail(source.id, node, answer.error);
    }
    return false;
  };

  const follow = async (entry: Polled) => {
    const every = options.pollMs ?? pollMs;
    let wait = every;
    while (!entry.abort.signal.aborted) {
      wait = (await look(entry)) ? every : Math.min(wait * 2, backoffMaximumMs);
      await pause(wait, entry.abort.signal);
    }
  };

  // Figures grow old although nothing comes: whoever looks must be told.
  const ageing = setInterval(() => {
    for (const node of told.keys()) if (viewOf(node).state !== shown.get(node)) emit(node);
  }, pollMs);
  ageing.unref();

  const drop = (id: string) => {
    polled.get(id)?.abort.abort();
    polled.delete(id);
    for (const [node, sources] of told) {
      if (!sources.delete(id)) continue;
      if (sources.size === 0) told.delete(node);
      emit(node);
    }
  };

  const ended: Promise<void>[] = [];
  return {
    record(node, answer) {
      if (answer.ok) take(agentSource, { node, samples: answer.value, takenAt: clock() });
      else fail(agentSource, node, answer.error);
    },
    list: () => options.nodes().map(viewOf),
    get: (node) => (options.nodes().includes(node) ? ok(viewOf(node)) : noNode(node)),
    series(node, names, maximumPoints) {
      if (!options.nodes().includes(node)) return noNode(node);
      return ok(chosen(node)?.[1].history.draw(names, maximumPoints) ?? []);
    },
    sources: () =>
      [...polled.values()].map(({ source, state, lastAt, error }) => ({
        ...source,
        accepted: [...source.accepted],
        state,
        ...(lastAt === undefined ? {} : { lastAt: new Date(lastAt).toISOString() }),
        ...(error === undefined ? {} : { error: { code: error.code, message: error.message } }),
      })),
    setSources(sources) {
      for (const id of polled.keys()) if (!sources.some((source) => source.id === id)) drop(id);
      for (const source of sources) {
        const known = polled.get(source.id);
        if (known !== undefined && JSON.stringify(known.source) === JSON.stringify(source)) continue;
        if (known !== undefined) drop(source.id);
        const entry: Polled = {
          source,
          abort: new AbortController(),
          state: 'waiting',
          lastAt: undefined,
          error: undefined,
          loop: Promise.resolve(),
        };
        polled.set(source.id, entry);
        entry.loop = follow(entry);
        ended.push(entry.loop);
      }
    },
    forget() {
      const names = options.nodes();
      for (const node of [...told.keys(), ...failures.keys()]) {
        if (names.includes(node)) continue;
        told.delete(node);
        failures.delete(node);
        shown.delete(node);
      }
    },
    async close() {
      clearInterval(ageing);
      for (const { abort } of polled.values()) abort.abort();
      polled.clear();
      await Promise.all(ended);
    },
  };
}

const tooManyGpus: HealthAlert = {
  id: 'scrape.truncated',
  level: 'warning',
  title: 'more GPUs than are looked at',
  detail: 'The exporter names more GPUs than any node has; the rest is left out.',
};

function staleAlert(age: number, error: NacreError | undefined): HealthAlert {
  return {
    id: 'scrape.stale',
    level: 'warning',
    title: `figures are ${Math.round(age / 1000)} s old`,
    detail: `They say nothing of now. ${error?.message ?? 'The source still answers, with old figures.'}`,
  };
}

function noNode(node: string) {
  return err('not_found', `There is no node ${JSON.stringify(node)}.`);
}

/** Resolves early when aborted. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    timer.unref();
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    if (signal.aborted) done();
    else signal.addEventListener('abort', done);
  });
}
