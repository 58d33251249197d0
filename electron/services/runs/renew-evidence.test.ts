import { describe, expect, it } from 'vitest';
import type { NodeClient, RunPorts } from './ports.ts';
import { renewEvidence } from './renew-evidence.ts';
import { sleep } from './retry.ts';
import type { RunState } from './run-state.ts';
import type { Session } from './run-record.ts';

const keys = { signingKey: 'c2lnbg==', tlsSpkiSha256: 'ab'.repeat(32) };

/** A node that answers after `tookMs`, asked every 100 ms: only what a renewal touches is there. */
function renewing(tookMs: number) {
  const asked: { from: number; until?: number }[] = [];
  const said: string[] = [];
  const node = { name: 'n1', trust: 'verified', keyReleased: true, lane: [] as { state: string }[] };
  const record = {
    order: { jobId: 'j', evidenceRenewSeconds: 0.1 },
    view: { lastStep: 3, usdPerHour: 6, simulated: false },
    evidenceIds: [],
  };
  const state = {
    record,
    change: (work: (of: typeof record) => void) => work(record),
    node: () => node,
    event: ({ message }: { message: string }) => said.push(message),
  } as unknown as RunState;
  const stop = new AbortController();
  const ports = {
    clock: Date.now,
    attest: async ({ signal }: { signal: AbortSignal }) => {
      const one: (typeof asked)[number] = { from: Date.now() };
      asked.push(one);
      await sleep(tookMs, signal);
      one.until = Date.now();
      const verification = { status: 'affirming', simulated: false };
      return { ok: true, value: { evidenceId: 'e', evidenceSha256: 'ee', verification, ear: '', keys } };
    },
  } as unknown as RunPorts;
  const session = { node: 'n1', url: 'https://n1', sessionId: 's', evidence: [], ...keys } as unknown as Session;
  const ended = renewEvidence({ state, session, client: {} as NodeClient, ports, signal: stop.signal });
  return { asked, said, node, session, stop, ended };
}

describe.concurrent('renewing evidence', () => {
  it('asks a node whose answers take long less often, one challenge at a time, and says so once', async () => {
    const { asked, said, stop, ended } = renewing(200);
    await sleep(2600, stop.signal);
    stop.abort();
    expect(await ended).toBeUndefined();
    // 100 ms, then 200 ms of answer and 600 ms of rest: never as often as asked for, never two at once.
    expect(asked.length).toBeGreaterThanOrEqual(3);
    expect(asked.length).toBeLessThanOrEqual(4);
    asked.slice(1).forEach(({ from }, at) => expect(from - (asked[at]?.until ?? Infinity)).toBeGreaterThan(550));
    // Each success is a cut in the lane; a line for each would bury what happens.
    expect(said.filter((message) => message.includes('proved itself.'))).toEqual([]);
    expect(said.filter((message) => /it is asked every \d+ seconds, not every 0.1/.test(message))).toHaveLength(1);
  });

  it('says within 20 s that an answer is late, draws a gap, and goes on when it comes', async () => {
    const { said, node, session, stop, ended } = renewing(9000);
    await sleep(8700, stop.signal);
    expect(said.filter((message) => /not proved itself again .* costs \$0\.1000 a minute/.test(message))).toHaveLength(
      1,
    );
    expect(node.lane.at(-1)?.state).toBe('gap');
    await sleep(900, stop.signal);
    expect(session.evidence).toHaveLength(1);
    expect(node.lane.at(-1)?.state).toBe('verified');
    stop.abort();
    expect(await ended).toBeUndefined();
  }, 15_000);
});
