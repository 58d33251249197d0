import type { VerdictBuilder } from '../checks.ts';
import type { EvidenceCrypto } from '../crypto.ts';
import { fromHex, toHex } from '../readers/bytes.ts';
import type { PckClaims } from './pck.ts';

/** Steps 13 and 14 of ATTESTATION §4.1, as TDX and SGX share them. */

/** A measured value is one that the policy names. @returns false when the policy names none, so that nothing was compared */
export function checkReference(
  verdict: VerdictBuilder,
  id: string,
  title: string,
  allowed: readonly string[],
  { bytes, hex: found }: { readonly bytes: Uint8Array; readonly hex: string },
  crypto: EvidenceCrypto,
): boolean {
  if (allowed.length === 0) {
    const detail = 'The policy names no value for it.';
    verdict.unknown(id, title, 'measurement-not-checked', { detail, found, required: false });
    return false;
  }
  const among = allowed.some((hex) => crypto.equal(fromHex(hex) ?? new Uint8Array(), bytes));
  verdict.judge(id, title, among, 'measurement-not-allowed', {
    detail: 'The value is none of those in the policy: something else was measured.',
    expected: allowed.length === 1 ? (allowed[0] ?? '') : `one of ${allowed.length}`,
    found,
  });
  return true;
}

/** The machine is one that the policy lists, by PPID or platform instance id. */
export function checkPlatformList(
  verdict: VerdictBuilder,
  family: 'tdx' | 'sgx',
  pck: PckClaims | undefined,
  allowed: readonly string[] | undefined,
): void {
  if (allowed === undefined) {
    verdict.notChecked('Which machine it is: the policy lists no platforms.');
    return;
  }
  const ids = pck === undefined ? [] : [pck.ppid, pck.platformInstanceId];
  verdict.judge(
    `${family}.platform`,
    'The machine is one that the policy names',
    ids.some((id) => id !== undefined && allowed.includes(id)),
    'platform-not-allowed',
    { detail: 'Neither PPID nor platform instance id is in the policy.', found: pck?.ppid ?? 'unreadable' },
  );
}

/** All 64 bytes, never a part of them: a prefix would leave room for another session. */
export function checkReportData(
  verdict: VerdictBuilder,
  family: 'tdx' | 'sgx',
  found: Uint8Array,
  expected: Uint8Array | undefined,
  crypto: EvidenceCrypto,
): void {
  const id = `${family}.report-data`;
  const title = 'REPORTDATA is what this session asked for';
  if (expected === undefined) {
    verdict.unknown(id, title, 'report-data-not-compared', {
      detail: 'No expected value was given here; without one the quote may be old or made for someone else.',
      found: toHex(found),
      required: false,
    });
    verdict.notChecked('REPORTDATA: what the quote was made for, and when, is not decided by this part.');
    return;
  }
  verdict.judge(id, title, crypto.equal(found, expected), 'report-data-mismatch', {
    detail: 'The quote was made for other keys or another session.',
    expected: toHex(expected),
    found: toHex(found),
  });
}
