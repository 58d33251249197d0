import { ok, type Result } from '../../contract/result.ts';
import type { RecordBook } from './records.ts';
import type { VaultSecrets } from './vault-types.ts';

const prefix = 'secret/';

/** Secrets of other services, under a prefix of their own so that no name can reach a key of the vault. */
export function createSecrets(book: () => Result<RecordBook>): VaultSecrets {
  const withBook = <T>(use: (open: RecordBook) => Result<T>): Result<T> => {
    const open = book();
    return open.ok ? use(open.value) : open;
  };
  return {
    put: (id, secret, facts = {}) => withBook((open) => open.put(`${prefix}${id}`, { type: 'secret', facts, secret })),
    get: (id) => withBook((open) => open.get(`${prefix}${id}`)),
    delete: (id) => withBook((open) => open.delete(`${prefix}${id}`)),
    list: () =>
      withBook((open) => {
        const records = open.list();
        if (!records.ok) return records;
        const own = records.value.filter(({ id }) => id.startsWith(prefix));
        return ok(own.map(({ id }) => id.slice(prefix.length)));
      }),
  };
}
