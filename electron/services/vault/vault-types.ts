import type { NacreError, Result } from '../../contract/result.ts';
import type { KeyFormat, KeyPurpose, KeyType, KeyView } from '../../contract/keys.ts';
import type { ShareSet, ShareStanding, WrittenBackup } from '../../contract/recovery.ts';
import type {
  Calibration,
  KdfParameters,
  KeptCopy,
  LockReason,
  SigningPurpose,
  UnlockPaths,
} from '../../contract/vault.ts';
import type { VaultState } from '../../contract/views.ts';
import type { Signer } from '../../domain/dsse/dsse.ts';
import type { ShareFields } from '../../domain/recovery/share-text.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Store } from '../store/store.ts';
import type { BackupHead } from './backup-file.ts';
import type { VaultCrypto } from './crypto-types.ts';
import type { VaultHeader } from './header.ts';
import type { KeychainPort } from './keychain.ts';
import type { PassphraseInput } from './passphrase.ts';

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
  /** The system's keychain, where the host has one. */
  readonly keychain?: KeychainPort;
  /** Milliseconds that never go back, for measuring. `performance.now` when absent. */
  readonly stopwatch?: () => number;
  readonly timer?: (ms: number, run: () => void) => () => void;
}

export type VaultEvent =
  | { readonly type: 'created' | 'unlocked' | 'passphrase-changed' | 'unlock-paths-changed' }
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

/** The age identities of the datasets, for the length of one call. */
export interface DatasetIdentity {
  /** Of the active one: 32 bytes, wiped after the call. */
  readonly secret: Uint8Array;
  readonly recipient: string;
  /** `AGE-SECRET-KEY-1…`, for a library that takes only this. */
  encode(): string;
  /** The active identity first, then those that older datasets are sealed to. */
  encodeAll(): string[];
}

/** What a key is used for, for the log; digests and names. */
export interface KeyOccasion {
  readonly subject?: string;
  readonly jobId?: string;
  /** Hex SHA-256 of the evidence that the act rests on. */
  readonly evidence?: string;
}

/** The keys of the vault. Nothing is done that cannot be logged; no private part is ever returned. */
export interface VaultKeys {
  list(filter?: {
    readonly text?: string | undefined;
    readonly purpose?: KeyPurpose | undefined;
    readonly limit?: number | undefined;
  }): Result<KeyView[]>;
  get(id: string): Result<KeyView>;
  /** Active when it is the first of its purpose, else standing by. */
  create(facts: {
    readonly purpose: KeyPurpose;
    readonly type?: KeyType | undefined;
    readonly label: string;
    readonly expiresAt?: string | undefined;
  }): Result<KeyView>;
  /** Many of one kind in one transaction, with one entry in the log: addresses of a fleet, and measurements. */
  createMany(
    facts: { readonly purpose: KeyPurpose; readonly label: (index: number) => string },
    count: number,
  ): Result<number>;
  change(
    id: string,
    facts: { readonly label?: string | undefined; readonly expiresAt?: string | null | undefined },
  ): Result<KeyView>;
  /** A new (or the named) key becomes the active one of its purpose, the old one is retired. Datasets are not touched here. */
  rotate(
    passphrase: PassphraseInput,
    how: {
      readonly purpose: KeyPurpose;
      readonly type?: KeyType | undefined;
      readonly to?: string | undefined;
      readonly label?: string | undefined;
    },
  ): Promise<Result<KeyView>>;
  /** For good. Errors: `wrong_state` for an active key. */
  revoke(passphrase: PassphraseInput, id: string, reason: string): Promise<Result<KeyView>>;
  importFile(
    passphrase: PassphraseInput,
    what: { readonly path: string; readonly purpose?: KeyPurpose | undefined; readonly label: string },
  ): Promise<Result<KeyView>>;
  exportFile(what: {
    readonly id: string;
    readonly path: string;
    readonly format: KeyFormat;
    readonly part: 'public' | 'private';
    readonly passphrase?: PassphraseInput | undefined;
  }): Promise<Result<{ path: string }>>;
  /** Public age recipients of this desk. Errors: `locked`, `wrong_state` (expired). */
  recipients(): Result<readonly string[]>;
  /** Public keys whose older signatures are believed: active and retired, not revoked. */
  trusted(): Result<readonly Uint8Array[]>;
  /** Errors: `locked`. */
  signer(purpose: SigningPurpose): Result<VaultSigner>;
  /** Runs `use` with a signer that cannot fail half-way: for code that signs at once. Errors: `locked`, `damaged`, those of the log. */
  signWith<T>(purpose: SigningPurpose, use: (signer: Signer) => T, occasion?: KeyOccasion): Result<T>;
  /** Errors: `locked`, `damaged`, those of the log and of `use`. */
  withDatasetIdentity<T>(
    use: (identity: DatasetIdentity) => Promise<Result<T>> | Result<T>,
    occasion?: KeyOccasion,
  ): Promise<Result<T>>;
  /**
   * Writes the dataset identities as an age identity file (mode 0600) that must not exist yet. Asks for the passphrase
   * again and is logged first. Errors: `locked`, `wrong_passphrase`, `already_exists`, and those of the disk.
   */
  exportIdentity(passphrase: PassphraseInput, path: string): Promise<Result<{ path: string }>>;
}

