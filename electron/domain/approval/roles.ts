import type { ApprovalRole } from '../../contract/approval.ts';
import type { MethodName } from '../../contract/methods.ts';
import { err, type Result } from '../../contract/result.ts';

/**
 * Who may do what once there is a members' rule. Without one everybody may do everything. One of the named roles is
 * enough; whoever is not in the rule at all may only look.
 *
 * - A *launcher* seals data, launches and stops runs and opens models.
 * - An *admin* sets policies, the rule, and what collateral and settings are in force.
 * - A *custodian* answers requests, and keeps keys and their backups.
 * - An *auditor* reads, verifies and exports reports and the log, and does nothing else.
 *
 * What is not listed is open to all of them: reading, verifying, reports, the log, unlocking and locking, the ways to
 * unlock this vault (each asks for its passphrase), carrying requests between desks, and starting the local network.
 */
const rolesOf: Partial<Record<MethodName, readonly ApprovalRole[]>> = {
  'datasets.seal': ['launcher'],
  'jobs.launch': ['launcher'],
  'jobs.launchSample': ['launcher'],
  'runs.resume': ['launcher'],
  'runs.stop': ['launcher', 'admin'],
  'runs.exportModel': ['launcher'],
  'policies.save': ['admin'],
  'policies.retire': ['admin'],
  'policies.import': ['admin'],
  'members.set': ['admin'],
  'collateral.import': ['admin', 'custodian'],
  'settings.set': ['admin'],
  // Adding a network can accept a danger by name.
  'networks.connect': ['launcher', 'admin'],
  'networks.disconnect': ['launcher', 'admin'],
  'audit.setAside': ['admin'],
  'approvals.answer': ['custodian'],
  'approvals.requestOverride': ['launcher', 'admin'],
  'approvals.withdraw': ['launcher', 'admin'],
  'approvals.remove': ['custodian', 'admin'],
  'keys.create': ['launcher', 'admin', 'custodian'],
  'keys.change': ['launcher', 'admin', 'custodian'],
  'keys.rotate': ['launcher', 'admin', 'custodian'],
  'keys.rewrap': ['launcher', 'admin', 'custodian'],
  'keys.revoke': ['launcher', 'admin', 'custodian'],
  'keys.import': ['launcher', 'admin', 'custodian'],
  'keys.export': ['launcher', 'admin', 'custodian'],
  'keys.exportIdentity': ['launcher', 'admin', 'custodian'],
  'backup.create': ['admin', 'custodian'],
  'shares.make': ['admin', 'custodian'],
  'shares.refresh': ['admin', 'custodian'],
};

/** Whether a method is for some roles only. */
export function isForRoles(name: string): name is MethodName {
  return Object.hasOwn(rolesOf, name);
}

/** A refusal when none of the roles may call the method; undefined when one may, or when everybody may. */
export function refusedByRoles(name: string, roles: readonly ApprovalRole[]): Result<never> | undefined {
  const allowed = isForRoles(name) ? rolesOf[name] : undefined;
  if (allowed === undefined || roles.some((role) => allowed.includes(role))) return undefined;
  const own = roles.length === 0 ? 'no role' : roles.join(', ');
  return err(
    'denied_by_policy',
    `${name} is for ${allowed.join(' or ')}; by the members' rule this vault's key has ${own}.`,
    {
      hint: "Ask somebody with that role, or have the members' rule changed.",
      details: { method: name, needs: [...allowed], has: [...roles] },
    },
  );
}
