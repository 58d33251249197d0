import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { payloadTypes } from '../../contract/dsse.ts';
import type { JobOrder } from '../../contract/job.ts';
import type { ReceiptStatement } from '../../contract/receipt.ts';
import { createSigner, signJson } from '../dsse/dsse.ts';
import { jobIdOf } from '../job/order.ts';
import { countersignReceipt } from '../receipt/receipt.ts';
import { writePack } from './container.ts';
import { writeContents } from './contents.ts';
import {
  attestedKey,
  organisation,
  payloadOf,
  sampleFrames,
  sampleLog,
  sampleRun,
  type Key,
  type SampleContents,
} from './testing/sample-run.ts';
import { standInAppraiser, standInMaker } from './testing/stand-in-evidence.ts';
import { verifyPack, type VerifyPackOptions } from './verify-pack.ts';

const run = sampleRun(standInMaker);
const stranger = createSigner(new Uint8Array(32).fill(99));

function pack(contents: SampleContents, key: Key = organisation, extra?: [string, Uint8Array]): Uint8Array {
  const entries = new Map(writeContents(contents));
  if (extra !== undefined) entries.set(...extra);
  const title = { runId: 'run-1', runName: 'Breast cancer', simulated: true, createdAt: '2026-11-22T12:00:00Z' };
  const written = writePack(title, entries, key);
  if (!written.ok) throw new Error(written.error.message);
  return written.value;
}

const verify = (bytes: Uint8Array, options: Partial<VerifyPackOptions> = {}) =>
  verifyPack(bytes, { appraiser: standInAppraiser, ...options });
const failures = (bytes: Uint8Array, options?: Partial<VerifyPackOptions>) =>
  verify(bytes, options)
    .checks.filter(({ outcome, required }) => required && outcome !== 'pass')
    .map(({ id }) => id);

const good = pack(run);

describe('verifyPack on a whole pack', () => {
  it('passes every required check, says SIMULATED, and never calls it affirming', () => {
    const verdict = verify(good, { path: 'x.nacre-pack' });
    expect(failures(good)).toEqual([]);
    expect(verdict).toMatchObject({
      path: 'x.nacre-pack',
      whole: true,
      simulated: true,
      status: 'warning',
      summary: { run: 'Breast cancer', nodes: ['local-b', 'local-a'], frames: 6, heldOutAccuracy: 0.9649 },
    });
    expect(verdict.checks.map(({ id }) => id)).toEqual([
      'pack.container',
      'pack.index',
      'pack.organisation',
      'pack.contents',
      'order',
      'dataset',
      'policy',
      'evidence.0',
      'ear.0',
      'evidence.1',
      'ear.1',
      'release',
      'chain',
      'receipt',
      'evidence.renewal',
      'countersigned',
      'model',
      'audit',
      'audit.story',
    ]);
    expect(verdict.notChecked[0]).toContain('SIMULATED: anchors are those of the local network, no hardware trust');
    expect(verdict.notChecked.join(' ')).toContain('Whose key signed this pack');
  });

  it('knows the organisation when it is told its key, and refuses another', () => {
    expect(failures(good, { expectedOrganisationKey: organisation.publicKey })).toEqual([]);
    expect(failures(good, { expectedOrganisationKey: stranger.publicKey })).toEqual(['pack.organisation']);
  });
});

describe('verifyPack on changed bytes', () => {
  it('refuses any flipped byte at any position and names what broke', () => {
    fc.assert(
      fc.property(fc.nat({ max: good.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const changed = good.slice();
        changed[at] = (changed[at] ?? 0) ^ mask;
        const verdict = verify(changed);
        expect(verdict.whole).toBe(false);
        expect(verdict.status).toBe('contraindicated');
        const broken = verdict.checks.find(({ outcome }) => outcome === 'fail');
        expect(broken?.detail?.length ?? 0).toBeGreaterThan(20);
      }),
      { numRuns: 400 },
    );
  });

  it('refuses truncated, extended, empty and random bytes', () => {
    fc.assert(
      fc.property(fc.nat({ max: good.length - 1 }), (length) => {
        expect(verify(good.subarray(0, length)).whole).toBe(false);
      }),
      { numRuns: 60 },
    );
    expect(verify(Uint8Array.of(...good, 0)).whole).toBe(false);
    fc.assert(fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => verify(bytes).status === 'contraindicated'));
  });
});

