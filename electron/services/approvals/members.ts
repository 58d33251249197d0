import { approvalPayloadTypes, type QuorumRule, type RuleLink } from '../../contract/approval.ts';
import type { DsseEnvelope } from '../../contract/dsse.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import type { SignedDocument } from '../../domain/approval/documents.ts';
import { readRuleChain } from '../../domain/approval/rule.ts';
import type { VerifySignature } from '../../domain/dsse/dsse.ts';
import type { ApprovalPorts } from './ports.ts';
import { ruleRecordSchema } from './approval-record.ts';

export interface Members {
  /** The rule in force; undefined when none was ever set. Errors: `integrity` when store and log do not agree. */
  rule(): Result<SignedDocument<QuorumRule> | undefined>;
  chain(): Result<readonly RuleLink[]>;
  /** Adds a version that was checked and logs it, both or neither. */
  add(link: RuleLink, rule: SignedDocument<QuorumRule>, how: 'founded' | 'changed' | 'imported'): Result<void>;
}

const idOf = (version: number) => `rule/${String(version).padStart(4, '0')}`;

/**
 * The versions of the members' rule. The audit log names each one: a rule that was put back to an older version, or
 * taken away, is found, and then nothing that needs approval is done.
 */
export function createMembers(ports: ApprovalPorts, verify: VerifySignature): Members {
  const rows = ports.store.collection('approvals', ruleRecordSchema);
  let known: { readonly at: string; readonly rule: SignedDocument<QuorumRule> | undefined } | undefined;

  const chain = (): Result<readonly RuleLink[]> => {
    const listing = rows.list({ prefix: 'rule/' });
    if (!listing.ok) return listing;
    const [bad] = listing.value.damaged;
    if (bad !== undefined) return err('damaged', bad.message);
    return ok(listing.value.items.map(({ value }) => value.link));
  };

  return {
    chain,
    rule() {
      const logged = ports.loggedRules();
      if (!logged.ok) return logged;
      const links = chain();
      if (!links.ok) return links;
      const newest = Math.max(0, ...logged.value.keys());
      if (links.value.length === 0 && newest === 0) return ok(undefined);
      // Signatures of a chain that did not change since they were last checked are not checked again.
      const at = JSON.stringify([[...logged.value], links.value.map(({ rule }) => rule.payload)]);
      if (known?.at === at) return ok(known.rule);
      const read = readRuleChain(links.value, logged.value, verify);
      if (!read.ok || read.value.value.version !== newest) {
        return err('integrity', "The members' rule in this profile is not the one in its audit log.", {
          hint: 'The profile folder was changed. Nothing is released until this is understood.',
          details: read.ok ? { logged: newest, found: read.value.value.version } : { reason: read.error.message },
        });
      }
      known = { at, rule: read.value };
      return ok(read.value);
    },
    add: (link, rule, how) =>
      ports.store.transaction(() => {
        const logged = ports.audit(
          'members-changed',
          rule.digest,
          { version: rule.value.version, how, members: rule.value.members.length },
          false,
        );
        if (!logged.ok) return logged;
        return rows.insert(idOf(rule.value.version), { version: 1, link });
      }),
  };
}

/** Signs a rule. Errors: `locked`. */
export function signRule(ports: ApprovalPorts, rule: QuorumRule): Result<DsseEnvelope> {
  return ports.sign(approvalPayloadTypes.rule, rule);
}
