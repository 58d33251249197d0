import type { HealthSource, NodeHealth } from '../../contract/health.ts';
import { err, ok, type NacreError, type Result } from '../../contract/result.ts';
import type { Series } from '../../contract/views.ts';
import type { Sample } from '../../domain/health/exposition.ts';
import type { AttestedGpus } from '../../domain/health/identity.ts';
import { readGpus } from '../../domain/health/readings.ts';
import { createGpuHistory } from './gpu-history.ts';
import { agentSource, chooseSpeakers, nodeView, type Speaker, type Told } from './node-view.ts';

/** Between two looks at a source: milliseconds. */
const pollMs = 3000;
/** Longest wait between looks at a source that fails. */
const backoffMaximumMs = 60_000;
/** Figures older than this say nothing of now. A Prometheus scrapes once a minute at most, usually. */
const staleMs = { agent: 15_000, exporter: 15_000, prometheus: 90_000 } as const;

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
  /** The answer said so of itself, beside what labels say. */
  readonly simulated?: boolean;
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
  /** Asks a source now, whatever its wait. Errors: `not_found`; that it failed stands in what is returned. */
  askNow(id: string): Promise<Result<HealthSource>>;
  /** Takes the place of all sources that were known; those that stay keep their state. */
  setSources(sources: readonly ConfiguredSource[]): void;
  /** Forgets nodes that are no longer there. */
  forget(): void;
  close(): Promise<void>;
}

interface Polled {
  readonly source: ConfiguredSource;
  readonly abort: AbortController;
  state: HealthSource['state'];
  lastAt: number | undefined;
  error: NacreError | undefined;
  loop: Promise<void>;
  /** Ends the wait before the next look. */
  wake: () => void;
}

/** Health of nodes and GPUs from their agents, from exporters and from Prometheus servers. Kept in memory only. */
export function createHealthService(options: HealthOptions): HealthService {
  const { clock } = options;
  /** By node, then by source. */
  const told = new Map<string, Map<string, Told>>();
  const failures = new Map<string, NacreError>();
  const polled = new Map<string, Polled>();
  const shown = new Map<string, string>();

  const kindOf = (id: string) => (id === agentSource ? 'agent' : (polled.get(id)?.source.kind ?? 'exporter'));

  const speakersOf = (node: string) =>
    chooseSpeakers(
      [...(told.get(node) ?? [])].map(([source, entry]): Speaker => ({
        source,
        told: entry,
        fresh: clock() - entry.takenAt <= staleMs[kindOf(source)],
      })),
    );

  const viewOf = (node: string): NodeHealth =>
    nodeView(node, speakersOf(node), failures.get(node), options.attested(node));

  const emit = (node: string) => {
    const view = viewOf(node);
    shown.set(node, agesOf(view));
    options.onChange(view);
  };

  const take = (source: string, { node, samples, takenAt, simulated = false }: Scrape) => {
    if (takenAt === undefined || !options.nodes().includes(node)) return;
    const sources = told.get(node) ?? new Map<string, Told>();
    told.set(node, sources);
    const earlier = sources.get(source);
    const read = readGpus(samples);
    const readings = { ...read, simulated: read.simulated || simulated };
    const history = earlier?.history ?? createGpuHistory();
    // The same scrape again, as a Prometheus gives it, must not hide what grew since the one before.
    const again = earlier !== undefined && earlier.takenAt === takenAt;
    sources.set(source, {
      readings,
      before: again ? earlier.before : earlier?.readings,
      takenAt: Math.min(takenAt, clock()),
      history,
      tells: {
        gpus: earlier?.tells.gpus === true || readings.gpus.length > 0,
        host: earlier?.tells.host === true || Object.keys(readings.host).length > 0,
      },
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
      await pause(wait, entry.abort.signal, (wake) => (entry.wake = wake));
    }
  };

  // Figures grow old although nothing comes: whoever looks must be told.
  const ageing = setInterval(() => {
    for (const node of told.keys()) if (agesOf(viewOf(node)) !== shown.get(node)) emit(node);
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
      return ok(speakersOf(node).gpus?.told.history.draw(names, maximumPoints) ?? []);
    },
    sources: () => [...polled.values()].map(sourceView),
    async askNow(id) {
      const entry = polled.get(id);
      if (entry === undefined) return err('not_found', `There is no source ${JSON.stringify(id)}.`);
      // One that answers again is from now on asked at the usual pace.
      if (await look(entry)) entry.wake();
      return ok(sourceView(entry));
    },
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
          wake: () => undefined,
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

function sourceView({ source, state, lastAt, error }: Polled): HealthSource {
  return {
    ...source,
    accepted: [...source.accepted],
    state,
    ...(lastAt === undefined ? {} : { lastAt: new Date(lastAt).toISOString() }),
    ...(error === undefined ? {} : { error: { code: error.code, message: error.message } }),
  };
}

/** Which of a node's figures are old. */
function agesOf({ state, hostFrom }: NodeHealth): string {
  return `${state} ${hostFrom?.state ?? ''}`;
}

function noNode(node: string) {
  return err('not_found', `There is no node ${JSON.stringify(node)}.`);
}

/** Resolves early when aborted or woken. */
function pause(milliseconds: number, signal: AbortSignal, onWake: (wake: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    timer.unref();
    onWake(done);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    if (signal.aborted) done();
    else signal.addEventListener('abort', done);
  });
}
