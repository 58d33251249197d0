import { err, ok, type Result } from '../contract/result.ts';
import type { AuditLog } from '../services/audit/audit-log.ts';
import { isOffline, makeOffline } from '../services/custody/profile-kind.ts';
import { forbidSockets } from '../services/custody/no-sockets.ts';
import type { Store } from '../services/store/store.ts';
import type { HostKind } from './types.ts';

export interface Custody {
  /** A custodian's profile without a network, since this core was opened. */
  readonly offline: boolean;
  makeOffline(): Result<void>;
}

/**
 * What an offline profile answers. A list of what is allowed, so that a capability that comes later is refused until
 * somebody thought about it.
 */
const allowed =
  /^(app|vault|keys|approvals|members|custody|audit|settings|files|tasks|backup|shares|recovery|kit)\.|^(network\.state|(runs|nodes|datasets|policies|evidence|reports)\.list|reports\.verifyPack)$/;

/** Why a method is not for this profile; undefined when it is. */
export function refusedOffline(name: string): ReturnType<typeof err> | undefined {
  return allowed.test(name)
    ? undefined
    : err('wrong_state', `${name} needs a network, or works for one; this is an offline custody profile.`, {
        hint: 'Do it at the desk. Here requests are read and answered.',
      });
}

/**
 * Reads what kind of profile this is before anything of it starts. An offline one shuts its process off every socket; the
 * web host, which is nothing but a socket, does not open it. Errors: `wrong_state`, those of the store.
 */
export function openCustody(store: Store, audit: AuditLog, host: HostKind, hasVault: () => boolean): Result<Custody> {
  const offline = isOffline(store);
  if (!offline.ok) return offline;
  if (offline.value && host === 'web') {
    return err('wrong_state', 'This is an offline custody profile, and the web host is a network server.', {
      hint: 'Open it with the desktop app or with the nacre command.',
    });
  }
  // A test process carries other cores besides this one.
  if (offline.value && host !== 'test') forbidSockets();
  return ok({ offline: offline.value, makeOffline: () => makeOffline(store, audit, hasVault()) });
}
