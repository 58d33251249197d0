import { z } from 'zod';

/** Backups and recovery shares as screens and commands see them. A share itself is never in any of this. */

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`));

export const recoveryLimits = {
  /** Most shares of one set. */
  shares: 16,
  /** Characters of a share as a person may type it. */
  shareText: 512,
  /** Characters of the name of whoever holds a share. */
  holder: 80,
} as const;

/** One share as it is remembered: who holds it, and what recognises it. */
export const heldShareSchema = z.object({
  index: z.number().int(),
  holder: z.string(),
  digest: hex(32),
});
export type HeldShare = z.infer<typeof heldShareSchema>;

/** The set of shares that works now. */
export const shareSetSchema = z.object({
  setId: hex(8),
  vaultId: hex(16),
  threshold: z.number().int(),
  createdAt: z.string(),
  shares: z.array(heldShareSchema),
  /** When enough shares were last put together and opened the vault's key, without changing anything. */
  rehearsedAt: z.string().optional(),
  /** Places of the shares of that rehearsal. */
  rehearsedWith: z.array(z.number().int()).optional(),
});
export type ShareSet = z.infer<typeof shareSetSchema>;

/** What a share in someone's hand is worth. */
export const shareStandingSchema = z.object({
  /** current: of the set that works now; replaced: of an older one; foreign: of another vault, or forged. */
  state: z.enum(['current', 'replaced', 'foreign']),
  index: z.number().int(),
  threshold: z.number().int(),
  shares: z.number().int(),
  setId: hex(8),
  vaultId: hex(16),
  digest: hex(32),
  /** Who is noted for it; only where it is current. */
  holder: z.string().optional(),
});
export type ShareStanding = z.infer<typeof shareStandingSchema>;

/** Acts in the audit log that a backup does not know of. */
export const behindSchema = z.object({
  /** Entries of the log after the backup. */
  entries: z.number().int(),
  /** Those that changed what a backup holds, by kind. */
  acts: z.array(z.object({ kind: z.string(), count: z.number().int() })),
});
export type Behind = z.infer<typeof behindSchema>;

export const lastBackupSchema = z.object({
  path: z.string(),
  at: z.string(),
  bytes: z.number().int(),
  sha256: hex(32),
  /** Whether the file is still where it was written. */
  present: z.boolean(),
  /** On the file system of the vault: lost together with it. */
  sameDisk: z.boolean(),
  /** It opens with a passphrase of its own. */
  ownPassphrase: z.boolean(),
  behind: behindSchema,
});
export type LastBackup = z.infer<typeof lastBackupSchema>;

export const recoveryStatusSchema = z.object({
  vaultId: hex(16),
  backup: lastBackupSchema.optional(),
  set: shareSetSchema.optional(),
});
export type RecoveryStatus = z.infer<typeof recoveryStatusSchema>;

export const writtenBackupSchema = z.object({
  path: z.string(),
  at: z.string(),
  bytes: z.number().int(),
  sha256: hex(32),
});
export type WrittenBackup = z.infer<typeof writtenBackupSchema>;

export const checkedBackupSchema = z.object({
  path: z.string(),
  bytes: z.number().int(),
  sha256: hex(32),
  vaultId: hex(16),
  createdAt: z.string(),
  /** Entries of the audit log in it. */
  logSize: z.number().int(),
  /** Ways that open it. */
  opensWith: z.array(z.string()),
  /** true: it was opened, and every record in it is whole. false: only its digests were compared. */
  opened: z.boolean(),
  records: z.number().int().optional(),
  datasets: z.number().int().optional(),
  /** What this profile knows that the backup does not; absent where it is of another vault or there is none here. */
  behind: behindSchema.optional(),
});
export type CheckedBackup = z.infer<typeof checkedBackupSchema>;

export const restoredBackupSchema = z.object({
  vaultId: hex(16),
  createdAt: z.string(),
  /** all: records and log came from the backup; vault-only: those of this profile were whole and stayed. */
  took: z.enum(['all', 'vault-only']),
  datasets: z.number().int(),
  behind: behindSchema,
});
export type RestoredBackup = z.infer<typeof restoredBackupSchema>;

export const writtenSharesSchema = z.object({
  set: shareSetSchema,
  files: z.array(z.object({ index: z.number().int(), holder: z.string(), path: z.string() })),
});
export type WrittenShares = z.infer<typeof writtenSharesSchema>;
