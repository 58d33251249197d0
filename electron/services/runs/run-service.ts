import { err, ok, type NacreError, type Result } from '../../contract/result.ts';
import type { JobDraft } from '../../contract/job.ts';
import type { RunEvent, RunView } from '../../contract/views.ts';
import { attemptSteps, type LiveRun } from './attempt-steps.ts';
import { issueFailureReceipts } from './failure-receipt.ts';
import { logEnd } from './log-end.ts';
import type { RunPorts } from './ports.ts';
import { prepareRun } from './prepare-run.ts';
import { takeOrder } from './release-key.ts';
import { notStarted, runAttempts, type Start } from './run-attempts.ts';
import { countersign } from './run-receipt.ts';
import { isBetween, isFinal, isWaiting, isWithNode, sessionsOf, type RunRecord } from './run-record.ts';
import { createRunState, type RunState } from './run-state.ts';
import { connectSession, tellToStop } from './sessions.ts';

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

interface LiveEntry extends LiveRun {
  readonly done: Promise<void>;
}

export function createRunService(options: RunServiceOptions): RunService {
  const { ports, store } = options;
  const live = new Map<string, LiveEntry>();
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
    const entry: LiveEntry = { state, abort, done: promise, clients: [], closing: false };
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
    runAttempts(state, start, attemptSteps(entry, ports, options.onTrouble), ports, abort.signal).then(
      (answer) => finish(answer.ok ? undefined : answer.error),
      (error: unknown) => {
        options.onTrouble(runId, error);
        finish(err('internal', 'The run ended by a bug in Nacre; the log of the profile has the details.').error);
      },
    );
  };

  const launch = (draft: JobDraft): Result<{ runId: string; jobId: string }> => {
    const prepared = prepareRun(draft, ports);
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
        // What was called off may have been sent: a node that has the job is told that it is over.
        const told = await tellToStop(state.record, ports);
        if (!told.ok && told.error.code !== 'not_found') return told;
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
          state.fail(notStarted().error);
          logEnd(state, ports, options.onTrouble);
          continue;
        }
        state.event({ kind: 'state', node: session.node, message: 'Nacre is back and takes up the run.' });
        // The release was logged and may have arrived: the node says, and no second key goes out for this order.
        const kind = old.view.state === 'releasing' ? 'released' : 'session';
        drive(state, { kind, clients: sessionsOf(old).map((one) => connectSession(one, ports)) });
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
        // With a session a node may have the key, whether or not it has answered yet: the next core asks it.
        entry.closing = record.session !== undefined || isWaiting(record) || isBetween(record);
        entry.abort.abort();
      }
      await Promise.all(entries.map(({ done }) => done));
    },
  };
}
