import { approvalLimits, type Approval, type ApprovalRequest, type QuorumRule } from '../../contract/approval.ts';
import type { DsseEnvelope } from '../../contract/dsse.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { readApproval, readRequest, type SignedDocument } from '../../domain/approval/documents.ts';
import { evaluateQuorum } from '../../domain/approval/quorum.ts';
import type { Collection } from '../store/collection.ts';
import type { RequestRecord } from './approval-record.ts';
import type { ApprovalPorts } from './ports.ts';

export interface ImportContext {
  readonly ports: ApprovalPorts;
  readonly rows: Collection<RequestRecord>;
  readonly rowOf: (digest: string) => string;
  readonly requireRule: () => Result<SignedDocument<QuorumRule>>;
  readonly find: (id: string) => Result<{
    readonly loaded: {
      readonly record: RequestRecord;
      readonly request: SignedDocument<ApprovalRequest>;
      readonly approvals: readonly SignedDocument<Approval>[];
    };
    readonly rule: SignedDocument<QuorumRule>;
  }>;
}

/** Requests and answers of other desks, checked before anything of them is kept. Both answer with the request's digest. */
export function createImports({ ports, rows, rowOf, requireRule, find }: ImportContext) {
  const { store, audit, verify, clock } = ports;
  return {
    request(envelope: DsseEnvelope): Result<string> {
      const rule = requireRule();
      if (!rule.ok) return rule;
      const read = readRequest(envelope, verify);
      if (!read.ok) return read;
      const { value, digest } = read.value;
      if (value.ruleSha256 !== rule.value.digest) {
        return err(
          'wrong_state',
          "The request was made under another version of the members' rule than this profile has.",
          {
            hint: 'Import the newest rule first.',
          },
        );
      }
      const asker = rule.value.value.members.find(({ publicKey }) => publicKey === value.requester.publicKey);
      if (asker === undefined || asker.name !== value.requester.name) {
        return err('integrity', "Whoever asks is not in the members' rule under this name and key.");
      }
      const present = rows.get(rowOf(digest));
      if (!present.ok) return present;
      if (present.value !== undefined) return ok(digest);
      const kept = store.transaction(() => {
        const logged = audit('approval-imported', digest, { kind: value.kind, what: 'request' }, false);
        if (!logged.ok) return logged;
        return rows.insert(rowOf(digest), {
          version: 1,
          origin: 'imported',
          request: envelope,
          approvals: [],
          uses: [],
          withdrawn: false,
        });
      });
      return kept.ok ? ok(digest) : kept;
    },

    approval(envelope: DsseEnvelope): Result<string> {
      const read = readApproval(envelope, verify);
      if (!read.ok) return read;
      const { value, digest } = read.value;
      const found = find(value.requestSha256);
      if (!found.ok) {
        return found.error.code === 'not_found'
          ? err('not_found', 'This approval answers a request that is not in this profile.', {
              details: { requestSha256: value.requestSha256 },
            })
          : found;
      }
      const { record, request, approvals } = found.value.loaded;
      if (approvals.some((known) => known.digest === digest)) return ok(request.digest);
      if (approvals.length >= approvalLimits.answers) return err('invalid_input', 'This request has too many answers.');
      const all = [...approvals, read.value];
      const judged = evaluateQuorum(found.value.rule, request, all, clock()).answers.at(-1);
      if (judged?.counts !== true) {
        return err('denied_by_policy', `This answer does not count: ${judged?.why ?? 'unknown'}.`, {
          details: { reason: judged?.why ?? 'unknown' },
        });
      }
      const kept = store.transaction(() => {
        const facts = { kind: request.value.kind, what: value.decision, key: value.publicKey };
        const logged = audit('approval-imported', request.digest, facts, false);
        if (!logged.ok) return logged;
        return rows.put(rowOf(request.digest), { ...record, approvals: [...record.approvals, envelope] });
      });
      return kept.ok ? ok(request.digest) : kept;
    },
  };
}
