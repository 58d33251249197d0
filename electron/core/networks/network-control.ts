import { mkdir } from 'node:fs/promises';
import type { NodeFault } from '../../contract/local-network.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import type { Policy } from '../../contract/policy.ts';
import type { NetworkState, TaskView } from '../../contract/views.ts';
import type { Directory } from '../../contract/wire.ts';
import {
  readDirectory,
  startLocalNetwork,
  type LocalNetwork,
  type SpawnNode,
} from '../../networks/local/local-network.ts';
import type { Attestation, AttestationRequest } from '../../services/runs/ports.ts';
import { noJob } from '../evidence/attest-node.ts';
import type { Nodes } from './nodes.ts';
import type { TaskRunner } from '../tasks.ts';

export interface NetworkControlOptions {
  readonly nodes: Nodes;
  readonly tasks: TaskRunner;
  readonly attest: (request: AttestationRequest) => Promise<Result<Attestation>>;
  readonly policy: () => Result<{ readonly policy: Policy; readonly digest: string }>;
  readonly random: (bytes: number) => Uint8Array;
  /** Entry of the local network's process. */
  readonly entry: string;
  readonly folder: string;
  readonly spawnNode?: SpawnNode;
  readonly faults?: ReadonlyMap<string, NodeFault>;
  /** directory.json of a network that someone else runs: it is used and never stopped. */
  readonly external: () => Result<string | undefined>;
  readonly onLog: (line: string) => void;
  /** After a directory was taken over: the policy may need its reference values. */
  readonly onOpen: (directory: Directory) => void;
}

/** Starts, stops and verifies the local network, as tasks. */
export interface NetworkControl {
  /** One start at a time: a second call answers with the task that is under way. Once up, all nodes are asked. */
  start(): TaskView;
  stop(): Promise<Result<NetworkState>>;
  /** Leaves the nodes that are known for those of `external`, or of the local network, once they are up. */
  reopen(): Promise<Result<void>>;
  /** Asks one node or all for fresh evidence, all once at a time; a refusal is a finding, not a failure of the task. */
  verify(node?: string): Result<TaskView>;
  setFault(node: string, fault: NodeFault): Promise<Result<void>>;
  close(): Promise<void>;
}

export function createNetworkControl(options: NetworkControlOptions): NetworkControl {
  const { nodes, tasks } = options;
  let network: LocalNetwork | undefined;
  let starting: TaskView | undefined;
  let surveying: TaskView | undefined;

  const open = async (
    progress: (ready: number, total: number) => void,
    signal: AbortSignal,
  ): Promise<Result<undefined>> => {
    const external = options.external();
    if (!external.ok) return external;
    if (external.value !== undefined) {
      const directory = await readDirectory(external.value);
      if (!directory.ok) return directory;
      nodes.open(directory.value);
      options.onOpen(directory.value);
      return ok(undefined);
    }
    if (network !== undefined) return ok(undefined);
    await mkdir(options.folder, { recursive: true, mode: 0o700 });
    const started = await startLocalNetwork(
      {
        entry: options.entry,
        folder: options.folder,
        ...(options.spawnNode === undefined ? {} : { spawnNode: options.spawnNode }),
        ...(options.faults === undefined ? {} : { faults: options.faults }),
        onLog: options.onLog,
        onEnded: (node) => {
          if (node !== undefined) {
            nodes.ended(node);
            return;
          }
          network = undefined;
          nodes.close('failed', 'The local network ended by itself. Start it again.');
        },
      },
      progress,
      signal,
    );
    if (!started.ok) return started;
    network = started.value;
    nodes.open(started.value.directory);
    options.onOpen(started.value.directory);
    return ok(undefined);
  };

  const verifyOne = async (name: string, signal: AbortSignal): Promise<Result<void>> => {
    const policy = options.policy();
    if (!policy.ok) return policy;
    const directory = nodes.directory();
    if (!directory.ok) return directory;
    const entry = directory.value.nodes.find((node) => node.name === name);
    if (entry === undefined) return err('not_found', `There is no node ${JSON.stringify(name)}.`);
    nodes.checking(name);
    const client = nodes.connect(entry);
    try {
      const answer = await options.attest({
        client,
        node: name,
        sessionId: Buffer.from(options.random(16)).toString('hex'),
        jobId: noJob,
        policy: policy.value.policy,
        policyDigest: policy.value.digest,
        signal,
      });
      if (!answer.ok && answer.error.code === 'cancelled') nodes.unreachable(name, 'cancelled', answer.error.message);
      return answer.ok ? ok(undefined) : answer;
    } finally {
      client.close();
    }
  };

  const verifyAll = (): Result<TaskView> => {
    const directory = nodes.directory();
    if (!directory.ok) return directory;
    const under = tasks.list().find(({ id, state }) => id === surveying?.id && state === 'running');
    if (under !== undefined) return ok(under);
    const names = directory.value.nodes.map(({ name }) => name);
    surveying = tasks.start('verify-nodes', `Verifying ${names.length} nodes`, async ({ signal, progress }) => {
      let done = 0;
      const report = () => progress({ done, total: names.length, unit: 'nodes' });
      report();
      await Promise.all(
        names.map(async (name) => {
          await verifyOne(name, signal);
          done += 1;
          report();
        }),
      );
      return signal.aborted ? err('cancelled', 'Verifying was cancelled.') : ok(undefined);
    });
    return ok(surveying);
  };

  return {
    start() {
      if (starting?.state === 'running') {
        const under = tasks.list().find(({ id }) => id === starting?.id);
        if (under?.state === 'running') return under;
      }
      if (network === undefined) nodes.setState('starting');
      starting = tasks.start(
        'network-start',
        'Starting the local network (SIMULATED)',
        async ({ signal, progress }) => {
          const opened = await open((ready, total) => progress({ done: ready, total, unit: 'nodes' }), signal);
          if (!opened.ok) nodes.setState('failed', opened.error.message);
          // A node that was not asked is unknown; whoever starts a network wants to know which of its nodes hold.
          else verifyAll();
          return opened;
        },
      );
      return starting;
    },
    async stop() {
      const running = network;
      network = undefined;
      await running?.stop();
      nodes.close('stopped');
      return ok(nodes.state());
    },
    async reopen() {
      const running = network;
      network = undefined;
      await running?.stop();
      nodes.setState('starting');
      const opened = await open(() => undefined, new AbortController().signal);
      if (!opened.ok) {
        nodes.close('failed', opened.error.message);
        return opened;
      }
      verifyAll();
      return ok(undefined);
    },
    verify(node) {
      if (node === undefined) return verifyAll();
      const directory = nodes.directory();
      if (!directory.ok) return directory;
      if (!directory.value.nodes.some(({ name }) => name === node)) {
        return err('not_found', `There is no node ${JSON.stringify(node)}.`);
      }
      return ok(
        tasks.start('verify-nodes', `Verifying ${node}`, async ({ signal }) => {
          // One node asked for by name: its failure is the answer. Of many, the rows say how each fared.
          const answer = await verifyOne(node, signal);
          return answer.ok ? ok(undefined) : answer;
        }),
      );
    },
    async setFault(node, fault) {
      return network === undefined
        ? err('unavailable', 'The local network is not running.')
        : network.setFault(node, fault);
    },
    async close() {
      const running = network;
      network = undefined;
      await running?.stop();
      nodes.close('stopped');
    },
  };
}