describe('verifyPack on packs that were put together again', () => {
  it('names the part that lies, even when the organisation itself signs the lie', () => {
    const evidence = [...run.evidence];
    const [refused, basis] = evidence as [(typeof evidence)[0], (typeof evidence)[0]];
    const order = payloadOf<JobOrder>(run.order);
    const other = { ...order, name: 'Breast cancer', notAfter: '2027-01-01T00:00:00.000Z' };
    const cases: [string, string[], Partial<SampleContents>][] = [
      ['an order with another id', ['order'], { order: signJson(payloadTypes.jobOrder, other, organisation) }],
      ['another policy', ['policy'], { policy: { ...run.policy, evidenceMaxAgeSeconds: 31 } }],
      ['a refused node called affirming', ['evidence.0'], { evidence: [{ ...refused, status: 'affirming' }, basis] }],
      ['evidence of another node', ['evidence.1', 'ear.1'], { evidence: [refused, { ...basis, node: 'local-x' }] }],
      ['a swapped EAR', ['ear.1', 'release'], { evidence: [refused, { ...basis, ear: refused.ear }] }],
      ['a release of another dataset', ['release'], { release: changedAad(run, { datasetRoot: '00'.repeat(32) }) }],
      ['a release that binds other evidence', ['release'], { release: { ...run.release, info: '00'.repeat(68) } }],
      ['a frame less', ['chain'], { frames: run.frames.slice(1) }],
      ['swapped frames', ['chain'], { frames: [...run.frames].toReversed() }],
      ['frames of another key', ['chain'], { frames: sampleFrames(order.jobId, 6, stranger) }],
      ['the last frame cut off', ['receipt'], { frames: run.frames.slice(0, -1) }],
      ['a log of another key', ['audit', 'audit.story'], { audit: sampleLog([], stranger) }],
      ['a log without the release', ['audit.story'], { audit: sampleLog([['run-ended', 'run-1', {}]]) }],
    ];
    for (const [what, expected, change] of cases) {
      const found = failures(pack({ ...run, ...change }));
      for (const id of expected) expect(found, what).toContain(id);
    }
  });

  it('takes a renewal whose result could not be signed while locked, but no release on one', () => {
    const [refused, basis] = run.evidence as [(typeof run.evidence)[0], (typeof run.evidence)[0]];
    expect(failures(pack({ ...run, evidence: [{ ...refused, ear: '' }, basis] }))).toEqual([]);
    expect(failures(pack({ ...run, evidence: [refused, { ...basis, ear: '' }] }))).toEqual(['ear.1', 'release']);
  });

  it('names the minutes without fresh evidence, which undo nothing else', () => {
    const [, basis] = run.evidence as [(typeof run.evidence)[0], (typeof run.evidence)[0]];
    const order = payloadOf<JobOrder>(run.order);
    const late = structuredClone(payloadOf<ReceiptStatement>(run.receipt));
    late.predicate.runDetails.metadata.finishedOn = '2026-11-22T11:30:00.000Z';
    const receipt = countersignReceipt(signJson(payloadTypes.inToto, late, attestedKey), organisation);
    if (!receipt.ok) throw new Error(receipt.error.message);
    const row = verify(pack({ ...run, receipt: receipt.value })).checks.find(({ id }) => id === 'evidence.renewal');
    expect(row).toMatchObject({ outcome: 'fail', required: false, reason: 'evidence-gap' });
    expect(row?.detail).toContain(`${basis.verifiedAt} to 2026-11-22T11:30:00.000Z`);
    expect(order.evidenceRenewSeconds).toBe(60);
  });

  it('refuses a receipt that says something else, is not countersigned, or is signed by another key', () => {
    const statement = payloadOf<ReceiptStatement>(run.receipt);
    const lie = structuredClone(statement);
    lie.predicate.buildDefinition.externalParameters.datasetRoot = '00'.repeat(32);
    const signLie = countersignReceipt(signJson(payloadTypes.inToto, lie, attestedKey), organisation);
    if (!signLie.ok) throw new Error(signLie.error.message);
    expect(failures(pack({ ...run, receipt: signLie.value }))).toEqual(['receipt', 'audit.story']);
    const alone = signJson(payloadTypes.inToto, statement, attestedKey);
    expect(failures(pack({ ...run, receipt: alone }))).toEqual(['countersigned']);
    const foreign = signJson(payloadTypes.inToto, statement, stranger, organisation);
    expect(failures(pack({ ...run, receipt: foreign }))).toEqual(['receipt', 'countersigned', 'model']);
  });

  it('refuses missing, additional and non-canonical entries', () => {
    expect(failures(pack(run, organisation, ['note.txt', Uint8Array.of(1)]))).toEqual(['pack.contents']);
    const spaced = Buffer.from(JSON.stringify(run.policy, null, 1));
    expect(failures(pack(run, organisation, ['policy.json', spaced]))).toEqual(['pack.contents']);
    const written = writePack(
      { runId: 'r', runName: 'Breast cancer', simulated: true, createdAt: '2026-11-22T12:00:00Z' },
      new Map([['policy.json', spaced]]),
      organisation,
    );
    if (!written.ok) throw new Error(written.error.message);
    expect(failures(written.value)).toEqual(['pack.contents']);
  });

  it('refuses the index of an attacker over the same entries, and a whole forgery when the key is known', () => {
    const reindexed = pack(run, stranger);
    expect(failures(reindexed)).toContain('order');
    expect(failures(reindexed, { expectedOrganisationKey: organisation.publicKey })).toContain('pack.organisation');
    expect(verify(reindexed).notChecked.join(' ')).toContain('is what the pack claims');
  });

  it('says so when evidence is simulated in a pack that denies it', () => {
    const anchors = { ...run.anchors, simulated: false };
    const verdict = verify(pack({ ...run, anchors }));
    expect(verdict.simulated).toBe(true);
    expect(verdict.status).toBe('contraindicated');
  });

  it('has an order whose id is its digest, so that the fixture itself is no lie', () => {
    const order = payloadOf<JobOrder>(run.order);
    expect(jobIdOf(order)).toBe(order.jobId);
  });
});

function changedAad(contents: SampleContents, change: Partial<SampleContents['release']['aad']>) {
  return { ...contents.release, aad: { ...contents.release.aad, ...change } };
}