/** A security key as WebAuthn describes it; `prf` is the 32 bytes that it computed, wiped by the callee. */
export interface SecurityKeyFacts {
  readonly label: string;
  readonly credentialId: string;
  readonly rpId: string;
  readonly salt: string;
  readonly prf: Uint8Array;
}

/** The ways to unlock. Every change asks for a passphrase, is logged in the same transaction, and touches no record. */
export interface VaultUnlockPaths {
  list(): Promise<Result<UnlockPaths>>;
  addPassphrase(passphrase: PassphraseInput, next: PassphraseInput, label: string): Promise<Result<UnlockPaths>>;
  /** Errors: `unavailable` naming the backend, where the keychain is none that protects. */
  addKeychain(passphrase: PassphraseInput, label: string): Promise<Result<UnlockPaths>>;
  addSecurityKey(passphrase: PassphraseInput, facts: SecurityKeyFacts): Promise<Result<UnlockPaths>>;
  /** Errors: `wrong_state` for the last passphrase. */
  remove(passphrase: PassphraseInput, id: string): Promise<Result<UnlockPaths>>;
  calibrate(targetMs: number): Promise<Result<Calibration>>;
  /** The same passphrase under another cost. Errors: `invalid_input` below the floor. */
  retune(passphrase: PassphraseInput, parameters: KdfParameters): Promise<Result<VaultState>>;
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

/** What opens a backup. */
export type BackupKey =
  | { readonly passphrase: PassphraseInput }
  /** Enough shares, and the passphrase that opens the vault from then on. */
  | { readonly shares: readonly string[]; readonly next: PassphraseInput };

/** A backup whose every record was opened. `profile` is what `collect` gave. */
export interface OpenedBackup {
  readonly head: BackupHead;
  readonly header: VaultHeader;
  readonly profile: Uint8Array;
  readonly records: number;
}

export interface BackupInput {
  readonly path: string;
  /** Opens the backup instead of the vault's passphrases; the recovery shares open it, too. */
  readonly ownPassphrase?: PassphraseInput | undefined;
  readonly offline: boolean;
  readonly logHead: () => { readonly size: number; readonly root: string };
  /** Everything of the profile that is not in the vault; called in the moment of which the vault is copied. */
  readonly collect: () => Result<Uint8Array>;
}

/** Whole backups as one file; format in backup-file.ts. */
export interface VaultBackups {
  /** Written under another name, read back, then named. Errors: `wrong_passphrase`, `already_exists`, `damaged`, those of log and disk. */
  create(passphrase: PassphraseInput, input: BackupInput): Promise<Result<WrittenBackup>>;
  /** Compares every byte with its digest; needs no secret. Errors: `not_found`, `damaged` naming the place, `wrong_state`. */
  look(path: string): Promise<Result<{ head: BackupHead; header: VaultHeader; bytes: number; sha256: string }>>;
  /** Opens every record in it and changes nothing. Errors: those of `look`; `wrong_passphrase`. */
  open(path: string, passphrase: PassphraseInput): Promise<Result<OpenedBackup>>;
  /**
   * Puts the vault of a backup in the place of one that is absent or has an unreadable header; of any with `replace`. The
   * old file is kept under another name. `apply` takes the rest, before the vault is placed. A bare vault file (a kept
   * copy) is taken, too: then `applyCopy` is asked, with the time of that file.
   * Errors: `already_exists`, those of `open` and `apply`, `invalid_input` naming a share.
   */
  restore<T>(
    path: string,
    by: BackupKey,
    how: {
      readonly replace: boolean;
      readonly apply: (profile: Uint8Array, head: BackupHead) => Result<T>;
      readonly applyCopy: (vaultId: string, madeAt: string) => Result<T>;
    },
  ): Promise<Result<T>>;
}

/** The ways back when the machine or the passphrase is lost. */
export interface VaultRecovery {
  readonly backups: VaultBackups;
  /** Hex. Errors: `not_found`, `damaged`. */
  vaultId(): Result<string>;
  /**
   * Makes k-of-n recovery shares; the ones made before stop working (except with older backups). `deliver` gives each
   * one to its holder, before the set counts; `takeBack` undoes that when the set could not be stored.
   * Errors: `locked`, `wrong_passphrase`, `invalid_input`, those of `deliver`, log and disk.
   */
  makeShares(
    passphrase: PassphraseInput,
    rule: { readonly threshold: number; readonly holders: readonly string[] },
    deliver: (
      set: ShareSet,
      shares: readonly ShareFields[],
    ) => Promise<Result<{ readonly takeBack: () => Promise<void> }>>,
  ): Promise<Result<ShareSet>>;
  /** The set that works now. Errors: `locked`, `damaged`. */
  set(): Result<ShareSet | undefined>;
  /** What a share in someone's hand is worth. Errors: `invalid_input` naming the group with a typing error, `locked`. */
  checkShare(text: string): Result<ShareStanding>;
  /** Proves that these shares open the vault, and notes that it was tried. Errors: `invalid_input` naming the share, `wrong_passphrase`, `locked`. */
  rehearse(shares: readonly string[]): Promise<Result<ShareSet>>;
  /** Sets a new passphrase with enough shares; also on a locked vault. Errors: `invalid_input` naming the share, `wrong_passphrase`. */
  recover(shares: readonly string[], newPassphrase: PassphraseInput): Promise<Result<{ vaultId: string }>>;
}

export interface VaultService {
  readonly recovery: VaultRecovery;
  state(): VaultState;
  /** Whether the passphrase opens this vault, which stays as it is. Errors: `wrong_passphrase` and those of unlock. */
  confirm(passphrase: PassphraseInput): Promise<Result<void>>;
  unlocked(): boolean;
  /** Makes the vault and its keys, and leaves it unlocked. Errors: `already_exists`, `invalid_input`, those of the disk. */
  create(passphrase: PassphraseInput): Promise<Result<VaultState>>;
  /**
   * Errors: `not_found`, `invalid_input`, `wrong_passphrase`, `unavailable` (too many attempts: wait), `damaged` naming
   * the header, the file or the records, `integrity` (the audit log was changed), `cancelled` (locked meanwhile).
   */
  unlock(passphrase: PassphraseInput): Promise<Result<VaultState>>;
  /** Always locks. An error tells what could not be written on the way out. */
  lock(reason: LockReason): Result<VaultState>;
  /** Wraps the same keys anew; no record is touched. Errors: those of unlock; `invalid_input` for the new one. */
  changePassphrase(current: PassphraseInput, next: PassphraseInput): Promise<Result<VaultState>>;
  /** Someone is at work: the idle time begins again. */
  touch(): void;
  setAutoLock(ms: number): void;
  onEvent(listener: (event: VaultEvent) => void): () => void;
  /** Errors: those of `unlock`; `unavailable` without a keychain. */
  unlockWithKeychain(): Promise<Result<VaultState>>;
  /** `prf`: 32 bytes that the security key computed; wiped here. */
  unlockWithSecurityKey(id: string, prf: Uint8Array): Promise<Result<VaultState>>;
  /**
   * Unlocks over an audit log that was changed, or that does not fit the vault: keeps it under another name and begins a
   * new one. Errors: `wrong_state` when the log is whole; those of unlock and of the disk.
   */
  setAsideLog(passphrase: PassphraseInput): Promise<Result<VaultState>>;
  readonly paths: VaultUnlockPaths;
  readonly keys: VaultKeys;
  /** Copies of the file that are kept beside it, newest first. */
  copies(): Result<KeptCopy[]>;
  readonly secrets: VaultSecrets;
  /** Locks and gives the file back. */
  close(): void;
}
