import type { ApprovalSubject } from '../../contract/approval.ts';
import { ok, type Result } from '../../contract/result.ts';
import { copySecret } from '../../contract/secret-bytes.ts';
import { actFingerprint } from '../../domain/approval/fingerprint.ts';
import type { Services } from '../services.ts';

type Facts = ApprovalSubject<'export'>;
/** A model leaves by another way: it is no secret of the vault. */
type SecretThing = Exclude<Facts['what'], 'model'>;

const whatLeaves: Readonly<Record<SecretThing, string>> = {
  'dataset-identity': 'secret key, in the clear, as a file',
  key: 'secret key, in the clear, as a file',
  'recovery-shares': 'pages of recovery shares, which together open the vault',
  backup: 'backup of the whole vault with all its keys, which opens',
};

/**
 * A secret key may leave only with the approval that the rule asks for. It is used up before the key is touched; where
 * one would be used up, the passphrase is tried first, so that a slip of the fingers costs nobody a second round of
 * signatures. Errors: `approval_missing`, `wrong_passphrase`, and those of `act`.
 */
export async function approvedExport<T>(
  { approvals, vault }: Services,
  facts: Omit<Facts, 'description' | 'what'> & { readonly what: SecretThing },
  passphrase: Uint8Array | undefined,
  act: () => Promise<Result<T>>,
): Promise<Result<T>> {
  const description = `${whatLeaves[facts.what]}: ${facts.item}`;
  const subject = { ...facts, description: description.slice(0, 300) };
  const leave = approvals.authorise('export', subject);
  if (!leave.ok) return leave;
  if (leave.value.requestId !== undefined && passphrase !== undefined) {
    const confirmed = await vault.confirm(copySecret(passphrase));
    if (!confirmed.ok) return confirmed;
  }
  const spent = leave.value.use(actFingerprint('export', subject), () => ok(undefined));
  return spent.ok ? act() : spent;
}
