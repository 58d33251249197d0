import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { approvalPayloadTypes, type Approval, type ApprovalFile } from '../../contract/approval.ts';
import { ok } from '../../contract/result.ts';
import { actFingerprint } from '../../domain/approval/fingerprint.ts';
import { signJson } from '../../domain/dsse/dsse.ts';
import { decodeBase64 } from '../../domain/encoding/base64.ts';
import {
  alice,
  bob,
  carol,
  launcher,
  openDesk,
  draftOf,
  ruleOf,
  start,
  stranger,
  value,
  type Desk,
  type Person,
} from './testing/desk.ts';

const subject = {
  what: 'model' as const,
  item: 'run-1',
  description: 'model of run-1',
  destination: '/home/a/models/run-1',
};
const act = actFingerprint('export', subject);
const nothing = () => ok(undefined);

let desk: Desk;
beforeEach(() => {
  desk = openDesk(launcher);
  value(desk.service.setMembers(draftOf()));
});
afterEach(() => desk.end());

/** Asks, and says which request was made. */
function ask(of = subject): string {
  const asked = desk.service.authorise('export', of);
  if (asked.ok) throw new Error('nobody approved this yet');
  expect(asked.error.code).toBe('approval_missing');
  return String(asked.error.details?.['requestId']);
}

function answer(requestSha256: string, who: Person, change: Partial<Approval> = {}, signer = who.signer): ApprovalFile {
  const approval: Approval = {
    v: 1,
    requestSha256,
    decision: 'approve',
    publicKey: who.publicKey,
    at: new Date(desk.now).toISOString(),
    ...change,
  };
  return { nacre: 'approval', v: 1, approval: signJson(approvalPayloadTypes.approval, approval, signer) };
}

