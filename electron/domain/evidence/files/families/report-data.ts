import type { CheckRows } from '../../checks.ts';
import type { EvidenceCrypto } from '../../crypto.ts';
import { concat, toHex } from '../../readers/bytes.ts';

const reportDataBytes = 64;

/**
 * CPU reports have no field for a nonce: what a person names must be the whole REPORTDATA, zero-padded to its 64 bytes. A
 * part of it would not do, because whoever made the rest could have put anything there.
 */
export function checkStatedNonce(
  rows: CheckRows,
  nonce: Uint8Array | undefined,
  reportData: Uint8Array | undefined,
  crypto: Pick<EvidenceCrypto, 'equal'>,
): void {
  if (nonce === undefined) return;
  const padded = nonce.length > reportDataBytes ? nonce : concat(nonce, new Uint8Array(reportDataBytes - nonce.length));
  const same = reportData !== undefined && crypto.equal(reportData, padded);
  rows.judge('binding.nonce', 'REPORTDATA is the nonce that was given', same, 'nonce-mismatch', {
    detail: 'The report covers something else than this nonce alone, zero-padded to 64 bytes.',
    expected: toHex(padded),
    found: reportData === undefined ? 'unreadable' : toHex(reportData),
  });
}
