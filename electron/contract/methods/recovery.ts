import { z } from 'zod';
import {
  checkedBackupSchema,
  recoveryLimits,
  recoveryStatusSchema,
  restoredBackupSchema,
  shareSetSchema,
  shareStandingSchema,
  writtenBackupSchema,
  writtenSharesSchema,
} from '../recovery.ts';
import { none, passphrase, path } from './fields.ts';

/** Typed, which passes once like a passphrase, or a file of the desk: text, PDF of the kit, PNG or JPEG of its code. */
const share = z.union([
  z.strictObject({ text: z.string().min(1).max(recoveryLimits.shareText) }),
  z.strictObject({ path }),
]);
const shares = z.array(share).min(1).max(recoveryLimits.shares);
const holder = z.string().trim().min(1).max(recoveryLimits.holder);
/** Where the pages of the kit go: a folder, made when it is not there. Shares themselves never pass the contract. */
const target = { passphrase, folder: path, textFiles: z.boolean().optional() };

export const recoveryMethods = {
  'recovery.status': { input: none, output: recoveryStatusSchema },
  /** One new file, mode 0600. `ownPassphrase`: it opens with that instead of the vault's. */
  'backup.create': {
    input: z.strictObject({ passphrase, path, ownPassphrase: passphrase.optional() }),
    output: writtenBackupSchema,
  },
  /** Without a passphrase every byte is compared with its digest; with one everything in it is opened, too. */
  'backup.check': { input: z.strictObject({ path, passphrase: passphrase.optional() }), output: checkedBackupSchema },
  /** On a new profile, or over a vault that cannot be opened. With shares a new passphrase is set at once. */
  'backup.restore': {
    input: z.strictObject({
      path,
      with: z.union([z.strictObject({ passphrase }), z.strictObject({ shares, next: passphrase })]),
      /** Also over a vault whose header can be read. The old file stays beside it. */
      replace: z.boolean().optional(),
    }),
    output: restoredBackupSchema,
  },
  /** A new set, one page a share. The shares made before stop working. */
  'shares.make': {
    input: z.strictObject({
      ...target,
      threshold: z.number().int().min(2).max(recoveryLimits.shares),
      holders: z.array(holder).min(2).max(recoveryLimits.shares),
    }),
    output: writtenSharesSchema,
  },
  /** A new set for the same holders. */
  'shares.refresh': { input: z.strictObject(target), output: writtenSharesSchema },
  'shares.check': { input: z.strictObject({ share }), output: shareStandingSchema },
  /** Proves that these shares would open the vault. Changes nothing but the date of the last rehearsal. */
  'shares.rehearse': { input: z.strictObject({ shares }), output: shareSetSchema },
  /** Sets a new passphrase on the vault of this profile. */
  'shares.recover': { input: z.strictObject({ shares, next: passphrase }), output: z.object({ vaultId: z.string() }) },
} as const;
