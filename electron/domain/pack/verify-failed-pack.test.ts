import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { payloadTypes } from '../../contract/dsse.ts';
import type { FailureStatement } from '../../contract/failure-receipt.ts';
import type { FrameBody } from '../../contract/wire.ts';
import { signJson } from '../dsse/dsse.ts';
import { writePack } from './container.ts';
import { readContents, writeContents, type FailedPackDocuments } from './contents.ts';
import {
  digestOf,
  lostKey,
  organisation,
  payloadOf,
  sampleLog,
  sampleLostRun,
  sampleRetriedRun,
  signFrames,
} from './testing/sample-run.ts';
import { standInAppraiser, standInMaker } from './testing/stand-in-evidence.ts';
import { verifyPack } from './verify-pack.ts';

const lost = sampleLostRun(standInMaker);
const [first] = lost.attempts;
const [session] = first?.sessions ?? [];
if (first?.failure === undefined || session === undefined) throw new Error('the sample has a failed attempt');
const { order, failure } = first;
const statement = payloadOf<FailureStatement>(failure);
const { jobId } = statement.predicate;
const ended = ['run-ended', 'run-1', { jobId, state: 'failed' }] as const;

/** The log of the attempt, and then what else is said to have happened. */
function logWith(...then: Parameters<typeof sampleLog>[0][number][]): FailedPackDocuments['audit'] {
  const before = lost.audit.proofs.map(({ entry }) => entry).filter(({ kind }) => kind !== 'run-ended');
  return sampleLog([...before.map(({ kind, subject, details }) => [kind, subject, details] as const), ...then]);
}

function pack(contents: FailedPackDocuments): Uint8Array {
  const title = { runId: 'run-1', runName: 'Breast cancer', simulated: true, createdAt: '2026-11-22T12:00:00Z' };
  const written = writePack(title, writeContents(contents), organisation);
  if (!written.ok) throw new Error(written.error.message);
  return written.value;
}

const verify = (bytes: Uint8Array) => verifyPack(bytes, { appraiser: standInAppraiser });
const broken = (contents: FailedPackDocuments) =>
  verify(pack(contents))
    .checks.filter(({ outcome, required }) => required && outcome !== 'pass')
    .map(({ id }) => id);

/** The attempt as it would be, had its node signed these last words, and nobody made a failure receipt. */
function withLastWord(body: FrameBody | undefined): FailedPackDocuments {
  const bodies = [...(session?.frames ?? []).map((frame) => frame.body), ...(body === undefined ? [] : [body])];
  const at = Date.parse(session?.frames[0]?.at ?? '');
  const frames = signFrames(bodies, { jobId, node: 'local-b', key: lostKey, at, everyMs: 1000 });
  const log = logWith(ended).proofs.map(({ entry }) => entry);
  return {
    ...lost,
    attempts: [{ order, sessions: session === undefined ? [] : [{ ...session, frames }] }],
    audit: sampleLog(
      log
        .filter(({ kind }) => kind !== 'failure-receipt')
        .map(({ kind, subject, details }) => [kind, subject, details]),
    ),
  };
}

