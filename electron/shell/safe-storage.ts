import type { SafeStorage } from 'electron';

/**
 * Whether the system's key store protects anything. On Linux Electron falls back to `basic_text`, a password that is
 * the same in every copy of Chromium, and still reports that encryption is available. `unknown` is no promise either.
 */
export function isRealKeyStore(
  platform: NodeJS.Platform,
  storage: Pick<SafeStorage, 'getSelectedStorageBackend'>,
): boolean {
  if (platform !== 'linux') return platform === 'darwin' || platform === 'win32';
  const backend = storage.getSelectedStorageBackend();
  return backend !== 'basic_text' && backend !== 'unknown';
}
