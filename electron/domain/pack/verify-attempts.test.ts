import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { payloadTypes } from '../../contract/dsse.ts';
import type { FailureStatement } from '../../contract/failure-receipt.ts';
import type { JobOrder } from '../../contract/job.ts';
import { signJson } from '../dsse/dsse.ts';
import { jobIdOf } from '../job/order.ts';
import { writePack } from './container.ts';
import { writeContents } from './contents.ts';
import {
  digestOf,
  lostKey,
  organisation,
  payloadOf,
  sampleFrames,
  sampleLog,
  sampleRetriedRun,
  sampleRun,
  signFrames,
  type SampleContents,
} from './testing/sample-run.ts';
import { standInAppraiser, standInMaker } from './testing/stand-in-evidence.ts';
import { verifyPack } from './verify-pack.ts';

const run = sampleRetriedRun(standInMaker);
const [first] = run.attempts;
if (first?.failure === undefined) throw new Error('the sample has a failed attempt');
const [session] = first.sessions;
if (session === undefined) throw new Error('the failed attempt has a session');
const failure = payloadOf<FailureStatement>(first.failure);
const firstOrder = payloadOf<JobOrder>(first.order);
const lastOrder = payloadOf<JobOrder>(run.order);

function pack(contents: SampleContents, runId = 'run-1'): Uint8Array {
  const title = { runId, runName: 'Breast cancer', simulated: true, createdAt: '2026-11-22T12:00:00Z' };
  const written = writePack(title, writeContents(contents), organisation);
  if (!written.ok) throw new Error(written.error.message);
  return written.value;
}

const verify = (bytes: Uint8Array) => verifyPack(bytes, { appraiser: standInAppraiser });
const broken = (contents: SampleContents, runId?: string) =>
  verify(pack(contents, runId)).checks.filter(({ outcome, required }) => required && outcome !== 'pass');

type Attempt = SampleContents['attempts'][number];
const withAttempt = (change: Partial<Attempt>): SampleContents => ({ ...run, attempts: [{ ...first, ...change }] });

/** The log as it is, with the entry that puts this very statement on record: the organisation lies about everything at once. */
function logOf(statement: FailureStatement): SampleContents['audit'] {
  const entries = run.audit.proofs.map(({ entry }) => entry);
  return sampleLog(
    entries.map(({ kind, subject, details }) => [
      kind,
      subject,
      kind === 'failure-receipt' ? { ...details, statementSha256: digestOf(statement) } : details,
    ]),
  );
}

/** The organisation signs another statement, and puts that on its log. */
function lying(change: (predicate: FailureStatement['predicate']) => void): SampleContents {
  const statement = structuredClone(failure);
  change(statement.predicate);
  const signed = signJson(payloadTypes.inToto, statement, organisation);
  return { ...withAttempt({ failure: signed }), audit: logOf(statement) };
}

