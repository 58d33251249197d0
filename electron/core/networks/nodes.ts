import type { Verification } from '../../contract/evidence.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import type { NetworkState, NodeView } from '../../contract/views.ts';
import type { Directory, DirectoryNode } from '../../contract/wire.ts';
import { createAgentClient, type AgentClient } from '../../networks/agent-client/agent-client.ts';
import type { TransportTimeouts } from '../../networks/agent-client/transport.ts';
import type { Sample } from '../../domain/health/exposition.ts';
import { meanFields, readGpus } from '../../domain/health/readings.ts';
import { readExposition } from '../../networks/metrics/metrics-client.ts';

/** How often idle nodes are asked for their figures: milliseconds. */
const pollMs = 3000;

export interface NodesOptions {
  readonly clock: () => number;
  readonly timeouts?: TransportTimeouts;
  /** Between the core and each node's client: tests record there what is sent. */
  readonly wrapClient?: (client: AgentClient) => AgentClient;
  readonly onNode: (view: NodeView) => void;
  readonly onNetwork: () => void;
  /** Told of each look at an agent's metrics. */
  readonly onMetrics: (node: string, answer: Result<readonly Sample[]>) => void;
  /** Ids of runs that a node works for now. */
  readonly runsOn: (node: string) => readonly string[];
}

/** The nodes of the local network as this desk knows them. What they claim is shown; only evidence changes trust. */
export interface Nodes {
  /** Takes over a directory; forgets what was known of another one. */
  open(directory: Directory): void;
  /** Forgets all nodes: the network is gone. */
  close(state: 'stopped' | 'failed', message?: string): void;
  setState(state: NetworkState['state'], message?: string): void;
  state(): NetworkState;
  list(): NodeView[];
  view(name: string): Result<NodeView>;
  directory(): Result<Directory>;
  /** Errors: `not_found` naming the node, `unavailable` when there is no network. */
  candidates(names: readonly string[]): Result<DirectoryNode[]>;
  connect(node: { readonly name: string; readonly url: string }, tlsSpkiSha256?: string): AgentClient;
  checking(name: string): void;
  /** Writes a verdict into the node's row. */
  verified(name: string, verification: Verification): void;
  /** No evidence could be had: trust is unknown, never what it was before. */
  unreachable(name: string, reason: string, detail: string): void;
  telemetry(name: string, fields: Readonly<Record<string, number>>, at: string): void;
  ended(name: string): void;
  /** Emits a node again, after its runs changed. */
  refresh(name: string): void;
}

interface Known {
  readonly entry: DirectoryNode;
  view: Omit<NodeView, 'runIds'>;
  readonly client: AgentClient;
}

