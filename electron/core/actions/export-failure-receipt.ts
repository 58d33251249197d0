import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import { err, ok, type Result } from '../../contract/result.ts';
import type { ExportedFile } from '../../contract/views.ts';
import { canonicalJson } from '../../domain/dsse/dsse.ts';
import { writeWhole } from '../../services/reports/write-file.ts';
import type { Services } from '../services.ts';

/**
 * Writes the failure receipt of an attempt as JSON, for whoever is asked for a refund.
 * Errors: `not_found`, `wrong_state` (the attempt has none), those of the disk.
 */
export async function exportFailureReceipt(
  { runs, downloads, profile }: Pick<Services, 'runs' | 'downloads' | 'profile'>,
  runId: string,
  attempt: number,
  to: string | undefined,
): Promise<Result<ExportedFile>> {
  const record = runs.record(runId);
  if (!record.ok) return record;
  const receipt = record.value.attempts?.find(({ number }) => number === attempt)?.failureReceipt;
  if (receipt === undefined) {
    return err('wrong_state', `Attempt ${attempt} of run ${record.value.view.name} has no failure receipt.`, {
      hint: 'One is made when a node ends an attempt, and signed when the vault is open.',
    });
  }
  const bytes = canonicalJson(receipt);
  const path = to ?? join(profile, 'reports', `failure-${runId}-attempt-${attempt}.dsse.json`);
  const written = await writeWhole(path, bytes);
  if (!written.ok) return written;
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const file = { path, fileName: basename(path), bytes: bytes.length, sha256 };
  return ok({ downloadId: downloads.offer(file), ...file });
}
