import { loadVaultCrypto } from '../crypto.ts';
import { deriveKeys, readHeader } from '../header.ts';
import { createRecordBook } from '../records.ts';
import { openMaster } from '../session.ts';
import { systemRandom } from '../system-random.ts';
import { openVaultFile } from '../vault-file.ts';
import { valueOf } from './vault-fixture.ts';

export interface VaultSecretsFound {
  readonly master: Uint8Array;
  readonly headerKey: Uint8Array;
  readonly recordsKey: Uint8Array;
  readonly indexKey: Uint8Array;
  /** Seed of the signing key, and the secret that opens datasets. */
  readonly signing: Uint8Array;
  readonly dataset: Uint8Array;
}

/** What another process keeps secret in the vault at `path`: read from its file here, so that nothing has to be asked there. */
export async function secretsOfVault(path: string, passphrase: string): Promise<VaultSecretsFound> {
  const crypto = loadVaultCrypto();
  const file = valueOf(openVaultFile(path, { readOnly: true }));
  const header = valueOf(readHeader(valueOf(file.readHeader())));
  const { master } = valueOf(await openMaster(header, new TextEncoder().encode(passphrase), crypto));
  const keys = deriveKeys(master);
  const book = createRecordBook({ file, keys, vaultId: header.vaultId, crypto, random: systemRandom });
  const signing = valueOf(book.get('key/organisation')).secret;
  const dataset = valueOf(book.get('key/dataset')).secret;
  file.close();
  return { master, headerKey: keys.header, recordsKey: keys.records, indexKey: keys.index, signing, dataset };
}
