import type { NacreError, Result } from '../../contract/result.ts';
import type { KdfParameters, LockReason, SigningPurpose } from '../../contract/vault.ts';
import type { KeyView, VaultState } from '../../contract/views.ts';
import type { Signer } from '../../domain/dsse/dsse.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Store } from '../store/store.ts';
import type { VaultCrypto } from './crypto-types.ts';

export interface VaultOptions {
  /** For counters that are no secret: failed attempts, uses of keys. */
  readonly store: Store;
  readonly audit: AuditLog;
  readonly crypto: VaultCrypto;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly random: (bytes: number) => Uint8Array;
  /** The vault's file; `vault.db` in the profile when absent. */
  readonly path?: string;
  /** Milliseconds without `touch` until the vault locks itself. */
  readonly autoLockMs: number;
  /** Argon2id cost of new slots; refused below `kdfFloor`. */
  readonly kdf?: KdfParameters;
  /** Weakest cost accepted. Only tests lower it. */
  readonly kdfFloor?: KdfParameters;
  /** Calls `run` after `ms`; returns how to call it off. `setTimeout` when absent. */
  readonly timer?: (ms: number, run: () => void) => () => void;
}

export type VaultEvent =
  | { readonly type: 'created' | 'unlocked' | 'passphrase-changed' }
  /** `problem`: what could not be written on the way out; the vault is locked all the same. */
  | { readonly type: 'locked'; readonly reason: LockReason; readonly problem?: NacreError };

/** Signs for one purpose as long as the vault is unlocked; holds no key itself. */
export interface VaultSigner {
  readonly keyId: string;
  /** Raw Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly purpose: SigningPurpose;
  /** Errors: `locked`, `damaged`. */
  sign(bytes: Uint8Array): Result<Uint8Array>;
}

/** The age X25519 identity of the datasets, for the length of one call. */
export interface DatasetIdentity {
  /** 32 bytes, wiped after the call. */
  readonly secret: Uint8Array;
  readonly recipient: string;
  /** `AGE-SECRET-KEY-1…`, for a library that takes only this. */
  encode(): string;
}

/** Small secrets of other services (of a run, of a network account), sealed in the vault. */
export interface VaultSecrets {
  /** At most 1 MiB. The bytes stay the caller's to wipe. Errors: `locked`, `invalid_input`, and those of the disk. */
  put(id: string, secret: Uint8Array, facts?: Readonly<Record<string, string>>): Result<void>;
  /** The caller wipes the secret. Errors: `locked`, `not_found`, `damaged`. */
  get(id: string): Result<{ secret: Uint8Array; facts: Readonly<Record<string, string>> }>;
  delete(id: string): Result<boolean>;
  list(): Result<string[]>;
}

/** The ways back when the machine or the passphrase is lost. */
export interface VaultRecovery {
  /**
   * Makes k-of-n recovery shares; the ones made before stop working (except with older backups). Each text is shown once
   * and kept by one person. Errors: `locked`, `wrong_passphrase`, `invalid_input`, and those of log and disk.
   */
  makeShares(passphrase: string, rule: { threshold: number; shares: number }): Promise<Result<string[]>>;
  /** What a share in someone's hand is worth. Errors: `invalid_input` (typing error), `locked`. */
  checkShare(text: string): Result<{ state: 'current' | 'replaced' | 'foreign'; threshold: number; shares: number }>;
  /** Sets a new passphrase with enough shares; also on a locked vault. Errors: `invalid_input` naming the share, `wrong_passphrase`. */
  recover(shares: readonly string[], newPassphrase: string): Promise<Result<void>>;
  /**
   * Writes the vault as one file that opens with the passphrase (or shares) of this moment.
   * Errors: `wrong_passphrase`, `already_exists`, `damaged`, and those of log and disk.
   */
  exportBackup(passphrase: string, path: string): Promise<Result<{ path: string; bytes: number; sha256: string }>>;
  /**
   * Puts a backup in the place of a vault that is absent or has an unreadable header; of any vault with `replace`. The
   * old file is kept under another name. Errors: `already_exists`, `not_found`, `damaged`.
   */
  restoreBackup(path: string, options?: { replace?: boolean }): Promise<Result<VaultState>>;
}

export interface VaultService {
  readonly recovery: VaultRecovery;
  state(): VaultState;
  unlocked(): boolean;
  /** Makes the vault and its keys, and leaves it unlocked. Errors: `already_exists`, `invalid_input`, those of the disk. */
  create(passphrase: string): Promise<Result<VaultState>>;
  /**
   * Errors: `not_found`, `invalid_input`, `wrong_passphrase`, `unavailable` (too many attempts: wait), `damaged` naming
   * the header, the file or the records, `integrity` (the audit log was changed), `cancelled` (locked meanwhile).
   */
  unlock(passphrase: string): Promise<Result<VaultState>>;
  /** Always locks. An error tells what could not be written on the way out. */
  lock(reason: LockReason): Result<VaultState>;
  /** Wraps the same keys anew; no record is touched. Errors: those of unlock; `invalid_input` for the new one. */
  changePassphrase(current: string, next: string): Promise<Result<VaultState>>;
  /** Someone is at work: the idle time begins again. */
  touch(): void;
  setAutoLock(ms: number): void;
  onEvent(listener: (event: VaultEvent) => void): () => void;
  keys(): Result<KeyView[]>;
  /** Public age recipients of this desk. Errors: `locked`. */
  recipients(): Result<readonly string[]>;
  /** Errors: `locked`. */
  signer(purpose: SigningPurpose): Result<VaultSigner>;
  /** Runs `use` with a signer that cannot fail half-way: for code that signs at once. Errors: `locked`, `damaged`. */
  signWith<T>(purpose: SigningPurpose, use: (signer: Signer) => T): Result<T>;
  /** Errors: `locked`, `damaged`, and those of `use`. */
  withDatasetIdentity<T>(use: (identity: DatasetIdentity) => Promise<Result<T>> | Result<T>): Promise<Result<T>>;
  /**
   * Writes the dataset identity as an age identity file (mode 0600) that must not exist yet. Asks for the passphrase
   * again and is logged first. Errors: `locked`, `wrong_passphrase`, `already_exists`, and those of the disk.
   */
  exportIdentity(passphrase: string, path: string): Promise<Result<{ path: string }>>;
  readonly secrets: VaultSecrets;
  /** Locks and gives the file back. */
  close(): void;
}
