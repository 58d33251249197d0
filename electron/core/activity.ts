import type { AuditEntry, AuditKind } from '../contract/audit.ts';
import type { Activity } from '../contract/views.ts';

const verbs: Readonly<Record<AuditKind, string>> = {
  'vault-created': 'vault created',
  'vault-unlocked': 'vault unlocked',
  'vault-locked': 'vault locked',
  'unlock-failed': 'unlock refused',
  'passphrase-changed': 'has a new passphrase',
  'dataset-sealed': 'sealed',
  'node-verified': 'verified',
  'node-refused': 'refused',
  'key-released': 'received the key',
  'order-signed': 'was ordered',
  'run-started': 'started',
  'run-ended': 'ended',
  'checkpoint-received': 'checkpoint received',
  'model-opened': 'opened',
  'receipt-countersigned': 'receipt countersigned',
  'failure-receipt': 'has a failure receipt',
  'pack-exported': 'exported for the auditor',
  'identity-exported': 'exported',
  'policy-changed': 'changed',
  'settings-changed': 'changed',
  'backup-exported': 'backed up',
  'vault-restored': 'restored from a backup',
  'shares-made': 'split into recovery shares',
  'shares-rehearsed': 'is the set of shares that was rehearsed',
  'key-used': 'was acted on with a key of the vault',
  'key-created': 'created',
  'key-imported': 'imported',
  'key-changed': 'changed',
  'key-rotated': 'became the active key',
  'key-revoked': 'revoked',
  'key-exported': 'exported',
  'datasets-rewrapped': 'is what datasets are wrapped to now',
  'unlock-path-added': 'opens the vault from now on',
  'unlock-path-removed': 'opens the vault no more',
  'derivation-changed': 'has another derivation cost',
  'log-set-aside': 'was set aside, a new log begins',
  'log-exported': 'exported',
  'collateral-imported': 'imported as collateral',
  'collateral-exported': 'exported as collateral',
  'evidence-kept': 'kept as evidence',
  'metrics-exported': 'sends its metrics to MLflow',
  'members-changed': 'is the rule of members',
  'approval-requested': 'waits for approval',
  'approval-imported': 'came in',
  'approval-given': 'was approved',
  'approval-refused': 'was refused by a custodian',
  'approval-withdrawn': 'was withdrawn',
  'approval-used': 'was used',
  'override-granted': 'was overridden',
};

/** One line of "what is happening", from the log that nobody can change. */
export function activityOf(entry: AuditEntry): Activity {
  const { at, kind, subject, details, simulated } = entry;
  const verb = verbs[kind];
  const reason = details['reason'] ?? details['state'];
  const why = typeof reason === 'string' ? `: ${reason.replaceAll('-', ' ')}` : '';
  return { at, subject, verb, message: `${subject} ${verb}${why}`, simulated };
}