describe('approvals', () => {
  it('gives leave with a quorum, once, and logs every step', () => {
    const id = ask();
    expect(ask(), 'the same act asks once').toBe(id);
    value(desk.service.importFile(answer(id, alice)));
    expect(desk.service.authorise('export', subject)).toMatchObject({
      ok: false,
      error: { code: 'approval_missing', details: { have: 1, need: 2 } },
    });
    value(desk.service.importFile(answer(id, bob)));
    const leave = value(desk.service.authorise('export', subject));
    expect(leave.requestId).toBe(id);
    let done = 0;
    expect(leave.use(act, () => ok((done += 1)))).toEqual({ ok: true, value: 1 });
    expect(leave.use(act, () => ok((done += 1)))).toMatchObject({ ok: false, error: { code: 'approval_missing' } });
    expect(done).toBe(1);
    expect(value(desk.service.get(id.slice(0, 10))).state).toBe('used');
    expect(desk.kinds()).toEqual([
      'members-changed',
      'approval-requested',
      'approval-imported',
      'approval-imported',
      'approval-used',
    ]);
    expect(ask(), 'a used approval is not used again').not.toBe(id);
  });

  it('gives leave at once where no rule asks, and takes it back when a rule comes', () => {
    const free = openDesk(launcher);
    const leave = value(free.service.authorise('export', subject));
    expect(leave.use(act, nothing).ok).toBe(true);
    value(free.service.setMembers(draftOf()));
    expect(leave.use(act, nothing)).toMatchObject({ ok: false, error: { code: 'approval_missing' } });
    free.end();
  });

  it('counts no answer that is not of a custodian, for this request, within its time', () => {
    const id = ask();
    const cases: [string, ApprovalFile][] = [
      ['not-a-member', answer(id, stranger)],
      ['not-a-custodian', answer(id, carol)],
      ['requester-own', answer(id, launcher)],
      ['too-early', answer(id, alice, { at: new Date(start - 7_200_000).toISOString() })],
      ['too-late', answer(id, alice, { at: new Date(start + 3 * 3_600_000).toISOString() })],
    ];
    for (const [reason, file] of cases) {
      expect(desk.service.importFile(file), reason).toMatchObject({
        ok: false,
        error: { code: 'denied_by_policy', details: { reason } },
      });
    }
    expect(desk.service.importFile(answer(id, alice, {}, stranger.signer))).toMatchObject({
      ok: false,
      error: { code: 'integrity' },
    });
    expect(desk.service.importFile(answer('ab'.repeat(32), alice))).toMatchObject({
      ok: false,
      error: { code: 'not_found' },
    });
    expect(value(desk.service.get(id)).approvals).toEqual({ have: 0, need: 2 });
  });

  it('counts a custodian once, however often they sign', () => {
    const id = ask();
    const first = answer(id, alice);
    value(desk.service.importFile(first));
    value(desk.service.importFile(first));
    expect(desk.service.importFile(answer(id, alice, { at: new Date(start + 1000).toISOString() }))).toMatchObject({
      ok: false,
      error: { details: { reason: 'same-custodian-twice' } },
    });
    expect(value(desk.service.get(id)).approvals.have).toBe(1);
  });

  it('does not take an approval of one act for another', () => {
    const id = ask();
    const other = { ...subject, item: 'run-2' };
    const otherId = ask(other);
    value(desk.service.importFile(answer(id, alice)));
    value(desk.service.importFile(answer(id, bob)));
    const leave = value(desk.service.authorise('export', subject));
    expect(leave.use(actFingerprint('export', other), nothing)).toMatchObject({ error: { code: 'approval_missing' } });
    expect(desk.service.authorise('export', other)).toMatchObject({ ok: false, error: { details: { have: 0 } } });
    // Carried over by hand: the answer names its request under the signature.
    const row = desk.store.collection('approvals', z.unknown());
    const stolen = value(row.get(`request/${id}`)) as { approvals: unknown[] };
    const victim = value(row.get(`request/${otherId}`)) as object;
    value(row.put(`request/${otherId}`, { ...victim, approvals: stolen.approvals }));
    expect(desk.service.authorise('export', other).ok).toBe(false);
  });

  it('notices a request that was edited after it was approved', () => {
    const id = ask();
    value(desk.service.importFile(answer(id, alice)));
    value(desk.service.importFile(answer(id, bob)));
    const rows = desk.store.collection('approvals', z.unknown());
    const record = value(rows.get(`request/${id}`)) as { request: { payload: string } };
    const payload = Buffer.from(decodeBase64(record.request.payload) ?? []).toString();
    const edited = Buffer.from(payload.replace('run-1', 'run-9')).toString('base64');
    value(rows.put(`request/${id}`, { ...record, request: { ...record.request, payload: edited } }));
    expect(desk.service.authorise('export', { ...subject, item: 'run-9' })).toMatchObject({
      ok: false,
      error: { code: 'integrity' },
    });
    // Signed anew by the requester, it is another request, and the approvals are not of it.
    const again = signJson(
      approvalPayloadTypes.request,
      JSON.parse(payload.replaceAll('run-1', 'run-9')),
      launcher.signer,
    );
    value(rows.put(`request/${id}`, { ...record, request: again }));
    const asked = desk.service.authorise('export', {
      ...subject,
      item: 'run-9',
      description: 'model of run-9',
      destination: '/home/a/models/run-9',
    });
    expect(asked).toMatchObject({ ok: false, error: { code: 'approval_missing', details: { have: 0 } } });
  });

  it('expires by the clock of the desk, also between quorum and use', () => {
    const id = ask();
    value(desk.service.importFile(answer(id, alice)));
    value(desk.service.importFile(answer(id, bob)));
    const leave = value(desk.service.authorise('export', subject));
    desk.now += 3_600_000;
    expect(leave.use(act, nothing)).toMatchObject({ ok: false, error: { code: 'approval_missing' } });
    expect(value(desk.service.get(id)).state).toBe('expired');
    expect(ask()).not.toBe(id);
  });

  it('ends a request that one custodian refuses, or that is withdrawn', () => {
    const id = ask();
    value(desk.service.importFile(answer(id, alice)));
    value(desk.service.importFile(answer(id, bob)));
    const leave = value(desk.service.authorise('export', subject));
    value(desk.service.importFile(answer(id, bob, { decision: 'refuse', reason: 'not this week' })));
    expect(value(desk.service.get(id))).toMatchObject({ state: 'refused' });
    expect(leave.use(act, nothing).ok).toBe(false);
    const second = ask();
    value(desk.service.withdraw(second));
    expect(value(desk.service.get(second)).state).toBe('withdrawn');
  });

  it('lets one of two races win', () => {
    const id = ask();
    value(desk.service.importFile(answer(id, alice)));
    value(desk.service.importFile(answer(id, bob)));
    const [one, two] = [
      value(desk.service.authorise('export', subject)),
      value(desk.service.authorise('export', subject)),
    ];
    let done = 0;
    const inner = one.use(act, () => {
      // The second comes while the first is in the middle of its act.
      expect(two.use(act, () => ok((done += 1))).ok).toBe(false);
      return ok((done += 1));
    });
    expect(inner.ok).toBe(true);
    expect(two.use(act, () => ok((done += 1))).ok).toBe(false);
    expect(done).toBe(1);
  });

  it('spends nothing when the act is not logged, and does nothing when spending is not', () => {
    const id = ask();
    value(desk.service.importFile(answer(id, alice)));
    value(desk.service.importFile(answer(id, bob)));
    const leave = value(desk.service.authorise('export', subject));
    desk.refuses = 'approval-used';
    let done = 0;
    expect(leave.use(act, () => ok((done += 1)))).toMatchObject({ error: { code: 'disk_full' } });
    expect(done).toBe(0);
    desk.refuses = undefined;
    expect(() =>
      leave.use(act, () => {
        throw new Error('killed in between');
      }),
    ).toThrow('killed');
    expect(value(desk.service.get(id)).state).toBe('granted');
    expect(leave.use(act, nothing).ok).toBe(true);
    desk = desk.reopen();
    expect(value(desk.service.get(id)).state, 'spent stays spent after a crash').toBe('used');
    desk.refuses = 'approval-requested';
    expect(desk.service.authorise('export', subject)).toMatchObject({ error: { code: 'disk_full' } });
    expect(value(desk.service.list())).toHaveLength(1);
  });

  it('does not even ask for an override that no approval can cover', () => {
    const node = {
      name: 'a',
      simulated: false,
      evidenceSha256: 'ab'.repeat(32),
      verifiedAt: new Date(start).toISOString(),
      parts: [{ name: 'cpu0', family: 'snp', measurement: 'cd'.repeat(48) }],
    };
    const overridden = (reason: string) =>
      desk.service.authorise('override', {
        jobId: 'ef'.repeat(32),
        node,
        policyDigest: '01'.repeat(32),
        checks: [{ id: 'snp.check', reason }],
        justification: 'it is late',
        notAfter: new Date(start + 1000).toISOString(),
      });
    expect(overridden('report-signature')).toMatchObject({ error: { code: 'denied_by_policy' } });
    expect(overridden('debug-enabled')).toMatchObject({ error: { code: 'denied_by_policy' } });
    expect(value(desk.service.list())).toEqual([]);
    expect(overridden('tcb-below-minimum')).toMatchObject({ error: { code: 'approval_missing' } });
  });

  it('asks nothing with a locked vault or a key that may not ask', () => {
    desk.locked = true;
    expect(desk.service.authorise('export', subject)).toMatchObject({ error: { code: 'locked' } });
    desk.locked = false;
    const custodian = openDesk(alice);
    value(custodian.service.importFile(value(desk.service.exportMembers())));
    expect(custodian.service.authorise('export', subject)).toMatchObject({ error: { code: 'denied_by_policy' } });
    custodian.end();
  });
});

