import {
  approvalPayloadTypes,
  type Approval,
  type ApprovalFile,
  type ApprovalKind,
  type ApprovalRequest,
  type ApprovalSubject,
  type ApprovalView,
  type MembersView,
  type QuorumRule,
} from '../../contract/approval.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import type { SignedDocument } from '../../domain/approval/documents.ts';
import { fingerprintsOf } from '../../domain/approval/fingerprint.ts';
import { neverOverridden, type OverrideUse } from '../../domain/approval/override.ts';
import { needsApproval } from '../../domain/approval/rule.ts';
import type { RequestRecord } from './approval-record.ts';
import { viewOf, whyNotAnswer } from './approval-view.ts';
import type { Approved } from './approved.ts';
import { createImports } from './imports.ts';
import { createMembers } from './members.ts';
import type { OverrideLeave } from './override-leave.ts';
import { createOverrides } from './overrides.ts';
import { createRuleChanges, type RuleDraft } from './rule-changes.ts';
import type { ApprovalPorts } from './ports.ts';
import { createRequests, idOf, type Loaded } from './requests.ts';

export interface ApprovalService {
  /**
   * Leave for an act. Where a rule asks for approval: an open or granted request for exactly this act is taken, or made.
   * Errors: `approval_missing` with the request in `details`, `locked`, `integrity`, those of the log.
   */
  authorise<K extends ApprovalKind>(kind: K, subject: ApprovalSubject<K>): Result<Approved<K>>;
  /** An approved override for evidence that was not affirmed; see overrides.ts. */
  overrideFor(use: OverrideUse): Result<OverrideLeave | undefined>;
  list(): Result<ApprovalView[]>;
  /** By digest, or by a beginning of it that only one has. Errors: `not_found`, `invalid_input`. */
  get(id: string): Result<ApprovalView>;
  /** Signs an answer with this vault's key. `seen` is the digest that was shown. Errors: `denied_by_policy`, `wrong_state`. */
  answer(id: string, decision: 'approve' | 'refuse', reason?: string): Result<ApprovalView>;
  /** Takes a request back, so that it can no longer be used. */
  withdraw(id: string): Result<ApprovalView>;
  /** Forgets a request of another desk, answered or not. Errors: `wrong_state` for an own one. */
  remove(id: string): Result<{ id: string }>;
  /** What travels: the request (to custodians) or this vault's own answer (back). */
  exportFile(id: string, what: 'request' | 'answer'): Result<ApprovalFile>;
  /** Takes in what came. Errors: `damaged`, `integrity`, `not_found` (an answer to a request that is not here). */
  importFile(file: ApprovalFile): Result<{ kind: ApprovalFile['nacre']; id: string }>;
  members(): Result<MembersView>;
  /** The first rule, or the next version, which needs the quorum of the present one; see rule-changes.ts. */
  setMembers(draft: RuleDraft): Result<MembersView>;
  exportMembers(): Result<ApprovalFile>;
  /** Requests that wait for this desk: to be answered by its key, or to be granted. */
  waiting(): number;
  /** Called after each change; returns how to stop. */
  onChange(listener: () => void): () => void;
}

/** The top bar asks many times a second; requests change rarely, and expire by the second. Milliseconds. */
const countMs = 1000;

/** The brand exists for the compiler only; this function is the one place that gives it. */
function grant<K extends ApprovalKind>(value: Omit<Approved<K>, symbol>): Approved<K> {
  return value as Approved<K>;
}

