import type { SafeStorage } from 'electron';
import { err, ok, type Result } from '../contract/result.ts';
import type { KeychainStatus } from '../core/types.ts';
import type { KeychainRequest } from './core-messages.ts';

export type Keychain = Pick<
  SafeStorage,
  'isAsyncEncryptionAvailable' | 'encryptStringAsync' | 'decryptStringAsync' | 'getSelectedStorageBackend'
>;

/** What each system keeps Electron's key in; Linux says it itself. */
const systemBackends: Partial<Record<NodeJS.Platform, string>> = { darwin: 'keychain', win32: 'dpapi' };
/** `basic_text` encrypts under a password that is the same in every Chromium; `unknown` says nothing was chosen yet. */
const refusedBackends: ReadonlySet<string> = new Set(['basic_text', 'unknown']);

/** Whether the keychain protects anything here, and what it is. */
export async function keychainStatus(keychain: Keychain, platform: NodeJS.Platform): Promise<KeychainStatus> {
  const available = await keychain.isAsyncEncryptionAvailable();
  const backend = platform === 'linux' ? keychain.getSelectedStorageBackend() : (systemBackends[platform] ?? 'unknown');
  if (refusedBackends.has(backend)) {
    const reason = `The keychain "${backend}" protects nothing; a keyring such as GNOME Keyring or KWallet is needed.`;
    return { available: false, backend, reason };
  }
  return available
    ? { available, backend }
    : { available, backend, reason: `The keychain "${backend}" cannot be used now.` };
}

/**
 * Answers the core's request: only the vault asks, and only for its own 32 bytes; pages have no way here. Bytes go as
 * base64, because the system takes text. Errors: `unavailable`, `damaged`.
 */
export async function answerKeychain(
  keychain: Keychain,
  platform: NodeJS.Platform,
  { act, bytes }: Pick<KeychainRequest, 'act' | 'bytes'>,
): Promise<Result<unknown>> {
  try {
    const status = await keychainStatus(keychain, platform);
    if (act === 'status') return ok(status);
    if (!status.available) return err('unavailable', status.reason ?? 'The keychain is not available.');
    if (act === 'seal') return ok((await keychain.encryptStringAsync(bytes ?? '')).toString('base64'));
    const opened = await keychain.decryptStringAsync(Buffer.from(bytes ?? '', 'base64'));
    return ok(opened.result);
  } catch {
    // Electron throws for a refused prompt and for a box of another user or machine alike; its text may name paths.
    return err('unavailable', 'The keychain did not do it: it was refused, or holds another key by now.', {
      hint: 'Unlock with the passphrase.',
    });
  }
}
