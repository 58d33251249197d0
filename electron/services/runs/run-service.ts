import { createHash } from 'node:crypto';
import { err, ok, type NacreError, type Result } from '../../contract/result.ts';
import type { JobDraft } from '../../contract/job.ts';
import type { RunEvent, RunView } from '../../contract/views.ts';
import type { DirectoryNode } from '../../contract/wire.ts';
import { decodeBase64 } from '../../domain/encoding/base64.ts';
import { buildOrder, checkDraft } from '../../domain/job/order.ts';
import { totalSteps } from '../../domain/job/steps.ts';
import type { NodeClient, RunPorts } from './ports.ts';
import { signOrder, takeOrder, type SignedOrder } from './release-key.ts';
import { isBetween, isFinal, isWaiting, isWithNode, sessionsOf, type RunRecord, type Session } from './run-record.ts';
import { failureClassOf } from '../../domain/job/attempts.ts';
import { issueFailureReceipts } from './failure-receipt.ts';
import { newAttempt, nodeAtFault, openAttempt, runAttempts, type AttemptSteps, type Start } from './run-attempts.ts';
import { bringToNodes } from './run-driver.ts';
import { updateCost } from './run-follow.ts';
import { sleep } from './retry.ts';
import { countersign, takeReceipts } from './run-receipt.ts';
import { followRun } from './run-workers.ts';
import { createRunState, type RunState } from './run-state.ts';
import { createSealedFiles } from './sealed-files.ts';
import { watchCluster } from './watch-cluster.ts';

/** Where runs and their events are kept; see services/store. */
export interface RunStore {
  put(record: RunRecord): Result<void>;
  get(id: string): Result<RunRecord | undefined>;
  /** Newest first. */
  list(): Result<readonly RunRecord[]>;
  addEvent(runId: string, number: number, event: RunEvent): Result<void>;
  events(runId: string): Result<readonly RunEvent[]>;
}

export interface RunServiceOptions {
  readonly ports: RunPorts;
  readonly store: RunStore;
  readonly onChange: (view: RunView) => void;
  readonly onEvent: (runId: string, event: RunEvent) => void;
  /** Bugs and store errors, for the log on disk. */
  readonly onTrouble: (runId: string, problem: unknown) => void;
}

export interface RunService {
  /**
   * Signs an order and sets it going. Resolves when the order is signed and stored; the run is followed by its events.
   * Errors: `invalid_input` with the place, `not_found`, `unavailable` (no node), `locked`, those of the disk.
   */
  launch(draft: JobDraft): Result<{ runId: string; jobId: string }>;
  /**
   * Takes up a run that was waiting for approval when the core was closed: verifies a node afresh and asks for the same
   * release. Errors: `wrong_state`, `not_found`, `unavailable` (no network), `locked`, `integrity`.
   */
  resume(id: string): Result<RunView>;
  list(): Result<RunView[]>;
  get(id: string): Result<RunView>;
  record(id: string): Result<RunRecord>;
  events(id: string): Result<RunEvent[]>;
  /** Before release the run ends at once; afterwards the node is told and the run ends when it says so. */
  stop(id: string): Promise<Result<RunView>>;
  /** Resolves when a run has ended; at once when it has already. */
  ended(id: string): Promise<Result<RunView>>;
  /** Takes up what a closed core left: follows runs that are with a node, ends those that were not there yet. */
  recover(): Result<void>;
  /** Signs what waited for the vault. */
  onUnlock(): void;
  /** Whether there is or was any run. */
  any(): boolean;
  /** Runs that a node works on now. */
  active(): readonly RunView[];
  close(): Promise<void>;
}

/** How long a scheduler may take to see what the nodes have signed: milliseconds. */
const schedulerMs = 8000;

interface Live {
  readonly state: RunState;
  readonly abort: AbortController;
  readonly done: Promise<void>;
  /** Connections to the nodes that work, by rank; empty while none does. */
  clients: readonly NodeClient[];
  closing: boolean;
}