describe('a custodian’s desk', () => {
  it('shows what it signs and signs what it showed; the answer counts at home', () => {
    const id = ask();
    const request = value(desk.service.exportFile(id, 'request'));
    const other = openDesk(alice);
    expect(other.service.importFile(request), 'without the rule').toMatchObject({ error: { code: 'wrong_state' } });
    value(other.service.importFile(value(desk.service.exportMembers())));
    value(other.service.importFile(request));
    const shown = value(other.service.get(id));
    expect(shown).toMatchObject({ canAnswer: true, origin: 'imported', title: 'Export a trained model, in the clear' });
    const words = JSON.stringify(shown.sections);
    for (const part of Object.values(subject)) expect(words).toContain(part);
    value(other.service.answer(id, 'approve'));
    expect(other.service.answer(id, 'approve')).toMatchObject({ error: { code: 'denied_by_policy' } });
    value(desk.service.importFile(value(other.service.exportFile(id, 'answer'))));
    expect(value(desk.service.get(id)).approvals.have).toBe(1);
    // An imported request gives no leave where it was imported.
    expect(other.service.authorise('export', subject)).toMatchObject({ ok: false });
    expect(other.kinds()).toEqual(['members-changed', 'approval-imported', 'approval-given']);
    other.end();
  });

  it('does not sign what it cannot show: unknown fields, kinds, versions, other spellings', () => {
    const other = openDesk(alice);
    value(other.service.importFile(value(desk.service.exportMembers())));
    const id = ask();
    const request = value(desk.service.exportFile(id, 'request'));
    if (request.nacre !== 'approval-request') throw new Error('not a request');
    const good = JSON.parse(Buffer.from(request.request.payload, 'base64').toString()) as Record<string, unknown>;
    const bad: Record<string, unknown>[] = [
      { ...good, extra: 1 },
      { ...good, kind: 'wipe' },
      { ...good, v: 2 },
      { ...good, subject: { ...(good['subject'] as object), also: 'the key' } },
      { ...good, requester: { name: 'Someone', publicKey: launcher.publicKey } },
      { ...good, ruleSha256: 'ab'.repeat(32) },
    ];
    for (const document of bad) {
      const envelope = signJson(approvalPayloadTypes.request, document, launcher.signer);
      const taken = other.service.importFile({ nacre: 'approval-request', v: 1, request: envelope });
      expect(taken.ok, JSON.stringify(document).slice(0, 80)).toBe(false);
    }
    expect(value(other.service.list())).toEqual([]);
    other.end();
  });
});