export function createApprovalService(ports: ApprovalPorts): ApprovalService {
  const { store, audit, clock, verify } = ports;
  const members = createMembers(ports, verify);
  const listeners = new Set<() => void>();
  let counted: { readonly at: number; readonly waiting: number } | undefined;
  const changed = () => {
    counted = undefined;
    ports.onChange();
    for (const listener of listeners) listener();
  };
  const ownKey = (): string | undefined => {
    const key = ports.ownKey();
    return key.ok ? Buffer.from(key.value).toString('base64') : undefined;
  };

  const { rows, requireRule, find, all, spend, ask } = createRequests({ ports, members, ownKey, changed });

  const show = ({ loaded, rule }: { loaded: Loaded; rule: SignedDocument<QuorumRule> }): ApprovalView =>
    viewOf({ ...loaded, rule: rule.value, ownKey: ownKey() });

  const imports = createImports({ ports, rows, rowOf: idOf, requireRule, find });
  const put = (digest: string, record: RequestRecord) => rows.put(idOf(digest), record);
  const overrides = createOverrides({ ports, members, all, find, put, changed });
  const changes = createRuleChanges({
    ports,
    members,
    verify,
    ownKey,
    show: () => service.members(),
    changed,
    authorise: (subject) => service.authorise('members-change', subject),
    open(like) {
      const rule = requireRule();
      const known = rule.ok ? all(rule.value) : rule;
      if (!known.ok) return known;
      for (const { record, request, quorum } of known.value) {
        const { value } = request;
        const usable = !record.withdrawn && record.uses.length === 0 && ['waiting', 'granted'].includes(quorum.state);
        if (record.origin === 'own' && usable && value.kind === 'members-change' && like(value.subject.rule)) {
          return ok({ rule: value.subject.rule, record });
        }
      }
      return ok(undefined);
    },
  });

  const service: ApprovalService = {
    authorise(kind, subject) {
      const rule = members.rule();
      if (!rule.ok) return rule;
      if (ports.offline) return err('wrong_state', 'An offline custody profile signs approvals and does nothing else.');
      const [never] = kind === 'override' ? neverOverridden((subject as ApprovalSubject<'override'>).checks) : [];
      if (never !== undefined) {
        return err('denied_by_policy', `${never.id} failed (${never.reason}), and no approval can cover that.`, {
          hint: 'Do not use this node; look at its evidence.',
          details: { check: never.id, reason: never.reason },
        });
      }
      if (kind === 'override' && (rule.value === undefined || !needsApproval(rule.value.value, kind))) {
        return err('denied_by_policy', "An override needs custodians, and the members' rule asks none for it.", {
          hint: 'Set a rule with an "override" action first; one person alone may be its custodian, and says so in it.',
        });
      }
      if (rule.value === undefined || !needsApproval(rule.value.value, kind)) {
        return ok(
          grant<typeof kind>({
            // A rule that came since is obeyed.
            use(_fingerprint, act) {
              const again = members.rule();
              if (!again.ok) return again;
              return again.value !== undefined && needsApproval(again.value.value, kind)
                ? err('approval_missing', 'Approval is needed since a moment ago; ask for it.')
                : act();
            },
          }),
        );
      }
      const wanted = fingerprintsOf({ kind, subject } as Pick<ApprovalRequest, 'kind' | 'subject'>);
      const known = all(rule.value);
      if (!known.ok) return known;
      const open = known.value.find(
        ({ record, request, quorum }) =>
          record.origin === 'own' &&
          !record.withdrawn &&
          (quorum.state === 'waiting' || quorum.state === 'granted') &&
          request.value.kind === kind &&
          wanted.every((act) => fingerprintsOf(request.value).includes(act) && !record.uses.includes(act)),
      );
      if (open?.quorum.state === 'granted') {
        const { digest } = open.request;
        return ok(
          grant<typeof kind>({
            requestId: digest,
            use(fingerprint, act) {
              const done = store.transaction(() => {
                const spent = spend(digest, fingerprint);
                return spent.ok ? act() : spent;
              });
              if (done.ok) changed();
              return done;
            },
          }),
        );
      }
      let requestId = open?.request.digest;
      if (requestId === undefined) {
        const asked = ask(kind, subject, rule.value);
        if (!asked.ok) return asked;
        requestId = asked.value;
      }
      const have = open?.quorum.have ?? 0;
      const need = rule.value.value.actions[kind]?.approvals ?? 0;
      return err('approval_missing', `This needs ${need} approvals and has ${have}.`, {
        hint: `Custodians answer request ${requestId.slice(0, 12)}; then do it again.`,
        details: { requestId, have, need, ...(open === undefined ? {} : { expiresAt: open.request.value.expiresAt }) },
      });
    },

    overrideFor: (use) => overrides.covering(use),

    list() {
      const rule = members.rule();
      if (!rule.ok) return rule;
      if (rule.value === undefined) return ok([]);
      const inForce = rule.value;
      const known = all(inForce);
      return known.ok ? ok(known.value.map((loaded) => show({ loaded, rule: inForce }))) : known;
    },
    get(id) {
      const found = find(id);
      return found.ok ? ok(show(found.value)) : found;
    },

    answer(id, decision, reason) {
      const found = find(id);
      if (!found.ok) return found;
      const { loaded, rule } = found.value;
      const publicKey = ownKey();
      if (publicKey === undefined) return err('locked', 'The vault is locked.');
      const why = whyNotAnswer({ ...loaded, rule: rule.value, ownKey: publicKey }, decision);
      if (why !== undefined) return err('denied_by_policy', why);
      const { digest, value } = loaded.request;
      const approval: Approval = {
        v: 1,
        requestSha256: digest,
        decision,
        publicKey,
        at: new Date(clock()).toISOString(),
        ...(reason === undefined ? {} : { reason }),
      };
      const done = store.transaction(() => {
        const kind = decision === 'approve' ? 'approval-given' : 'approval-refused';
        const logged = audit(kind, digest, { kind: value.kind, key: publicKey }, false);
        if (!logged.ok) return logged;
        const envelope = ports.sign(approvalPayloadTypes.approval, approval);
        if (!envelope.ok) return envelope;
        return rows.put(idOf(digest), { ...loaded.record, approvals: [...loaded.record.approvals, envelope.value] });
      });
      if (!done.ok) return done;
      changed();
      return service.get(digest);
    },

    withdraw(id) {
      const found = find(id);
      if (!found.ok) return found;
      const { record, request } = found.value.loaded;
      const done = store.transaction(() => {
        const logged = audit('approval-withdrawn', request.digest, { kind: request.value.kind }, false);
        return logged.ok ? rows.put(idOf(request.digest), { ...record, withdrawn: true }) : logged;
      });
      if (!done.ok) return done;
      changed();
      return service.get(request.digest);
    },

    remove(id) {
      const found = find(id);
      if (!found.ok) return found;
      const { record, request } = found.value.loaded;
      if (record.origin === 'own') {
        return err('wrong_state', 'An own request stays as a trace of what was asked; withdraw it instead.');
      }
      const done = store.transaction(() => {
        const facts = { kind: request.value.kind, what: 'removed here' };
        const logged = audit('approval-withdrawn', request.digest, facts, false);
        return logged.ok ? rows.delete(idOf(request.digest)) : logged;
      });
      if (!done.ok) return done;
      changed();
      return ok({ id: request.digest });
    },

    exportFile(id, what) {
      const found = find(id);
      if (!found.ok) return found;
      const { record, approvals } = found.value.loaded;
      if (what === 'request') return ok({ nacre: 'approval-request', v: 1, request: record.request });
      const own = ownKey();
      const index = approvals.findLastIndex(({ value }) => value.publicKey === own);
      const approval = record.approvals[index];
      return approval === undefined
        ? err('not_found', 'This vault has not answered that request.')
        : ok({ nacre: 'approval', v: 1, approval });
    },

    importFile(file) {
      if (file.nacre === 'members') {
        const taken = changes.take(file.chain);
        return taken.ok ? ok({ kind: file.nacre, id: taken.value }) : taken;
      }
      const taken = file.nacre === 'approval-request' ? imports.request(file.request) : imports.approval(file.approval);
      if (taken.ok) changed();
      return taken.ok ? ok({ kind: file.nacre, id: taken.value }) : taken;
    },

    members() {
      const rule = members.rule();
      if (!rule.ok) return rule;
      const publicKey = ownKey();
      if (publicKey === undefined) return err('locked', 'The vault is locked.');
      const roles = rule.value?.value.members.find((member) => member.publicKey === publicKey)?.roles ?? [];
      return ok({
        ...(rule.value === undefined ? {} : { rule: rule.value.value, sha256: rule.value.digest }),
        own: { publicKey, roles },
        offline: ports.offline,
      });
    },

    setMembers: (draft) => changes.set(draft),

    exportMembers() {
      const present = requireRule();
      if (!present.ok) return present;
      const chain = members.chain();
      return chain.ok ? ok({ nacre: 'members', v: 1, chain: [...chain.value] }) : chain;
    },

    waiting() {
      const now = clock();
      if (counted !== undefined && now >= counted.at && now < counted.at + countMs) return counted.waiting;
      counted = { at: now, waiting: countWaiting() };
      return counted.waiting;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };

  const countWaiting = (): number => {
    const listed = service.list();
    if (!listed.ok) return 0;
    return listed.value.filter(({ state, canAnswer, origin }) => state === 'waiting' && (origin === 'own' || canAnswer))
      .length;
  };

  return service;
}
