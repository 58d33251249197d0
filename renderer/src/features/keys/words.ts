import type { AuditKind } from '../../../../electron/contract/audit.ts';
import type { KeyEffects, KeyFormat, KeyPurpose, KeyType, KeyView } from '../../../../electron/contract/keys.ts';
import type { Option } from '../../ui/index.ts';
import { plural } from '../../ui/index.ts';

export const purposeWords: Readonly<Record<KeyPurpose, string>> = {
  signing: 'Signs orders, manifests and receipts',
  'dataset-recipient': 'Opens datasets, checkpoints and models',
  wallet: 'Pays on networks that need a wallet',
};

/** The same in a word, for a column. */
export const useWords: Readonly<Record<KeyPurpose, string>> = {
  signing: 'Signing',
  'dataset-recipient': 'Datasets',
  wallet: 'Wallet',
};

export const typeWords: Readonly<Record<KeyType, string>> = {
  ed25519: 'Ed25519',
  'age-x25519': 'age X25519',
  'age-hybrid': 'age ML-KEM-768 + X25519',
  secp256k1: 'secp256k1',
};

/** The first of a purpose is what is made when nothing is said. */
export const typesFor: Readonly<Record<KeyPurpose, readonly KeyType[]>> = {
  signing: ['ed25519'],
  'dataset-recipient': ['age-x25519', 'age-hybrid'],
  wallet: ['secp256k1'],
};

const privateFormats: Readonly<Record<KeyType, readonly KeyFormat[]>> = {
  ed25519: ['pem', 'openssh', 'jwk'],
  'age-x25519': ['age', 'pem', 'jwk'],
  'age-hybrid': ['age'],
  secp256k1: ['pem', 'jwk', 'hex'],
};

const formatNames: Readonly<Record<KeyFormat, string>> = {
  age: 'age identity or recipient',
  pem: 'PEM (PKCS#8, SPKI)',
  jwk: 'JWK',
  openssh: 'OpenSSH',
  hex: 'Hex',
};

export const purposeOptions: ReadonlyArray<Option<KeyPurpose>> = (
  ['signing', 'dataset-recipient', 'wallet'] as const
).map((value) => ({ value, label: purposeWords[value] }));

export const formatOptions = (type: KeyType): ReadonlyArray<Option<KeyFormat>> =>
  privateFormats[type].map((value) => ({ value, label: formatNames[value] }));

/** `2027-01-31` is the end of that day, UTC; undefined for what is no day. */
export function endOfDay(text: string): string | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
  const time = Date.parse(`${text}T23:59:59Z`);
  // Date.parse takes 31 February for 3 March.
  return Number.isNaN(time) || !new Date(time).toISOString().startsWith(text) ? undefined : `${text}T23:59:59Z`;
}

/** The state and what it means, with a past expiry. */
export function stateOf(key: Pick<KeyView, 'state' | 'expiresAt'>, now: number): string {
  const expired = key.expiresAt !== undefined && Date.parse(key.expiresAt) <= now && key.state !== 'revoked';
  return expired ? `${key.state}, expired` : key.state;
}

const names = (list: ReadonlyArray<{ readonly name: string }>): string =>
  list
    .slice(0, 5)
    .map(({ name }) => name)
    .join(', ') + (list.length > 5 ? ` and ${list.length - 5} more` : '');

/** What a revocation touches, one sentence each. */
export function effectSentences({ datasets, orders, policies, notes }: KeyEffects): string[] {
  return [
    datasets.length === 0
      ? 'No dataset needs it.'
      : `${plural(datasets.length, 'dataset')} can be opened only with it: ${names(datasets)}.`,
    orders.length === 0
      ? 'No order rests on it.'
      : `${plural(orders.length, 'order rests', 'orders rest')} on it: ${names(orders)}.`,
    policies.length === 0
      ? 'No policy was signed by it.'
      : `${plural(policies.length, 'policy', 'policies')} signed by it: ${names(policies)}.`,
    ...notes,
  ];
}

/** Each act of the ledger as a person says it; the entry itself keeps the code. */
export const actWords: Readonly<Record<AuditKind, string>> = {
  'vault-created': 'Vault created',
  'vault-unlocked': 'Vault unlocked',
  'vault-locked': 'Vault locked',
  'unlock-failed': 'Unlock failed',
  'passphrase-changed': 'Passphrase changed',
  'dataset-sealed': 'Dataset sealed',
  'node-verified': 'Node verified',
  'node-refused': 'Node refused',
  'key-released': 'Key released',
  'order-signed': 'Order signed',
  'run-started': 'Run started',
  'run-ended': 'Run ended',
  'checkpoint-received': 'Checkpoint received',
  'model-opened': 'Model opened',
  'receipt-countersigned': 'Receipt signed',
  'failure-receipt': 'Failure receipt',
  'pack-exported': 'Auditor pack exported',
  'identity-exported': 'Identity exported',
  'policy-changed': 'Policy changed',
  'settings-changed': 'Settings changed',
  'backup-exported': 'Backup written',
  'vault-restored': 'Vault restored',
  'shares-made': 'Shares made',
  'shares-rehearsed': 'Shares rehearsed',
  'members-changed': 'Rule of members set',
  'approval-requested': 'Approval asked for',
  'approval-imported': 'Approval taken in',
  'approval-given': 'Approval given',
  'approval-refused': 'Approval refused',
  'approval-withdrawn': 'Approval withdrawn',
  'approval-used': 'Approval used',
  'override-granted': 'Override granted',
  'key-used': 'Key used',
  'key-created': 'Key created',
  'key-imported': 'Key imported',
  'key-changed': 'Key changed',
  'key-rotated': 'Key rotated',
  'key-revoked': 'Key revoked',
  'key-exported': 'Key exported',
  'datasets-rewrapped': 'Datasets rewrapped',
  'unlock-path-added': 'Way to unlock added',
  'unlock-path-removed': 'Way to unlock removed',
  'derivation-changed': 'Derivation changed',
  'log-set-aside': 'Ledger set aside',
  'log-exported': 'Ledger exported',
  'collateral-imported': 'Collateral imported',
  'collateral-exported': 'Collateral exported',
  'evidence-kept': 'Evidence kept',
  'metrics-exported': 'Metrics exported',
};

/** Groups of acts that the ledger can be filtered by. */
export const ledgerGroups: Readonly<Record<string, { readonly name: string; readonly kinds: readonly AuditKind[] }>> = {
  all: { name: 'All acts', kinds: [] },
  unlocks: {
    name: 'Unlocks and failed attempts',
    kinds: [
      'vault-created',
      'vault-unlocked',
      'vault-locked',
      'unlock-failed',
      'unlock-path-added',
      'unlock-path-removed',
      'passphrase-changed',
      'derivation-changed',
    ],
  },
  keys: {
    name: 'Keys',
    kinds: [
      'key-created',
      'key-imported',
      'key-changed',
      'key-rotated',
      'key-revoked',
      'key-used',
      'datasets-rewrapped',
    ],
  },
  releases: { name: 'Releases', kinds: ['key-released', 'override-granted', 'node-verified', 'node-refused'] },
  exports: {
    name: 'Exports',
    kinds: ['key-exported', 'identity-exported', 'pack-exported', 'backup-exported', 'log-exported'],
  },
  seals: { name: 'Seals', kinds: ['dataset-sealed', 'checkpoint-received', 'model-opened'] },
};
