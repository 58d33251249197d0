import {
  approvalPayloadTypes,
  approvalRequestSchema,
  type Approval,
  type ApprovalKind,
  type ApprovalRequest,
  type ApprovalSubject,
  type QuorumRule,
} from '../../contract/approval.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { readApproval, readRequest, type SignedDocument } from '../../domain/approval/documents.ts';
import { fingerprintsOf } from '../../domain/approval/fingerprint.ts';
import { evaluateQuorum, type Quorum } from '../../domain/approval/quorum.ts';
import { requestRecordSchema, type RequestRecord } from './approval-record.ts';
import type { Members } from './members.ts';
import type { ApprovalPorts } from './ports.ts';

/** A request with what its signed documents say now. */
export interface Loaded {
  readonly record: RequestRecord;
  readonly request: SignedDocument<ApprovalRequest>;
  readonly approvals: readonly SignedDocument<Approval>[];
  readonly quorum: Quorum;
}

export interface RequestContext {
  readonly ports: ApprovalPorts;
  readonly members: Members;
  /** Base64; undefined while the vault is locked. */
  readonly ownKey: () => string | undefined;
  readonly changed: () => void;
}

/** Where a request is kept. */
export const idOf = (digest: string) => `request/${digest}`;

/** The requests of a profile: read from their signed bytes, asked for, and used up. */
export function createRequests({ ports, members, ownKey, changed }: RequestContext) {
  const { store, audit, clock, verify } = ports;
  const rows = store.collection('approvals', requestRecordSchema);

  const load = (record: RequestRecord, rule: SignedDocument<QuorumRule>): Result<Loaded> => {
    // From the signed bytes each time: what the store says about them is not believed.
    const request = readRequest(record.request, verify);
    if (!request.ok) return request;
    const approvals: SignedDocument<Approval>[] = [];
    for (const envelope of record.approvals) {
      const approval = readApproval(envelope, verify);
      if (!approval.ok) return approval;
      approvals.push(approval.value);
    }
    return ok({
      record,
      request: request.value,
      approvals,
      quorum: evaluateQuorum(rule, request.value, approvals, clock()),
    });
  };

  const requireRule = (): Result<SignedDocument<QuorumRule>> => {
    const rule = members.rule();
    if (!rule.ok) return rule;
    return rule.value === undefined
      ? err('wrong_state', "This profile has no members' rule yet.", {
          hint: 'Set one, or import the one of your organisation first.',
        })
      : ok(rule.value);
  };

  const find = (id: string): Result<{ loaded: Loaded; rule: SignedDocument<QuorumRule> }> => {
    if (!/^[0-9a-f]{6,64}$/.test(id)) return err('invalid_input', 'A request is named by six or more hex digits.');
    const rule = requireRule();
    if (!rule.ok) return rule;
    const listing = rows.list({ prefix: idOf(id) });
    if (!listing.ok) return listing;
    const [only, second] = listing.value.items;
    if (only === undefined) return err('not_found', `There is no request ${id}.`);
    if (second !== undefined) return err('invalid_input', `More than one request begins with ${id}.`);
    const loaded = load(only.value, rule.value);
    return loaded.ok ? ok({ loaded: loaded.value, rule: rule.value }) : loaded;
  };

  const all = (rule: SignedDocument<QuorumRule>): Result<Loaded[]> => {
    const listing = rows.list({ prefix: 'request/', newestFirst: true });
    if (!listing.ok) return listing;
    const found: Loaded[] = [];
    for (const { value } of listing.value.items) {
      const loaded = load(value, rule);
      if (!loaded.ok) return loaded;
      found.push(loaded.value);
    }
    return ok(found);
  };

  /** Judges again and spends, inside the caller's transaction. */
  const spend = (digest: string, fingerprint: string): Result<void> => {
    const found = find(digest);
    if (!found.ok) return found;
    const { record, request, quorum } = found.value.loaded;
    const no = (why: string) =>
      err('approval_missing', `Request ${digest.slice(0, 12)} ${why}.`, { details: { requestId: digest } });
    if (record.origin !== 'own' || record.withdrawn) return no('was withdrawn');
    if (!fingerprintsOf(request.value).includes(fingerprint)) return no('was approved for something else');
    if (record.uses.includes(fingerprint)) return no('was used already; each approval is good for one act');
    if (quorum.state !== 'granted') return no(`has ${quorum.have} of ${quorum.need} approvals and is ${quorum.state}`);
    const used = audit(
      'approval-used',
      digest,
      { kind: request.value.kind, act: fingerprint, approvals: quorum.have, rule: request.value.ruleSha256 },
      false,
    );
    if (!used.ok) return used;
    return rows.put(idOf(digest), { ...record, uses: [...record.uses, fingerprint] });
  };

  const ask = <K extends ApprovalKind>(
    kind: K,
    subject: ApprovalSubject<K>,
    rule: SignedDocument<QuorumRule>,
  ): Result<string> => {
    const publicKey = ownKey();
    if (publicKey === undefined) return err('locked', 'The vault is locked, so no approval can be asked for.');
    const self = rule.value.members.find((member) => member.publicKey === publicKey);
    if (self === undefined || !self.roles.some((role) => role === 'launcher' || role === 'admin')) {
      return err(
        'denied_by_policy',
        "This vault's key is no launcher or admin in the members' rule, so it may not ask.",
        {
          details: { publicKey },
        },
      );
    }
    const now = clock();
    const validSeconds = rule.value.actions[kind]?.validSeconds ?? 0;
    const document = approvalRequestSchema.safeParse({
      v: 1,
      kind,
      nonce: Buffer.from(ports.random(16)).toString('hex'),
      createdAt: new Date(now).toISOString(),
      expiresAt: new Date(now + validSeconds * 1000).toISOString(),
      ruleSha256: rule.digest,
      requester: { name: self.name, publicKey },
      subject,
    });
    if (!document.success) {
      const issue = document.error.issues[0];
      return err('invalid_input', `This cannot be asked for: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}.`);
    }
    const envelope = ports.sign(approvalPayloadTypes.request, document.data);
    if (!envelope.ok) return envelope;
    const read = readRequest(envelope.value, verify);
    if (!read.ok) return read;
    const { digest } = read.value;
    const kept = store.transaction(() => {
      const logged = audit('approval-requested', digest, { kind, expiresAt: document.data.expiresAt }, false);
      if (!logged.ok) return logged;
      return rows.insert(idOf(digest), {
        version: 1,
        origin: 'own',
        request: envelope.value,
        approvals: [],
        uses: [],
        withdrawn: false,
      });
    });
    if (!kept.ok) return kept;
    changed();
    return ok(digest);
  };

  return { rows, requireRule, find, all, spend, ask };
}
