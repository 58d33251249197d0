import { describe, expect, it } from 'vitest';
import { buildTdxQuote } from '../simulated/intel-quote.ts';
import { collateralOf, failures, platform, tdx } from './testing/simulated.ts';

const svn = (...first: number[]) => Uint8Array.from([...first, ...new Uint8Array(16 - first.length)]);
/** A guest of TDX 1.5: launched under one module, running under another. */
const guest = (teeTcbSvn: Uint8Array, teeTcbSvn2: Uint8Array) =>
  tdx({ quote: buildTdxQuote(platform, { teeTcbSvn, teeTcbSvn2 }, { version: 5 }) });
const statusRow = ({ verdict }: ReturnType<typeof guest>) => verdict.checks.find(({ id }) => id === 'tdx.tcb.status');

describe('a guest that was launched under an older TDX module', () => {
  it('is out of date all the same, and the verdict advises to relaunch it', () => {
    for (const launched of [svn(3, 1, 5), svn(4, 1, 4)]) {
      const result = guest(launched, svn(4, 1, 5));
      expect(failures(result)).toEqual(['tcb-out-of-date', 'advisory-not-accepted']);
      expect(result.tcb?.relaunchAdvised).toBe(true);
      expect(statusRow(result)?.detail).toContain('Relaunch it');
      expect(result.verdict.claims).toContainEqual({ name: 'td_relaunch_advised', value: 'yes' });
    }
  });

  it('is not advised to where that would not help', () => {
    for (const [launched, current] of [
      [svn(3, 1, 5), svn(3, 1, 5)],
      [svn(3, 1, 5), svn(4, 1, 4)],
      [svn(3, 1, 5), svn(4, 2, 5)],
      [svn(3, 1, 5), svn(1, 1, 5)],
      [svn(4, 1, 4), svn(4, 1, 4)],
    ] as const) {
      const result = guest(launched, current);
      expect(failures(result)[0]).toBe('tcb-out-of-date');
      expect(result.tcb?.relaunchAdvised).toBeUndefined();
      expect(statusRow(result)?.detail).toContain('its owner has firmware');
    }
    // A quoting enclave that is old stays old, however the guest is launched.
    const collateral = collateralOf('tdx', {
      qeIdentity: { tcbLevels: [{ tcb: { isvsvn: 1 }, tcbDate: '2022-03-13T00:00:00Z', tcbStatus: 'OutOfDate' }] },
    });
    const quote = buildTdxQuote(platform, { teeTcbSvn: svn(3, 1, 5), teeTcbSvn2: svn(4, 1, 5) }, { version: 5 });
    expect(tdx({ quote, collateral }).tcb?.relaunchAdvised).toBeUndefined();
  });

  it('says nothing of it when all is up to date, nor of TDX 1.0', () => {
    expect(guest(svn(4, 1, 5), svn(4, 1, 5)).tcb).toMatchObject({ status: 'UpToDate' });
    const old = tdx({ quote: buildTdxQuote(platform, { teeTcbSvn: svn(2, 0, 5) }) });
    expect(old.tcb?.relaunchAdvised).toBeUndefined();
  });
});
