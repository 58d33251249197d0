import type { Result } from '../../contract/result.ts';

/** What stands behind the system's keychain on this machine. */
export interface KeychainStatus {
  readonly available: boolean;
  /** As the system names it: `keychain`, `dpapi`, `gnome_libsecret`, `kwallet6` … */
  readonly backend: string;
  /** Why it is not used, in a sentence. */
  readonly reason?: string;
}

/**
 * The operating system's keychain, given by a host that has one. A backend that only obscures (Chromium's `basic_text`
 * encrypts under a password that is the same everywhere) must be answered as not available.
 */
export interface KeychainPort {
  status(): Promise<KeychainStatus>;
  /** Encrypted for this user on this machine. Errors: `unavailable`, `not_permitted`. */
  seal(secret: Uint8Array): Promise<Result<Uint8Array>>;
  /** The secret again; the caller wipes it. Errors: `unavailable`, `not_permitted`, `damaged`. */
  open(box: Uint8Array): Promise<Result<Uint8Array>>;
}
