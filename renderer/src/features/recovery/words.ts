import type { Behind } from '../../../../electron/contract/recovery.ts';
import { plural } from '../../ui/index.ts';

const names: Readonly<Record<string, readonly [string, string]>> = {
  'key-created': ['new key', 'new keys'],
  'key-imported': ['imported key', 'imported keys'],
  'key-rotated': ['rotation of a key', 'rotations of keys'],
  'key-revoked': ['revoked key', 'revoked keys'],
  'key-changed': ['changed key', 'changed keys'],
  'dataset-sealed': ['sealed dataset', 'sealed datasets'],
  'passphrase-changed': ['change of the passphrase', 'changes of the passphrase'],
  'shares-made': ['set of shares', 'sets of shares'],
  'policy-changed': ['change of a policy', 'changes of policies'],
  'members-changed': ['change of the members', 'changes of the members'],
  'settings-changed': ['change of settings', 'changes of settings'],
};

/** What a backup does not know, in words; undefined when it knows everything. */
export function missingWords({ acts }: Behind): string | undefined {
  if (acts.length === 0) return undefined;
  return acts
    .map(({ kind, count }) => {
      const [one, many] = names[kind] ?? ['other change', 'other changes'];
      return plural(count, one, many);
    })
    .join(', ');
}