describe('a pack of a run that did not succeed', () => {
  const good = pack(lost);

  it('is whole, and says before all else that there is no model', () => {
    expect(broken(lost)).toEqual([]);
    const verdict = verify(good);
    expect(verdict.status).toBe('warning');
    const outcome = verdict.checks.find(({ id }) => id === 'outcome');
    expect(outcome).toMatchObject({ outcome: 'fail', required: false });
    expect(outcome?.detail).toContain('THE RUN DID NOT SUCCEED');
    expect(verdict.summary).toMatchObject({ outcome: 'failed', run: 'Breast cancer', frames: 7, nodes: ['local-b'] });
    expect(verdict.summary?.modelSha256).toBeUndefined();
    expect(verdict.summary?.attempts).toMatchObject([{ number: 1, failureClass: 'node-unreachable', lostSteps: 2 }]);
    expect(verdict.checks.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['attempt.1.order', 'attempt.1.release', 'attempt.1.chain', 'attempt.1.failure']),
    );
    for (const id of ['receipt', 'countersigned', 'model']) {
      expect(verdict.checks.some((check) => check.id === id)).toBe(false);
    }
  });

  it('is never affirming, also without simulated hardware', () => {
    const real = { ...lost, anchors: { ...lost.anchors, simulated: false } };
    expect(verify(pack(real)).status).not.toBe('affirming');
  });

  it('refuses any flipped byte at any position', () => {
    fc.assert(
      fc.property(fc.nat({ max: good.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const changed = good.slice();
        changed[at] = (changed[at] ?? 0) ^ mask;
        expect(verify(changed)).toMatchObject({ whole: false, status: 'contraindicated' });
      }),
      { numRuns: 200 },
    );
  }, 60_000);

  it('refuses what the organisation invents for its refund, signs and logs', () => {
    const lies: [string, (predicate: FailureStatement['predicate']) => void][] = [
      ['more lost steps', ({ steps }) => void (steps.lost = 6)],
      [
        'no checkpoint that a node signed',
        ({ steps }) => void (steps.checkpoint = { step: 4, sha256: 'aa'.repeat(32) }),
      ],
      ['a checkpoint of another step', ({ steps }) => void (steps.checkpoint = { step: 3, sha256: 'c4'.repeat(32) })],
      ['a longer time on the node', ({ cost }) => ((cost.seconds = 600), (cost.usd = 6))],
      ['another node', ({ node }) => void (node.name = 'local-a')],
    ];
    for (const [what, lie] of lies) {
      const told = structuredClone(statement);
      lie(told.predicate);
      const audit = sampleLog(
        lost.audit.proofs.map(({ entry: { kind, subject, details } }) => [
          kind,
          subject,
          kind === 'failure-receipt' ? { ...details, statementSha256: digestOf(told) } : details,
        ]),
      );
      const signed = signJson(payloadTypes.inToto, told, organisation);
      expect(broken({ ...lost, attempts: [{ ...first, failure: signed }], audit }), what).toContain(
        'attempt.1.failure',
      );
    }
  });

  it('refuses a log in which the run did not end, or ended well', () => {
    expect(broken({ ...lost, audit: logWith() })).toEqual(['audit.story']);
    expect(broken({ ...lost, audit: logWith(['run-ended', 'run-1', { jobId, state: 'succeeded' }]) })).toEqual([
      'audit.story',
    ]);
    expect(broken({ ...lost, audit: logWith(ended, ['receipt-countersigned', 'run-1', { jobId }]) })).toEqual([
      'audit.story',
    ]);
    expect(broken({ ...lost, audit: sampleLog([ended]) })).toEqual(['audit.story']);
  });

  it('tells how a run ended that no node is to blame for, as far as a node signed it', () => {
    const said = withLastWord({ kind: 'state', state: 'failed', message: 'The command ended with exit code 1.' });
    expect(broken(said)).toEqual([]);
    const own = verify(pack(said)).checks.find(({ id }) => id === 'attempt.1.end');
    expect(own).toMatchObject({ outcome: 'pass', found: expect.stringContaining('exit code 1') });
    const silent = verify(pack(withLastWord(undefined)));
    expect(silent.checks.find(({ id }) => id === 'attempt.1.end')).toMatchObject({
      outcome: 'unknown',
      required: false,
    });
    expect(silent.notChecked.join(' ')).toContain('How attempt 1 ended');
  });

  it('is no way around a receipt: an order at the top needs all that a success needs', () => {
    const entries = new Map(writeContents(lost));
    const stray = writeContents(sampleRetriedRun(standInMaker)).get('order.dsse.json');
    if (stray === undefined) throw new Error('the sample has an order');
    entries.set('order.dsse.json', stray);
    expect(readContents(entries)).toMatchObject({ ok: false });
    expect(readContents(new Map([...entries].filter(([path]) => !/order|attempts/.test(path))))).toMatchObject({
      ok: false,
    });
  });
});
