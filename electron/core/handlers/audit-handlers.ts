import { writeFile } from 'node:fs/promises';
import { err, ok, type Result } from '../../contract/result.ts';
import { findEntries, type AuditFilter } from '../actions/audit-query.ts';
import type { Handlers } from '../router.ts';
import type { Services } from '../services.ts';

type Names = 'audit.list' | 'audit.verify' | 'audit.export' | 'audit.setAside';

/** As many proofs as one bundle holds. */
const exportMaximum = 10_000;

export function auditHandlers({ audit, vault }: Services): Pick<Handlers, Names> {
  return {
    'audit.list': async ({ after, limit, newest, ...filter }) => {
      const entries = findEntries(audit, filter, { after, limit, newest });
      if (!entries.ok) return entries;
      return ok({
        ...audit.head(),
        entries: entries.value.map(({ entry, leafHash }) => {
          const { version: _version, actor: _actor, ...shown } = entry;
          return { ...shown, leafHash };
        }),
      });
    },
    'audit.verify': async () => {
      const keys = vault.keys.list({ purpose: 'signing' });
      if (!keys.ok) return keys;
      // The newest checkpoint may be of a key that was active then.
      const head = audit.verify(...keys.value.map(({ publicKey }) => new Uint8Array(Buffer.from(publicKey, 'base64'))));
      if (head.ok) return ok({ whole: true, ...head.value });
      if (head.error.code !== 'integrity') return head;
      return ok({ whole: false, ...audit.head(), problem: head.error.message });
    },
    'audit.export': async ({ path, ...filter }) => exportEntries(path, filter),
    'audit.setAside': async ({ passphrase }) => vault.setAsideLog(passphrase),
  };

  async function exportEntries(
    path: string,
    filter: AuditFilter,
  ): Promise<Result<{ path: string; entries: number; checkpointSize: number }>> {
    const found = findEntries(audit, filter, { after: -1, limit: exportMaximum + 1 });
    if (!found.ok) return found;
    if (found.value.length > exportMaximum) {
      return err('invalid_input', `More than ${exportMaximum} entries fit.`, {
        hint: 'Choose a shorter time or fewer kinds.',
      });
    }
    const logged = audit.append({
      kind: 'log-exported',
      actor: 'owner',
      subject: 'audit log',
      details: { path, entries: found.value.length },
      simulated: false,
    });
    if (!logged.ok) return logged;
    const bundle = audit.prove(found.value.map(({ entry }) => entry.index));
    if (!bundle.ok) return bundle;
    try {
      await writeFile(path, `${JSON.stringify(bundle.value, null, 1)}\n`, { mode: 0o600, flag: 'wx', flush: true });
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
      if (code === 'EEXIST') return err('already_exists', `${path} exists already.`, { hint: 'Choose another name.' });
      return err(code === 'ENOSPC' ? 'disk_full' : 'not_permitted', `${path} could not be written (${code}).`);
    }
    return ok({ path, entries: found.value.length, checkpointSize: audit.head().size });
  }
}