export function createRunService(options: RunServiceOptions): RunService {
  const { ports, store } = options;
  const live = new Map<string, Live>();
  let some = false;

  const stateOf = (record: RunRecord): RunState => {
    const runId = record.view.id;
    const known = store.events(runId);
    let number = known.ok ? known.value.length : 0;
    return createRunState({
      record,
      clock: ports.clock,
      save: store.put,
      saveEvent: (event) => store.addEvent(runId, number++, event),
      onChange: options.onChange,
      onEvent: (event) => options.onEvent(runId, event),
      onStoreError: (error) => options.onTrouble(runId, error),
    });
  };

  /** Runs `work` as the one driver of a run; whatever it throws or answers ends in a named state. */
  const drive = (state: RunState, start: Start): void => {
    const runId = state.record.view.id;
    const abort = new AbortController();
    const { promise, resolve } = Promise.withResolvers<void>();
    const entry: Live = { state, abort, done: promise, clients: [], closing: false };
    live.set(runId, entry);
    const finish = (error: NacreError | undefined) => {
      // A core that closes leaves the run as it stands: the next one takes it up.
      if (!entry.closing && !isFinal(state.record.view.state)) {
        if (error === undefined) state.step('succeeded');
        else state.fail(error);
        logEnd(state, ports, options.onTrouble);
      }
      state.flush();
      for (const client of entry.clients) client.close();
      live.delete(runId);
      ports.telemetry.release(runId);
      resolve();
    };
    runAttempts(state, start, stepsOf(entry), ports, abort.signal).then(
      (answer) => finish(answer.ok ? undefined : answer.error),
      (error: unknown) => {
        options.onTrouble(runId, error);
        finish(err('internal', 'The run ended by a bug in Nacre; the log of the profile has the details.').error);
      },
    );
  };

  /** From a job that is on its nodes to its end. */
  const withNodes = async (entry: Live, clients: readonly NodeClient[]): Promise<Result<void>> => {
    const { state, abort } = entry;
    const [leader] = clients;
    if (leader === undefined) throw new Error('a run that is followed has a node');
    entry.clients = clients;
    const { signal } = abort;
    const fetching = new AbortController();
    const files = createSealedFiles(state, leader, ports, AbortSignal.any([signal, fetching.signal]));
    const watching = new AbortController();
    const cluster = watchCluster(state, ports, AbortSignal.any([signal, watching.signal]));
    const followed = await followRun(state, clients, ports, files, signal);
    const endedAt = ports.clock();
    updateCost(state, endedAt);
    if (!followed.ok || followed.value.end !== 'succeeded') watching.abort();
    if (!followed.ok) {
      if (entry.closing) return followed;
      // A dead node cannot be asked: what it has not sent by now does not come.
      if (isNodeLost(followed.error) && nodeAtFault(state.record, followed.error) === leader.node) fetching.abort();
      await cluster;
      return settled(followed, await files.settle());
    }
    const { end, message } = followed.value;
    if (end === 'stopped') {
      await Promise.all([files.settle(), cluster]);
      return err('cancelled', message ?? 'The run was stopped on request.');
    }
    if (end === 'failed') {
      await Promise.all([files.settle(), cluster]);
      return err('unavailable', `The job failed on the node: ${message ?? 'no reason was given'}`, {
        hint: 'The log of the run has its last lines. Data, keys and checkpoints are kept.',
        details: { failureClass: 'job-failed' },
      });
    }
    if (state.record.view.state === 'running') state.step('collecting');
    const here = await files.settle();
    if (here.ok && state.record.view.modelSha256 === undefined) {
      watching.abort();
      return err('integrity', 'The node says that the job succeeded, but its signed telemetry announced no model.');
    }
    const taken = here.ok ? await takeReceipts(state, clients, ports, endedAt, signal) : here;
    // The scheduler is a moment behind the nodes.
    await Promise.race([cluster, sleep(schedulerMs, signal)]);
    watching.abort();
    await cluster;
    return taken;
  };

  /** What an attempt of this run is made of. */
  const stepsOf = (entry: Live): AttemptSteps => {
    const { state, abort } = entry;
    const follow = async (clients: readonly NodeClient[]) => {
      const ended = await withNodes(entry, clients);
      entry.clients = [];
      if (!entry.closing) for (const client of clients) client.close();
      return ended;
    };
    return {
      follow,
      async bring(order, candidates) {
        const brought = await bringToNodes(state, order, candidates, ports, abort.signal);
        if (!brought.ok) return brought;
        takenByNode(state);
        return follow(brought.value);
      },
      tellToStop: (except) => tellToStop(state.record, ports, except),
      closing: () => entry.closing,
    };
  };

  const takenByNode = (state: RunState): void => {
    const { view } = state.record;
    state.step('running');
    state.change(() => {
      openAttempt(state.record).from = new Date(ports.clock()).toISOString();
    }, true);
    const started = ports.audit('run-started', view.id, { jobId: view.jobId }, view.simulated);
    // The key is out and its release is logged; the run goes on, and the log on disk tells of the missing entry.
    if (!started.ok) options.onTrouble(view.id, started.error);
  };

  const launch = (draft: JobDraft): Result<{ runId: string; jobId: string }> => {
    const prepared = prepare(draft, ports);
    if (!prepared.ok) return prepared;
    const { record, order, candidates } = prepared.value;
    const logged = ports.audit('order-signed', record.view.id, { jobId: record.view.jobId }, record.view.simulated);
    if (!logged.ok) return logged;
    const stored = store.put(record);
    if (!stored.ok) return stored;
    some = true;
    const state = stateOf(record);
    state.event({ kind: 'state', message: 'The order is signed.', digest: record.view.jobId });
    options.onChange(record.view);
    drive(state, { kind: 'order', order, candidates });
    return ok({ runId: record.view.id, jobId: record.view.jobId });
  };

  /** Ends a run that waits for custodians and is followed by nobody. */
  const endWaiting = (old: RunRecord): Result<RunView> => {
    const { approval } = old.view;
    const state = stateOf(old);
    state.change(({ view }) => delete view.approval);
    state.fail(err('cancelled', 'The run was stopped while it waited for approval; no key was released.').error);
    logEnd(state, ports, options.onTrouble);
    state.flush();
    const withdrawn = approval === undefined ? ok(undefined) : ports.approvals.withdraw(approval.requestId);
    return withdrawn.ok ? ok(old.view) : withdrawn;
  };

  const record = (id: string): Result<RunRecord> => {
    const running = live.get(id);
    if (running !== undefined) return ok(running.state.record);
    const found = store.get(id);
    if (!found.ok) return found;
    return found.value === undefined ? err('not_found', `There is no run ${id}.`) : ok(found.value);
  };
  const get = (id: string): Result<RunView> => {
    const found = record(id);
    return found.ok ? ok(found.value.view) : found;
  };

  return {
    launch,
    record,
    get,
    resume(id) {
      const old = record(id);
      if (!old.ok) return old;
      if (live.has(id)) return ok(old.value.view);
      if (!isWaiting(old.value)) return err('wrong_state', `Run ${id} does not wait for approval.`);
      const order = takeOrder(old.value.order, old.value.orderEnvelope, ports);
      if (!order.ok) return order;
      const candidates = ports.nodes.candidates(old.value.order.nodes);
      if (!candidates.ok) return candidates;
      const state = stateOf(old.value);
      state.event({ kind: 'state', message: 'Nacre is back and takes up the run.' });
      drive(state, { kind: 'order', order: order.value, candidates: candidates.value });
      return ok(old.value.view);
    },
    list() {
      const found = store.list();
      return found.ok ? ok(found.value.map(({ view }) => live.get(view.id)?.state.record.view ?? view)) : found;
    },
    events(id) {
      const found = record(id);
      if (!found.ok) return found;
      const events = store.events(id);
      return events.ok ? ok([...events.value]) : events;
    },
    async stop(id) {
      const entry = live.get(id);
      if (entry === undefined) {
        const found = record(id);
        if (!found.ok) return found;
        if (isWaiting(found.value)) return endWaiting(found.value);
        return err('wrong_state', `Run ${id} has ended already (${found.value.view.state}).`);
      }
      const { clients, state } = entry;
      if (clients.length === 0) {
        const { approval } = state.record.view;
        entry.abort.abort();
        await entry.done;
        if (approval !== undefined) {
          state.change(({ view }) => delete view.approval, true);
          const withdrawn = ports.approvals.withdraw(approval.requestId);
          if (!withdrawn.ok) return withdrawn;
        }
        return ok(state.record.view);
      }
      const told = await tellToStop(state.record, ports);
      if (!told.ok) return told;
      await entry.done;
      return ok(state.record.view);
    },
    async ended(id) {
      await live.get(id)?.done;
      return get(id);
    },
    recover() {
      const found = store.list();
      if (!found.ok) return found;
      for (const old of found.value) {
        if (isFinal(old.view.state) || live.has(old.view.id) || isWaiting(old)) continue;
        const state = stateOf(old);
        const { session } = old;
        if (isBetween(old)) {
          if (old.view.state !== 'preparing') state.step('preparing');
          state.event({ kind: 'state', message: 'Nacre is back and looks for another node.' });
          drive(state, { kind: 'between' });
          continue;
        }
        if (session === undefined) {
          state.fail(
            err('unavailable', 'Nacre was closed before the node had confirmed the key, so this run did not start.', {
              hint: 'Launch it again; the sealed dataset is kept.',
            }).error,
          );
          logEnd(state, ports, options.onTrouble);
          continue;
        }
        state.event({ kind: 'state', node: session.node, message: 'Nacre is back and takes up the run.' });
        // The release was logged and may have arrived: the node says, and no second key goes out for this order.
        if (old.view.state === 'releasing') takenByNode(state);
        drive(state, { kind: 'session', clients: sessionsOf(old).map((one) => toSession(one, ports)) });
      }
      return ok(undefined);
    },
    onUnlock() {
      const found = store.list();
      if (!found.ok) {
        options.onTrouble('all', found.error);
        return;
      }
      for (const old of found.value) {
        if (!isFinal(old.view.state)) continue;
        const state = stateOf(old);
        const signed = old.receiptEnvelope === undefined ? ok(undefined) : countersign(state, ports);
        if (!signed.ok) options.onTrouble(old.view.id, signed.error);
        const issued = issueFailureReceipts(state, ports);
        if (!issued.ok) options.onTrouble(old.view.id, issued.error);
      }
    },
    any() {
      if (some) return true;
      const found = store.list();
      some = found.ok && found.value.length > 0;
      return some;
    },
    active: () => [...live.values()].map(({ state }) => state.record.view).filter(({ state }) => isWithNode(state)),
    async close() {
      const entries = [...live.values()];
      for (const entry of entries) {
        const { record } = entry.state;
        entry.closing = isWithNode(record.view.state) || isWaiting(record) || isBetween(record);
        entry.abort.abort();
      }
      await Promise.all(entries.map(({ done }) => done));
    },
  };
}

