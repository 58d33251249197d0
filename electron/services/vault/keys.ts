import { bech32 } from '@scure/base';
import { ok, type Result } from '../../contract/result.ts';
import type { KeyView } from '../../contract/views.ts';
import { keyIdOf } from '../../domain/dsse/dsse.ts';
import { encodeBase64 } from '../../domain/encoding/base64.ts';
import type { VaultCrypto } from './crypto-types.ts';
import { firstRecordId, type RecordBook } from './records.ts';

/** The two keys that every vault has. */
export const organisationKeyId = firstRecordId;
export const datasetKeyId = 'key/dataset';

/** Public facts of the keys; kept in memory while unlocked. */
export interface PublicKeys {
  readonly organisation: { readonly keyId: string; readonly publicKey: Uint8Array; readonly createdAt: string };
  readonly dataset: { readonly recipient: string; readonly createdAt: string };
}

/** Makes the organisation's Ed25519 key and the age X25519 identity of its datasets. */
export function createKeys(
  book: RecordBook,
  crypto: VaultCrypto,
  random: (bytes: number) => Uint8Array,
  createdAt: string,
): Result<void> {
  for (const [id, type] of [
    [organisationKeyId, 'ed25519'],
    [datasetKeyId, 'age-x25519'],
  ] as const) {
    const secret = random(32);
    const written = book.put(id, { type, facts: { createdAt }, secret });
    crypto.wipe(secret);
    if (!written.ok) return written;
  }
  return ok(undefined);
}

/** Errors: `damaged` naming the key's record. */
export function readPublicKeys(book: RecordBook, crypto: VaultCrypto): Result<PublicKeys> {
  const organisation = book.get(organisationKeyId);
  if (!organisation.ok) return organisation;
  const publicKey = crypto.ed25519PublicKey(organisation.value.secret);
  crypto.wipe(organisation.value.secret);
  const dataset = book.get(datasetKeyId);
  if (!dataset.ok) return dataset;
  const recipient = recipientOf(crypto.x25519PublicKey(dataset.value.secret));
  crypto.wipe(dataset.value.secret);
  return ok({
    organisation: { keyId: keyIdOf(publicKey), publicKey, createdAt: organisation.value.facts['createdAt'] ?? '' },
    dataset: { recipient, createdAt: dataset.value.facts['createdAt'] ?? '' },
  });
}

export interface KeyUse {
  readonly uses: number;
  readonly lastUsedAt?: string | undefined;
}

export function keyViews(keys: PublicKeys, useOf: (id: string) => KeyUse): KeyView[] {
  const used = (id: string) => {
    const { uses, lastUsedAt } = useOf(id);
    return { uses, ...(lastUsedAt === undefined ? {} : { lastUsedAt }) };
  };
  return [
    {
      id: organisationKeyId,
      label: 'Organisation signing key',
      type: 'ed25519',
      purpose: 'signing',
      publicKey: encodeBase64(keys.organisation.publicKey),
      createdAt: keys.organisation.createdAt,
      ...used(organisationKeyId),
    },
    {
      id: datasetKeyId,
      label: 'Dataset identity',
      type: 'age-x25519',
      purpose: 'dataset-recipient',
      publicKey: keys.dataset.recipient,
      createdAt: keys.dataset.createdAt,
      ...used(datasetKeyId),
    },
  ];
}

/** `age1…` of an X25519 public key (age v1 specification, bech32). */
export function recipientOf(publicKey: Uint8Array): string {
  return bech32.encodeFromBytes('age', publicKey);
}

/** `AGE-SECRET-KEY-1…` of an X25519 secret. A string cannot be wiped: made only to leave the vault or for one call. */
export function identityOf(secret: Uint8Array): string {
  return bech32.encodeFromBytes('AGE-SECRET-KEY-', secret).toUpperCase();
}