describe('the members’ rule', () => {
  const next = () => {
    const { members } = ruleOf();
    const kept = members.filter(({ name }) => name !== 'Bob');
    return draftOf({ members: kept.map((m) => (m.name === 'Carol' ? { ...m, roles: ['custodian' as const] } : m)) });
  };

  it('changes only with the quorum of the rule before, and its history can be checked elsewhere', () => {
    const asked = desk.service.setMembers(next());
    expect(asked).toMatchObject({ ok: false, error: { code: 'approval_missing' } });
    const id = asked.ok ? '' : String(asked.error.details?.['requestId']);
    value(desk.service.importFile(answer(id, alice)));
    // Bob is to be removed and does not like it: a refusal is no veto here, and no approval either.
    value(desk.service.importFile(answer(id, bob, { decision: 'refuse' })));
    expect(desk.service.setMembers(next()).ok).toBe(false);
    value(desk.service.importFile(answer(id, bob)));
    expect(desk.service.setMembers(next()).ok, 'who refused is not counted').toBe(false);
    const old = value(desk.service.exportMembers());
    desk.now += 3_600_001;
    const again = desk.service.setMembers(next());
    const secondId = again.ok ? '' : String(again.error.details?.['requestId']);
    value(desk.service.importFile(answer(secondId, alice)));
    value(desk.service.importFile(answer(secondId, bob)));
    value(desk.service.setMembers(next()));
    expect(value(desk.service.members()).rule?.version).toBe(2);
    const custodian = openDesk(alice);
    value(custodian.service.importFile(value(desk.service.exportMembers())));
    expect(value(custodian.service.members()).rule?.version).toBe(2);
    expect(custodian.service.importFile(old), 'rolled back by import').toMatchObject({ error: { code: 'integrity' } });
    custodian.end();
    const exported = value(desk.service.exportMembers());
    if (exported.nacre !== 'members') throw new Error('not members');
    const without = { ...exported, chain: exported.chain.map(({ rule }) => ({ rule })) };
    const fresh = openDesk(bob);
    expect(fresh.service.importFile(without)).toMatchObject({ error: { code: 'integrity' } });
    fresh.end();
  });

  it('makes open requests stale, and finds a rule that was put back or taken away', () => {
    const open = ask();
    const asked = desk.service.setMembers(next());
    const id = asked.ok ? '' : String(asked.error.details?.['requestId']);
    value(desk.service.importFile(answer(id, alice)));
    value(desk.service.importFile(answer(id, bob)));
    value(desk.service.setMembers(next()));
    expect(value(desk.service.get(open)).state).toBe('stale');
    const rows = desk.store.collection('approvals', z.unknown());
    value(rows.delete('rule/0002'));
    expect(desk.service.authorise('export', subject)).toMatchObject({ ok: false, error: { code: 'integrity' } });
    value(rows.delete('rule/0001'));
    expect(desk.service.authorise('export', subject)).toMatchObject({ ok: false, error: { code: 'integrity' } });
    desk = desk.reopen();
    expect(desk.service.authorise('export', subject)).toMatchObject({ ok: false, error: { code: 'integrity' } });
  });

  it('is refused when it could not work', () => {
    const free = openDesk(launcher);
    const members = ruleOf().members;
    const action = { approvals: 5, requesterCounts: false, validSeconds: 600 };
    for (const rule of [
      draftOf({ actions: { 'members-change': action } }),
      draftOf({ members: [...members, { name: 'Twin', publicKey: alice.publicKey, roles: ['custodian'] }] }),
      draftOf({ members: members.filter(({ roles }) => !roles.includes('admin')) }),
      draftOf({ members: members.map((m) => (m.name === 'Desk' ? { ...m, publicKey: stranger.publicKey } : m)) }),
    ]) {
      expect(free.service.setMembers(rule)).toMatchObject({ ok: false, error: { code: 'invalid_input' } });
    }
    value(free.service.setMembers(draftOf()));
    // From now on the same call is a change, which needs the quorum.
    expect(free.service.setMembers(draftOf())).toMatchObject({ ok: false, error: { code: 'approval_missing' } });
    free.end();
  });
});