interface Prepared {
  readonly record: RunRecord;
  readonly order: SignedOrder;
  readonly candidates: readonly DirectoryNode[];
}

/** All that can be refused before anything is stored. */
function prepare(draft: JobDraft, ports: RunPorts): Result<Prepared> {
  const dataset = ports.datasets.forOrder(draft.datasetId);
  if (!dataset.ok) return dataset;
  const checked = checkDraft(draft, dataset.value);
  if (!checked.ok) return checked;
  const policy = ports.policies.get(draft.policyId);
  if (!policy.ok) return policy;
  const candidates = ports.nodes.candidates(draft.nodes);
  if (!candidates.ok) return candidates;
  const { network } = draft;
  const driver = network === undefined ? undefined : ports.clusters.driverSha256(network);
  if (driver?.ok === false) return driver;
  const ownerKey = ports.signing.ownerKey();
  if (!ownerKey.ok) return ownerKey;
  const recipients = ports.signing.outputRecipients();
  if (!recipients.ok) return recipients;
  // A draft may name the policy by an alias; the order names the policy itself.
  const order = buildOrder(
    { ...draft, policyId: policy.value.policy.id },
    {
      dataset: dataset.value,
      policyDigest: policy.value.digest,
      nodes: candidates.value.map(({ name }) => name),
      outputRecipients: recipients.value,
      ownerKey: Buffer.from(ownerKey.value).toString('base64'),
      now: ports.clock(),
      ...(network === undefined || driver === undefined ? {} : { scheduler: { network, driverSha256: driver.value } }),
    },
  );
  if (!order.ok) return order;
  const signed = signOrder(order.value, ports.signing.signOrder);
  if (!signed.ok) return signed;
  const manifest = ports.datasets.manifest(draft.datasetId);
  if (!manifest.ok) return manifest;
  const steps = totalSteps(draft.program, dataset.value.rows);
  const record: RunRecord = {
    version: 1,
    view: {
      id: newRunId(ports),
      name: draft.name,
      state: 'preparing',
      simulated: candidates.value.some(({ simulated }) => simulated),
      jobId: order.value.jobId,
      datasetId: draft.datasetId,
      datasetName: dataset.value.name,
      draft,
      createdAt: order.value.createdAt,
      nodes: [],
      attempts: [newAttempt(order.value, Math.max(...candidates.value.map(({ usdPerHour }) => usdPerHour)))],
      ...(steps === undefined ? {} : { progress: { done: 0, total: steps, unit: 'steps' as const } }),
      lastStep: 0,
      lastMetrics: {},
      checkpoints: [],
      costUsd: 0,
      usdPerHour: Math.max(...candidates.value.map(({ usdPerHour }) => usdPerHour)),
      log: [],
    },
    order: order.value,
    orderEnvelope: signed.value.envelope,
    manifestEnvelope: manifest.value,
    policy: policy.value.policy,
    evidenceIds: [],
    artifacts: [],
  };
  return ok({ record, order: signed.value, candidates: candidates.value });
}

