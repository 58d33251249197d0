import { describe, expect, it } from 'vitest';
import { concat, toHex } from '../readers/bytes.ts';
import { buildSgxQuote, buildTdxQuote } from '../simulated/intel-quote.ts';
import { parseSgxQuote } from '../sgx/quote.ts';
import { parseTdxQuote } from '../tdx/quote.ts';
import { strictSgxPolicy, strictTdxPolicy } from '../../policy/intel-sections.ts';
import { collateral, failures, platform, random, sgx, sgxQuote, tdx, tdxQuote } from './testing/simulated.ts';

describe('TD policy', () => {
  const little = (value: bigint) =>
    Uint8Array.from({ length: 8 }, (_, at) => Number((value >> BigInt(8 * at)) & 0xffn));
  const sept = 1n << 28n;
  it.each<[string, object, string]>([
    ['debug', { tdAttributes: little(sept | 1n) }, 'debug-enabled'],
    ['another bit of the untrusted group', { tdAttributes: little(sept | 0x20n) }, 'debug-enabled'],
    ['SEPT_VE_DISABLE off', { tdAttributes: little(0n) }, 'sept-ve-disable-off'],
    ['PERFMON', { tdAttributes: little(sept | (1n << 63n)) }, 'perfmon-enabled'],
    ['a reserved attribute', { tdAttributes: little(sept | (1n << 40n)) }, 'td-attributes-reserved'],
    ['migratable', { tdAttributes: little(sept | (1n << 29n)) }, 'td-migratable'],
    ['XFAM without SSE', { xfam: little(1n) }, 'xfam-not-allowed'],
    ['XFAM with a reserved bit', { xfam: little(0x3n | (1n << 10n)) }, 'xfam-not-allowed'],
    ['a service TD', { mrServiceTd: random(48) }, 'service-td-bound'],
  ])('%s', (_, fields, reason) => {
    const result = tdx({ quote: buildTdxQuote(platform, fields, { version: 5 }) });
    expect(failures(result)).toEqual([reason]);
    expect(result.verdict.status).toBe('contraindicated');
  });

  it('SEAMATTRIBUTES of a debug module', () => {
    const quote = buildTdxQuote(platform, { seamAttributes: little(1n) });
    expect(failures(tdx({ quote }))).toEqual(['tdx-module-mismatch', 'seam-attributes']);
  });

  it('opens where the policy says so, and says what it does not check', () => {
    const quote = buildTdxQuote(platform, { tdAttributes: little(1n << 63n) });
    const policy = { ...strictTdxPolicy, requireSeptVeDisable: false, performanceMonitoringAllowed: true };
    const result = tdx({ quote, policy });
    expect(failures(result)).toEqual([]);
    expect(result.verdict.notChecked.join(' ')).toContain('SEPT_VE_DISABLE');
    const service = new Uint8Array(48).fill(5);
    const bound = buildTdxQuote(
      platform,
      { mrServiceTd: service, tdAttributes: little(sept | (1n << 29n)) },
      { version: 5 },
    );
    expect(failures(tdx({ quote: bound, policy: { ...strictTdxPolicy, serviceTds: [toHex(service)] } }))).toEqual([]);
  });

  it('reference values and report data', () => {
    const parsed = parseTdxQuote(tdxQuote);
    if (!parsed.ok) throw new Error(parsed.detail);
    const { mrtd, reportData } = parsed.value.td;
    const measured = (values: string[]) => ({
      ...strictTdxPolicy,
      measurements: { ...strictTdxPolicy.measurements, mrtd: values },
    });
    expect(failures(tdx({ policy: measured([toHex(mrtd)]), reportData }))).toEqual([]);
    expect(failures(tdx({ policy: measured([toHex(random(48))]) }))).toEqual(['measurement-not-allowed']);
    for (const wrong of [
      reportData.slice(0, 32),
      new Uint8Array(64),
      new Uint8Array(),
      concat(reportData, reportData),
    ]) {
      expect(failures(tdx({ reportData: wrong }))).toEqual(['report-data-mismatch']);
    }
  });
});

describe('SGX policy', () => {
  it('refuses debug, and what the policy does not name', () => {
    const debug = buildSgxQuote(platform, { attributes: Uint8Array.of(7, ...new Uint8Array(15)) });
    expect(failures(sgx({ quote: debug }))).toEqual(['debug-enabled']);
    const parsed = parseSgxQuote(sgxQuote);
    if (!parsed.ok) throw new Error(parsed.detail);
    const own = toHex(parsed.value.enclave.mrEnclave);
    expect(
      failures(sgx({ policy: { ...strictSgxPolicy, mrEnclaves: [own], productId: 0, minimumSecurityVersion: 0 } })),
    ).toEqual([]);
    const other = {
      ...strictSgxPolicy,
      mrEnclaves: ['11'.repeat(32)],
      mrSigners: ['22'.repeat(32)],
      productId: 1,
      minimumSecurityVersion: 1,
    };
    expect(failures(sgx({ policy: other }))).toEqual([
      'measurement-not-allowed',
      'measurement-not-allowed',
      'product-not-allowed',
      'enclave-version-below-minimum',
    ]);
    expect(failures(sgx({ collateral }))).toContain('tcb-info-of-other-tee');
  });
});
