import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  approvalPayloadTypes,
  approvalRoles,
  type Approval,
  type ApprovalRequest,
  type QuorumRule,
} from '../../contract/approval.ts';
import { createSigner, signJson } from '../dsse/dsse.ts';
import { describeRequest } from './describe.ts';
import { documentDigest, readApproval, readRequest, type SignedDocument } from './documents.ts';
import { evaluateQuorum } from './quorum.ts';

const start = Date.UTC(2026, 10, 22);
const hour = 3_600_000;
const people = Array.from({ length: 6 }, (_, i) => {
  const signer = createSigner(new Uint8Array(32).fill(i + 1));
  return { signer, publicKey: Buffer.from(signer.publicKey).toString('base64') };
});
const keys = people.map(({ publicKey }) => publicKey);

function signed<T>(value: T): SignedDocument<T> {
  return { value, digest: documentDigest(value), envelope: { payloadType: '', payload: '', signatures: [] } };
}

function requestUnder(rule: SignedDocument<QuorumRule>): ApprovalRequest {
  return {
    v: 1,
    kind: 'export',
    nonce: 'ab'.repeat(16),
    createdAt: new Date(start).toISOString(),
    expiresAt: new Date(start + hour).toISOString(),
    ruleSha256: rule.digest,
    requester: { name: 'member 0', publicKey: keys[0] ?? '' },
    subject: { what: 'model', item: 'run-1', description: 'a model', destination: '/tmp/model' },
  };
}

describe('evaluateQuorum', () => {
  it('never grants with fewer different custodians than the rule asks, whatever is put before it', () => {
    const member = fc.subarray([...approvalRoles], { minLength: 1 });
    const answer = fc.record({
      who: fc.nat({ max: people.length - 1 }),
      decision: fc.constantFrom('approve' as const, 'approve' as const, 'approve' as const, 'refuse' as const),
      at: fc.integer({ min: start - 3 * hour, max: start + 5 * hour }),
      other: fc.boolean(),
    });
    let grants = 0;
    fc.assert(
      fc.property(
        fc.array(member, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 3 }),
        fc.boolean(),
        fc.array(answer, { maxLength: 12 }),
        fc.integer({ min: start - hour, max: start + 3 * hour }),
        (roles, approvals, requesterCounts, given, now) => {
          const action = { approvals, requesterCounts, validSeconds: 3600 };
          const rule = signed<QuorumRule>({
            v: 1,
            organisation: 'x',
            version: 1,
            previous: null,
            createdAt: new Date(start).toISOString(),
            members: roles.map((r, i) => ({ name: `member ${i}`, publicKey: keys[i] ?? '', roles: r })),
            actions: { export: action, 'members-change': action },
          });
          const request = signed(requestUnder(rule));
          const answers = given.map(({ who, decision, at, other }) =>
            signed<Approval>({
              v: 1,
              requestSha256: other ? '00'.repeat(32) : request.digest,
              decision,
              publicKey: keys[who] ?? '',
              at: new Date(at).toISOString(),
            }),
          );
          const quorum = evaluateQuorum(rule, request, answers, now);
          expect(quorum.answers).toHaveLength(answers.length);
          if (quorum.state !== 'granted') return;
          grants += 1;
          const custodians = new Set(
            given
              .filter(
                ({ who, decision, other }) => decision === 'approve' && !other && roles[who]?.includes('custodian'),
              )
              .filter(({ who }) => requesterCounts || who !== 0)
              .map(({ who }) => who),
          );
          expect(custodians.size).toBeGreaterThanOrEqual(approvals);
          expect(now).toBeLessThan(start + hour);
        },
      ),
      { numRuns: 2000 },
    );
    // The property says nothing when nothing is ever granted.
    expect(grants).toBeGreaterThan(20);
  });

  it('is stale under another rule, and grants nothing at a time that is no number', () => {
    const action = { approvals: 1, requesterCounts: false, validSeconds: 3600 };
    const member = { name: 'b', publicKey: keys[1] ?? '', roles: ['custodian' as const] };
    const rule = signed<QuorumRule>({
      v: 1,
      organisation: 'x',
      version: 1,
      previous: null,
      createdAt: new Date(start).toISOString(),
      members: [member],
      actions: { export: action, 'members-change': action },
    });
    const request = signed(requestUnder(rule));
    const approval = signed<Approval>({
      v: 1,
      requestSha256: request.digest,
      decision: 'approve',
      publicKey: member.publicKey,
      at: new Date(start).toISOString(),
    });
    expect(evaluateQuorum(rule, request, [approval], start).state).toBe('granted');
    expect(evaluateQuorum(rule, request, [approval], Number.NaN).state).toBe('expired');
    const other = signed({ ...rule.value, organisation: 'y' });
    expect(evaluateQuorum(other, request, [approval], start).state).toBe('stale');
    const without = signed({ ...rule.value, actions: { 'members-change': action } });
    const again = signed({ ...request.value, ruleSha256: without.digest });
    expect(evaluateQuorum(without, again, [approval], start).state).toBe('stale');
  });
});

describe('documents', () => {
  it('survive any bytes, and are read only in their canonical form', () => {
    const signer = people[0]?.signer;
    if (signer === undefined) throw new Error('nobody');
    fc.assert(
      fc.property(fc.json({ maxDepth: 3 }), (text) => {
        const envelope = signJson(approvalPayloadTypes.request, JSON.parse(text), signer);
        expect(readRequest(envelope).ok).toBe(false);
        expect(readApproval(envelope).ok).toBe(false);
        expect(readRequest(JSON.parse(text)).ok).toBe(false);
      }),
    );
  });

  it('cannot redraw the screen they are read on', () => {
    const rule = signed({} as QuorumRule);
    const request = requestUnder(rule);
    const evil = {
      ...request,
      subject: { ...request.subject, item: 'run-1\u001B[2J\u202Eevil\nSection' },
    } as ApprovalRequest;
    const words = describeRequest(signed(evil)).sections.flatMap(({ lines }) => lines.map(({ value }) => value));
    for (const control of ['\u001B', '\u202E', '\n']) expect(words.some((word) => word.includes(control))).toBe(false);
    expect(words.join('')).toContain('run-1');
  });
});
