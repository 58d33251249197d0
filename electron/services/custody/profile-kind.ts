import { z } from 'zod';
import { err, ok, type Result } from '../../contract/result.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Store } from '../store/store.ts';

const kindSchema = z.strictObject({ offline: z.boolean() });
const id = 'profile-kind';

/** Whether a profile is a custodian's without a network. Errors: `damaged`, those of the disk. */
export function isOffline(store: Store): Result<boolean> {
  const found = store.collection('settings', kindSchema).get(id);
  return found.ok ? ok(found.value?.offline === true) : found;
}

/**
 * Makes a new profile an offline custodian's, for good. Only before anything else happened in it: a profile that had a
 * network once is not made air-gapped by a word. Errors: `wrong_state`, those of log and disk.
 */
export function makeOffline(store: Store, audit: AuditLog, hasVault: boolean): Result<void> {
  const offline = isOffline(store);
  if (!offline.ok) return offline;
  if (offline.value) return ok(undefined);
  if (hasVault || audit.head().size > 0) {
    return err('wrong_state', 'Only a new profile can become an offline custody profile; this one is in use.', {
      hint: 'Choose an empty folder with --profile.',
    });
  }
  return store.transaction(() => {
    const logged = audit.append({
      kind: 'settings-changed',
      actor: 'owner',
      subject: 'offline-custody',
      details: { offline: true },
      simulated: false,
    });
    return logged.ok ? store.collection('settings', kindSchema).put(id, { offline: true }) : logged;
  });
}