export function createNodes(options: NodesOptions): Nodes {
  const known = new Map<string, Known>();
  let directory: Directory | undefined;
  let network: { state: NetworkState['state']; message?: string } = { state: 'stopped' };
  let timer: NodeJS.Timeout | undefined;
  let polling = false;

  const viewOf = ({ view }: Known): NodeView => ({ ...view, runIds: [...options.runsOn(view.name)] });
  const change = (name: string, patch: (view: Known['view']) => Known['view']) => {
    const node = known.get(name);
    if (node === undefined) return;
    node.view = patch(node.view);
    options.onNode(viewOf(node));
  };

  const poll = async () => {
    if (polling) return;
    polling = true;
    const nodes = [...known.values()];
    await Promise.all(
      nodes.map(async ({ entry, client }) => {
        const text = await client.metrics(AbortSignal.timeout(pollMs));
        if (!known.has(entry.name)) return;
        const found = text.ok ? readExposition(text.value, `Node ${entry.name}`) : text;
        const samples = found.ok ? ok(found.value.samples) : found;
        const fields = samples.ok ? meanFields(readGpus(samples.value).gpus) : undefined;
        options.onMetrics(entry.name, samples);
        change(entry.name, (view) => ({
          ...view,
          reachable: text.ok ? 'yes' : 'no',
          ...(fields === undefined ? {} : { telemetry: fields, telemetryAt: new Date(options.clock()).toISOString() }),
        }));
      }),
    );
    polling = false;
  };

  const forget = () => {
    clearInterval(timer);
    timer = undefined;
    for (const { client } of known.values()) client.close();
    known.clear();
    directory = undefined;
  };

  const nodes: Nodes = {
    open(next) {
      forget();
      directory = next;
      for (const entry of next.nodes) {
        const client = nodes.connect(entry);
        known.set(entry.name, { entry, client, view: { ...initialView(entry) } });
      }
      network = { state: 'running' };
      timer = setInterval(() => void poll(), pollMs);
      timer.unref();
      void poll();
      for (const node of known.values()) options.onNode(viewOf(node));
      options.onNetwork();
    },
    close(state, message) {
      forget();
      nodes.setState(state, message);
    },
    setState(state, message) {
      network = { state, ...(message === undefined ? {} : { message }) };
      options.onNetwork();
    },
    state() {
      const views = [...known.values()].map(({ view }) => view);
      const count = (test: (view: Known['view']) => boolean) => views.filter(test).length;
      return {
        name: 'local',
        simulated: true,
        ...network,
        nodes: views.length,
        ready: count(({ reachable }) => reachable === 'yes'),
        verified: count(({ trust }) => trust === 'verified'),
        refused: count(({ trust }) => trust === 'refused'),
      };
    },
    list: () => [...known.values()].map(viewOf),
    view(name) {
      const node = known.get(name);
      return node === undefined ? err('not_found', `There is no node ${JSON.stringify(name)}.`) : ok(viewOf(node));
    },
    directory() {
      return directory === undefined ? noNetwork() : ok(directory);
    },
    candidates(names) {
      if (directory === undefined) return noNetwork();
      const chosen: DirectoryNode[] = [];
      for (const [i, name] of names.entries()) {
        const node = known.get(name);
        if (node === undefined) return err('not_found', `nodes.${i}: there is no node ${JSON.stringify(name)}.`);
        chosen.push(node.entry);
      }
      if (names.length > 0) return ok(chosen);
      const byPrice = [...known.values()].sort((a, b) => a.entry.usdPerHour - b.entry.usdPerHour);
      const verified = byPrice.filter(({ view }) => view.trust === 'verified');
      const possible = verified.length > 0 ? verified : byPrice.filter(({ view }) => view.trust !== 'refused');
      if (possible.length === 0) {
        return err('unavailable', 'Every node of the network was refused; there is none to run this job on.', {
          hint: 'Open the evidence of the nodes to see why.',
        });
      }
      return ok(possible.map(({ entry }) => entry));
    },
    connect(node, tlsSpkiSha256) {
      const client = createAgentClient({
        node: node.name,
        url: node.url,
        ...(tlsSpkiSha256 === undefined ? {} : { tlsSpkiSha256 }),
        ...(options.timeouts === undefined ? {} : { timeouts: options.timeouts }),
      });
      return options.wrapClient?.(client) ?? client;
    },
    checking: (name) => change(name, (view) => ({ ...view, trust: 'checking' })),
    verified(name, verification) {
      change(name, (view) => {
        const { reason: _reason, reasonDetail: _detail, ...rest } = view;
        const checks = [...verification.submodules.flatMap((part) => part.checks), ...verification.binding];
        return {
          ...rest,
          reachable: 'yes',
          trust: trustOf[verification.status],
          verifiedAt: verification.verifiedAt,
          checks: { passed: checks.filter(({ outcome }) => outcome === 'pass').length, total: checks.length },
          ...(verification.reason === undefined ? {} : { reason: verification.reason }),
          ...(verification.reasonDetail === undefined ? {} : { reasonDetail: verification.reasonDetail }),
        };
      });
      options.onNetwork();
    },
    unreachable(name, reason, reasonDetail) {
      change(name, ({ checks: _checks, verifiedAt: _at, ...view }) => ({
        ...view,
        reachable: 'no',
        trust: 'unknown',
        reason,
        reasonDetail,
      }));
      options.onNetwork();
    },
    telemetry: (name, fields, at) =>
      change(name, (view) => ({ ...view, reachable: 'yes', telemetry: { ...fields }, telemetryAt: at })),
    ended: (name) =>
      change(name, (view) => ({
        ...view,
        reachable: 'no',
        trust: 'unknown',
        reason: 'agent-ended',
        reasonDetail: 'Its agent has ended.',
      })),
    refresh: (name) => change(name, (view) => view),
  };
  return nodes;
}

const trustOf = { affirming: 'verified', warning: 'warning', contraindicated: 'refused', none: 'refused' } as const;

function initialView(entry: DirectoryNode): Known['view'] {
  const { mode: _mode, ...shown } = entry;
  return { ...shown, network: 'local', reachable: 'unknown', trust: 'unknown' };
}

function noNetwork() {
  return err('unavailable', 'The local network is not running.', { hint: 'Start it on the Nodes screen.' });
}