describe('a pack of a run that lost a node', () => {
  const good = pack(run);

  it('passes, and tells of the lost attempt what its signed telemetry shows', () => {
    expect(broken(run)).toEqual([]);
    const verdict = verify(good);
    expect(verdict.status).toBe('warning');
    expect(verdict.summary?.attempts).toEqual([
      {
        number: 1,
        node: 'local-b',
        failureClass: 'node-unreachable',
        cause: failure.predicate.failure.cause,
        from: failure.predicate.from,
        observedAt: failure.predicate.observedAt,
        lastSignedAt: session.frames.at(-1)?.at,
        lastStep: 6,
        lostSteps: 2,
        seconds: 6,
        costUsd: 0.06,
      },
    ]);
    expect(verdict.checks.map(({ id }) => id)).toEqual(
      expect.arrayContaining([
        'attempt.1.order',
        'attempts',
        'attempt.1.release',
        'attempt.1.chain',
        'attempt.1.failure',
        'attempt.1.renewal',
        'attempt.2.resume',
      ]),
    );
  });

  it('refuses any flipped byte at any position', () => {
    fc.assert(
      fc.property(fc.nat({ max: good.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const changed = good.slice();
        changed[at] = (changed[at] ?? 0) ^ mask;
        const verdict = verify(changed);
        expect(verdict.whole).toBe(false);
        expect(verdict.status).toBe('contraindicated');
      }),
      { numRuns: 300 },
    );
  }, 60_000);

  it('refuses every figure of a failure receipt that the organisation invents, signs and logs', () => {
    const lies: [string, (predicate: FailureStatement['predicate']) => void][] = [
      ['more lost steps', ({ steps }) => void (steps.lost = 3)],
      ['fewer lost steps', ({ steps }) => void (steps.lost = 0)],
      ['another last step', ({ steps }) => ((steps.last = 60), (steps.lost = 56))],
      ['another start', ({ steps }) => void (steps.resumedFrom = 1)],
      [
        'an older checkpoint',
        ({ steps }) => ((steps.checkpoint = { step: 2, sha256: 'c2'.repeat(32) }), (steps.lost = 4)),
      ],
      ['no checkpoint', ({ steps }) => (delete steps.checkpoint, (steps.lost = 6))],
      [
        'metrics of another node',
        ({ steps }) => void (steps.metrics = { node: 'local-x', signingKey: '', chainHead: 'aa'.repeat(32) }),
      ],
      ['a longer time on the node', ({ cost }) => ((cost.seconds = 600), (cost.usd = 6))],
      ['another cost', ({ cost }) => void (cost.usd = 6)],
      ['another price, and the cost with it', ({ cost }) => ((cost.usdPerHour = 360), (cost.usd = 0.6))],
      ['a longer billing', ({ cost }) => void (cost.operatorMayBillUntil = '2027-11-22T12:00:00.000Z')],
      ['another node', ({ node }) => void (node.name = 'local-a')],
      ['another key', ({ node }) => void (node.signingKey = Buffer.from(organisation.publicKey).toString('base64'))],
      ['another session', ({ node }) => void (node.sessionId = 'ab'.repeat(16))],
      ['hidden simulation', ({ node }) => void (node.simulated = false)],
      ['invented evidence', ({ node }) => void node.evidenceSha256.push('aa'.repeat(32))],
      ['another EAR', ({ node }) => void (node.earSha256 = 'aa'.repeat(32))],
      ['an earlier last sign of life', ({ heartbeat }) => void (heartbeat.last = heartbeat.first ?? '')],
      ['other words of the node', ({ says }) => void (says.node = 'signed by the node for a year')],
      ['fewer frames', ({ heartbeat }) => void (heartbeat.frames = 5)],
      ['an invented gap', ({ heartbeat }) => void (heartbeat.gapCount = 1)],
      ['another chain', (predicate) => void (predicate.chainHead = 'aa'.repeat(32))],
      ['an earlier last frame', (predicate) => void (predicate.lastFrame = session.frames[0])],
      ['no last frame', (predicate) => delete predicate.lastFrame],
      ['another attempt', (predicate) => void (predicate.attempt = 2)],
      ['another run', (predicate) => void (predicate.runId = 'run-2')],
      ['another order', (predicate) => void (predicate.orderSha256 = 'aa'.repeat(32))],
      ['another job', (predicate) => void (predicate.jobId = lastOrder.jobId)],
      ['another first job', (predicate) => void (predicate.firstJobId = lastOrder.jobId)],
      ['other data', (predicate) => void (predicate.datasetRoot = 'aa'.repeat(32))],
      ['another policy', (predicate) => void (predicate.policyDigest = 'aa'.repeat(32))],
    ];
    for (const [what, lie] of lies) {
      const found = broken(lying(lie));
      expect(
        found.map(({ id }) => id),
        what,
      ).toContain('attempt.1.failure');
      expect(found.find(({ id }) => id === 'attempt.1.failure')?.detail, what).toContain(
        'attempts/01/failure.dsse.json',
      );
    }
  });

  it('refuses another class: on the log it was another statement, and a node that signed its end did not fall silent', () => {
    const statement = structuredClone(failure);
    statement.predicate.failure.class = 'node-hung';
    const signed = signJson(payloadTypes.inToto, statement, organisation);
    const found = broken(withAttempt({ failure: signed }));
    expect(found.map(({ id }) => id)).toEqual(['audit.story']);
    expect(found[0]?.detail).toContain('attempts/01/failure.dsse.json');

    const frames = signedEnd();
    const ended = { ...session, frames };
    expect(
      broken({ ...withAttempt({ sessions: [ended] }), audit: run.audit })
        .map(({ detail }) => detail)
        .join(' '),
    ).toContain('the node signed that the job failed');
  });

  it('refuses a dropped, swapped, repeated or foreign attempt, and a failure receipt that is missing or of another run', () => {
    const other = sampleRun(standInMaker);
    const cases: [string, string, SampleContents][] = [
      ['a dropped attempt', 'attempts', { ...run, attempts: [] }],
      ['a swapped order', 'attempts', { ...run, order: first.order, attempts: [{ ...first, order: run.order }] }],
      ['an attempt twice', 'attempts', { ...run, attempts: [first, first] }],
      ['the order of another run', 'attempts', withAttempt({ order: orderForOtherWork() })],
      [
        'no failure receipt',
        'attempt.1.failure',
        { ...run, attempts: [{ order: first.order, sessions: first.sessions }] },
      ],
      ['no session', 'attempt.1.failure', withAttempt({ sessions: [] })],
      [
        'a receipt that a stranger signed',
        'attempt.1.failure',
        withAttempt({ failure: signJson(payloadTypes.inToto, failure, lostKey) }),
      ],
      ['a receipt of success as one of failure', 'attempt.1.failure', withAttempt({ failure: other.receipt })],
      [
        'a frame less',
        'attempt.1.failure',
        withAttempt({ sessions: [{ ...session, frames: session.frames.slice(0, -1) }] }),
      ],
      [
        'the checkpoint never announced',
        'attempt.1.chain',
        withAttempt({
          sessions: [{ ...session, frames: session.frames.filter(({ body }) => body.kind !== 'artifact') }],
        }),
      ],
      [
        'frames of another key',
        'attempt.1.chain',
        withAttempt({ sessions: [{ ...session, frames: sampleFrames(firstOrder.jobId, 7) }] }),
      ],
      [
        'a release on other evidence',
        'attempt.1.release',
        withAttempt({ sessions: [{ ...session, release: { ...session.release, evidence: run.release.evidence } }] }),
      ],
      ['a log without the failure', 'audit.story', { ...run, audit: without('failure-receipt') }],
      ['a log without the first release', 'audit.story', { ...run, audit: without('key-released') }],
    ];
    for (const [what, id, contents] of cases) {
      expect(
        broken(contents).map((check) => check.id),
        what,
      ).toContain(id);
    }
    expect(broken(run, 'run-2').map(({ id }) => id)).toContain('attempt.1.failure');
  });

  it('says that what was resumed from must have been announced by a node that had the key', () => {
    const frames = session.frames.slice(0, 4);
    const found = broken(withAttempt({ sessions: [{ ...session, frames }] }));
    expect(found.map(({ id }) => id)).toContain('attempt.2.resume');
    expect(found.find(({ id }) => id === 'attempt.2.resume')?.detail).toContain('order.dsse.json resumes from step 4');
  });
});

/** The chain of the lost node, had it signed an end. */
function signedEnd(): SampleContents['frames'] {
  const frames = session?.frames ?? [];
  const bodies = [...frames.map(({ body }) => body), { kind: 'state' as const, state: 'failed' as const }];
  const at = Date.parse(frames[0]?.at ?? '');
  return signFrames(bodies, { jobId: firstOrder.jobId, node: 'local-b', key: lostKey, at, everyMs: 1000 });
}

/** A first order for another program, whole in itself. */
function orderForOtherWork(): SampleContents['order'] {
  const { jobId: _, ...body } = { ...firstOrder, program: { type: 'command' as const, command: ['true'] } };
  return signJson(payloadTypes.jobOrder, { ...body, jobId: jobIdOf(body) }, organisation);
}

/** The log as if the first entry of a kind had never been. */
function without(kind: string): SampleContents['audit'] {
  const entries = run.audit.proofs.map(({ entry }) => entry);
  const gone = entries.findIndex((entry) => entry.kind === kind);
  return sampleLog(entries.toSpliced(gone, 1).map((entry) => [entry.kind, entry.subject, entry.details]));
}
