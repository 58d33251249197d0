import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { QuorumRule } from '../../../contract/approval.ts';
import { err, ok, type Result } from '../../../contract/result.ts';
import { createSigner, signJson, verifyEd25519 } from '../../../domain/dsse/dsse.ts';
import { openAuditLog, type AuditLog } from '../../audit/audit-log.ts';
import { openStore, type Store } from '../../store/store.ts';
import type { RuleDraft } from '../rule-changes.ts';
import { createApprovalService, type ApprovalService } from '../approval-service.ts';

export const start = Date.UTC(2026, 10, 22, 10);

/** A person with a key, as every test here knows them. */
export function person(seed: number) {
  const signer = createSigner(new Uint8Array(32).fill(seed));
  return { signer, publicKey: Buffer.from(signer.publicKey).toString('base64') };
}
export type Person = ReturnType<typeof person>;

export interface Desk {
  readonly service: ApprovalService;
  readonly store: Store;
  readonly audit: AuditLog;
  readonly directory: string;
  /** Milliseconds since the epoch; tests move it. */
  now: number;
  /** When set, the log takes no entry of this kind. */
  refuses: string | undefined;
  locked: boolean;
  kinds(): string[];
  /** Closes store and service, and opens the same folder again, as after a crash. */
  reopen(): Desk;
  end(): void;
}

/** The approvals of one profile on a real store and a real log. */
export function openDesk(who: Person, directory = mkdtempSync(join(tmpdir(), 'nacre-approvals-')), now = start): Desk {
  const desk = { now, refuses: undefined as string | undefined, locked: false };
  const clock = () => desk.now;
  const store = value(openStore({ directory, clock, pid: process.pid }));
  const audit = value(openAuditLog({ store, clock }));
  let count = 0;
  const service = createApprovalService({
    store,
    audit: (kind, subject, details, simulated) => {
      if (kind === desk.refuses) return err('disk_full', 'The disk is full.');
      const written = audit.append({ kind, actor: 'test', subject, details: { ...details }, simulated });
      return written.ok ? ok(undefined) : written;
    },
    loggedRules() {
      const entries = audit.list({ after: -1, limit: 1000 });
      if (!entries.ok) return entries;
      const rules = entries.value.filter(({ entry }) => entry.kind === 'members-changed');
      return ok(new Map(rules.map(({ entry }) => [Number(entry.details['version']), entry.subject])));
    },
    ownKey: () => (desk.locked ? err('locked', 'locked') : ok(who.signer.publicKey)),
    sign: (type, document) => (desk.locked ? err('locked', 'locked') : ok(signJson(type, document, who.signer))),
    verify: verifyEd25519,
    clock,
    random: (bytes) => new Uint8Array(bytes).fill((count += 1)),
    offline: false,
    onChange: () => undefined,
  });
  return Object.assign(desk, {
    service,
    store,
    audit,
    directory,
    kinds: () => value(audit.list({ after: -1, limit: 1000 })).map(({ entry }) => entry.kind),
    reopen() {
      store.close();
      return openDesk(who, directory, desk.now);
    },
    end() {
      store.close();
      rmSync(directory, { recursive: true, force: true });
    },
  });
}

export function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
}

export const launcher = person(1);
export const alice = person(2);
export const bob = person(3);
export const carol = person(4);
export const stranger = person(9);

/** Launcher and admin at the desk, three custodians, two of them needed. */
export function ruleOf(): QuorumRule {
  const action = { approvals: 2, requesterCounts: false, validSeconds: 3600 };
  return {
    v: 1,
    organisation: 'Hospital',
    version: 1,
    previous: null,
    createdAt: new Date(start).toISOString(),
    members: [
      { name: 'Desk', publicKey: launcher.publicKey, roles: ['launcher', 'admin', 'custodian'] },
      { name: 'Alice', publicKey: alice.publicKey, roles: ['custodian'] },
      { name: 'Bob', publicKey: bob.publicKey, roles: ['custodian'] },
      { name: 'Carol', publicKey: carol.publicKey, roles: ['auditor'] },
    ],
    actions: {
      'key-release': action,
      export: action,
      'policy-change': action,
      override: action,
      'members-change': action,
    },
  };
}

/** What an admin says of a rule. */
export function draftOf(change: Partial<RuleDraft> = {}): RuleDraft {
  const { organisation, members, actions } = ruleOf();
  return { organisation, members, actions, ...change };
}