/** A new connection to the agent that holds a run's key: no other TLS key is spoken to. */
function toSession(session: Session, ports: RunPorts): NodeClient {
  const client = ports.nodes.connect({ name: session.node, url: session.url }, session.tlsSpkiSha256);
  if (session.access !== undefined) client.useGrant(session.access);
  return client;
}

/** Tells every node of an attempt to stop. Connections of their own: a run's are closed as soon as its job has ended. */
async function tellToStop(record: RunRecord, ports: RunPorts, except?: string): Promise<Result<void>> {
  const told = await Promise.all(
    sessionsOf(record)
      .filter(({ node }) => node !== except)
      .map(async (session) => {
        const client = toSession(session, ports);
        const answer = await client.stopJob(record.order.jobId);
        client.close();
        return answer;
      }),
  );
  const failed = told.find((answer) => !answer.ok);
  return failed?.ok === false ? failed : ok(undefined);
}

function isNodeLost(error: NacreError): boolean {
  const failureClass = failureClassOf(error);
  return failureClass === 'node-unreachable' || failureClass === 'node-hung';
}

/** Short enough to read aloud, 64 random bits: `run-3f9a…`. */
function newRunId(ports: RunPorts): string {
  return `run-${Buffer.from(ports.random(8)).toString('hex')}`;
}

function logEnd(state: RunState, ports: RunPorts, onTrouble: RunServiceOptions['onTrouble']): void {
  const { view, orderEnvelope } = state.record;
  const logged = ports.audit(
    'run-ended',
    view.id,
    {
      jobId: view.jobId,
      state: view.state,
      orderSha256: createHash('sha256')
        .update(decodeBase64(orderEnvelope.payload) ?? '')
        .digest('hex'),
      ...(view.modelSha256 === undefined ? {} : { modelSha256: view.modelSha256 }),
      ...(view.error === undefined ? {} : { code: view.error.code }),
    },
    view.simulated,
  );
  if (!logged.ok) onTrouble(view.id, logged.error);
}

/** Trouble with the files matters more than a stop, less than the first failure. */
function settled(first: Result<never>, second: Result<void>): Result<never> {
  if (!first.ok && first.error.code === 'cancelled' && !second.ok) return second;
  return first;
}
