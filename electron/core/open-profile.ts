import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { err, ok, type NacreError, type Result } from '../contract/result.ts';
import { settingsDefaults, type Settings } from '../contract/settings.ts';
import type { VerifySignature } from '../domain/dsse/dsse.ts';
import { openAuditLog, type AuditLog } from '../services/audit/audit-log.ts';
import { openLog, type Logger, type LogService } from '../services/logging/logger.ts';
import { createSettingsService, type SettingsService } from '../services/settings/settings-service.ts';
import { openStore, type Store } from '../services/store/store.ts';
import { loadVaultCrypto } from '../services/vault/crypto.ts';
import { createVaultService } from '../services/vault/vault-service.ts';
import type { VaultService } from '../services/vault/vault-types.ts';
import type { CoreOptions } from './core-options.ts';
import { createEd25519Verifier } from './ed25519.ts';
import { openCustody, type Custody } from './offline-custody.ts';

/** What everything else stands on: the profile's store, its logs, its settings and its vault. */
export interface Profile {
  readonly store: Store;
  readonly logger: LogService;
  /** Tells the log and the host of what went wrong outside any call. */
  readonly trouble: (what: string, problem: unknown) => void;
  readonly verify: VerifySignature;
  readonly audit: AuditLog;
  readonly settings: SettingsService;
  /** As they were when it was opened; the defaults where they could not be read. */
  readonly opened: Settings;
  readonly vault: VaultService;
  readonly custody: Custody;
}

/** Opens a profile. Errors: those of the store, the audit log and the custody mode; then nothing stays open. */
export async function openProfile(
  options: CoreOptions & Required<Pick<CoreOptions, 'clock' | 'random'>>,
): Promise<Result<Profile>> {
  const { profile, clock, random, host } = options;
  const store = openStore({ directory: profile, clock, pid: process.pid });
  if (!store.ok) return store;
  const logger = openLog({ directory: profile, clock });
  const trouble = (what: string, problem: unknown) => {
    options.onTrouble?.(what, problem);
    report(logger, what, problem);
  };
  const verify = createEd25519Verifier();
  const audit = openAuditLog({ store: store.value, clock, verify });
  if (!audit.ok) {
    logger.failure('opening the audit log', audit.error);
    logger.close();
    store.value.close();
    return audit;
  }
  const settings = createSettingsService({ store: store.value, audit: audit.value });
  const current = settings.get();
  const opened = current.ok ? current.value : settingsDefaults;
  const vault = createVaultService({
    store: store.value,
    audit: audit.value,
    crypto: loadVaultCrypto(),
    clock,
    random,
    autoLockMs: opened.autoLockMinutes * 60_000,
    ...(options.kdf === undefined ? {} : { kdf: options.kdf }),
    ...(options.kdfFloor === undefined ? {} : { kdfFloor: options.kdfFloor }),
    ...(options.keychain === undefined ? {} : { keychain: options.keychain }),
  });
  const made = await makeFolders([join(profile, 'reports'), join(profile, 'models')]);
  const custody = made.ok ? openCustody(store.value, audit.value, host, () => vault.state().state !== 'absent') : made;
  if (!custody.ok) {
    vault.close();
    logger.close();
    store.value.close();
    return custody;
  }
  return ok({
    store: store.value,
    logger,
    trouble,
    verify,
    audit: audit.value,
    settings,
    opened,
    vault,
    custody: custody.value,
  });
}

async function makeFolders(folders: readonly string[]): Promise<Result<void>> {
  try {
    for (const folder of folders) await mkdir(folder, { recursive: true, mode: 0o700 });
    return ok(undefined);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return code === 'ENOSPC'
      ? err('disk_full', `The disk is full; ${folders.join(' and ')} could not be made.`)
      : err('not_permitted', `${folders.join(' and ')} could not be made (${code}).`);
  }
}

/** An error, a line of another process, or something thrown: each in its own form, none with a secret. */
function report(logger: Logger, what: string, problem: unknown): void {
  if (typeof problem === 'string') logger.warn(problem, { component: what });
  else if (isNacreError(problem)) logger.failure('trouble', problem, { component: what });
  else logger.bug('a bug', problem, { component: what });
}

function isNacreError(problem: unknown): problem is NacreError {
  return typeof problem === 'object' && problem !== null && !(problem instanceof Error) && 'message' in problem;
}
