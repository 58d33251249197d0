import { err, ok, type NacreError, type Result } from '../../contract/result.ts';
import type { NodeClient, RunPorts } from './ports.ts';
import { sleep } from './retry.ts';
import { answersAtDoor, followNode, keepBudget, type JobEnd } from './run-follow.ts';
import { sessionsOf, type Session } from './run-record.ts';
import type { RunState } from './run-state.ts';
import type { SealedFiles } from './sealed-files.ts';

/** How long the other workers may take to end after the first has: milliseconds. */
const togetherMs = 60_000;
/** How long after a worker failed another may still say that it was stopped: milliseconds. */
const stopRaceMs = 1500;

type Ended = { readonly end: JobEnd; readonly message?: string };
type Answer = Result<Ended>;

interface Following {
  readonly session: Session;
  readonly client: NodeClient;
  readonly answer: Promise<Answer>;
  ended: Answer | undefined;
}

/**
 * Follows all nodes of an attempt, by rank, until the job has ended on each, or on one of them for all. Errors: those of
 * `followNode`, with the node at fault in the details; `denied_by_policy` (budget spent); that of `notStarted`.
 */
export async function followRun(
  state: RunState,
  clients: readonly NodeClient[],
  ports: RunPorts,
  files: SealedFiles,
  notStarted: Promise<NacreError>,
  outer: AbortSignal,
): Promise<Answer> {
  const inner = new AbortController();
  const signal = AbortSignal.any([outer, inner.signal]);
  const all = sessionsOf(state.record).map((session, rank): Following => {
    const client = clients[rank];
    if (client === undefined) throw new Error('a session has a connection');
    const following: Following = {
      session,
      client,
      answer: followNode({ state, session, client, ports, files, signal }),
      ended: undefined,
    };
    void following.answer.then((answer) => (following.ended = answer));
    return following;
  });
  let spent: NacreError | undefined;
  const endAll = (error: NacreError | undefined): void => {
    if (error === undefined) return;
    spent ??= error;
    inner.abort();
  };
  const budget = keepBudget(state, clients, ports, signal).then(endAll);
  void notStarted.then(endAll);
  const answer = await untilAllEnd(all, signal);
  inner.abort();
  await Promise.all([budget, ...all.map((one) => one.answer)]);
  // A node that was told to stop because the money is spent says only that it was stopped.
  return spent === undefined ? answer : { ok: false, error: spent };
}

async function untilAllEnd(all: readonly Following[], signal: AbortSignal): Promise<Answer> {
  let patience: AbortSignal | undefined;
  for (;;) {
    const open = all.filter(({ ended }) => ended === undefined);
    const bad = all.find(({ ended }) => ended !== undefined && !(ended.ok && ended.value.end === 'succeeded'));
    if (bad?.ended !== undefined) return all.length === 1 ? bad.ended : whoseFault(bad, all, signal);
    if (open.length === 0) return all[0]?.ended ?? err('internal', 'A run is followed only after release.');
    if (open.length < all.length) patience ??= AbortSignal.timeout(togetherMs);
    const late = patience === undefined ? [] : [aborted(patience)];
    await Promise.race([...open.map(({ answer }) => answer), ...late]);
    if (patience?.aborted === true && all.some(({ ended }) => ended === undefined)) {
      const node = open[0]?.session.node ?? '';
      return err('unavailable', `Node ${node} did not end with the others.`, {
        details: { node, failureClass: 'node-hung' },
      });
    }
  }
}

/**
 * Workers fail together: a program whose peer was killed ends with an error of its own, sooner than the silence of the
 * killed one is noticed. So before a failure counts as the program's, every other node is asked whether it is there.
 */
async function whoseFault(first: Following, all: readonly Following[], signal: AbortSignal): Promise<Answer> {
  const answer = first.ended ?? (await first.answer);
  if (!answer.ok || answer.value.end !== 'failed') return answer;
  const others = all.filter((one) => one !== first);
  const there = await Promise.all(others.map((one) => answersAtDoor({ client: one.client, signal })));
  const gone = others.find((one, index) => there[index] === false && one.ended === undefined);
  if (gone !== undefined && !signal.aborted) {
    const { node } = gone.session;
    return err(
      'unavailable',
      `Node ${node} is lost: it does not answer, and ${first.session.node} failed without it.`,
      {
        hint: 'The last sealed checkpoint is kept.',
        details: { node, failureClass: 'node-unreachable' },
      },
    );
  }
  await Promise.race([Promise.all(others.map((one) => one.answer)), sleep(stopRaceMs, signal)]);
  const other = others.find(({ ended }) => ended !== undefined && !(ended.ok && ended.value.end !== 'stopped'));
  if (other?.ended !== undefined) return other.ended;
  const { message } = answer.value;
  return ok({ end: 'failed', message: `on ${first.session.node}: ${message ?? 'no reason was given'}` });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
