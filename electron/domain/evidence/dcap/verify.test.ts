import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { vendorAnchors } from '../anchors.ts';
import { concat, toHex } from '../readers/bytes.ts';
import { buildCrl } from '../simulated/crl-builder.ts';
import { createSimulatedIntel, issue, pem } from '../simulated/intel-authority.ts';
import { buildSgxQuote, buildTdxQuote } from '../simulated/intel-quote.ts';
import { parseSgxQuote } from '../sgx/quote.ts';
import { parseTdxQuote } from '../tdx/quote.ts';
import type { DcapCollateral } from './collateral.ts';
import { strictTdxPolicy } from '../../policy/intel-sections.ts';
import {
  anchors,
  collateral,
  collateralOf,
  crypto,
  day,
  failures,
  intel,
  now,
  platform,
  random,
  sgx,
  sgxCollateral,
  sgxQuote,
  tdx,
  tdxQuote,
} from './testing/simulated.ts';

const attacker = createSimulatedIntel({ now, random });
const dates = { thisUpdate: now - day, nextUpdate: now + day };
const pckCrl = (changes: object, signer = intel.platformCa.signer, issuer = intel.platformCa.name) =>
  toHex(buildCrl({ issuer, ...dates, ...changes }, signer));

describe('honest SIMULATED quotes', () => {
  it.each([
    ['version 4', buildTdxQuote(platform, {})],
    ['version 5, TDX 1.0', buildTdxQuote(platform, {}, { version: 5, extended: false })],
    ['version 5, TDX 1.5', buildTdxQuote(platform, {}, { version: 5 })],
  ])('TDX %s', (_, quote) => {
    const result = tdx({ quote });
    expect(failures(result)).toEqual([]);
    expect(result.verdict.status).toBe('affirming');
    expect(result.tcb).toMatchObject({ status: 'UpToDate', advisories: [], evaluationDataNumber: 18 });
    expect(result.verdict.checks.find(({ id }) => id === 'tdx.pck.chain')?.title).toContain('SIMULATED');
  });

  it.each([3, 4, 5] as const)('SGX version %d', (version) => {
    const result = sgx({ quote: buildSgxQuote(platform, {}, { version }) });
    expect(failures(result)).toEqual([]);
    expect(result.verdict.status).toBe('affirming');
  });

  it('are worth nothing under the vendor roots', () => {
    expect(failures(tdx({ anchors: vendorAnchors }))).toContain('chain-root-not-pinned');
    expect(tdx({ anchors: vendorAnchors }).verdict.status).toBe('contraindicated');
  });

  it('of one family are not taken for the other', () => {
    expect(failures(tdx({ quote: sgxQuote }))).toEqual(['evidence-malformed']);
    expect(failures(sgx({ quote: tdxQuote }))).toEqual(['evidence-malformed']);
  });

  it('name every field, and bytes behind the signature change nothing but the digest', () => {
    const trailing = random(307);
    const [plain, padded] = [tdx(), tdx({ quote: concat(tdxQuote, trailing) })];
    expect(padded.verdict.status).toBe('affirming');
    expect(padded.verdict.checks).toEqual(plain.verdict.checks);
    expect(padded.verdict.measurements).toEqual(plain.verdict.measurements);
    expect(padded.verdict.notChecked.join(' ')).toContain('307 bytes');
    const names = plain.verdict.claims.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(
      expect.arrayContaining(['version', 'mrseam', 'rtmr3', 'qe_mrsigner', 'pck_fmspc', 'tcb_status']),
    );
  });
});

describe('collateral', () => {
  const expired = { thisUpdate: now - 40 * day, nextUpdate: now - day };
  it.each<[string, Partial<DcapCollateral>, string]>([
    ['PCK CRL forged', { pckCrl: pckCrl({}, attacker.platformCa.signer) }, 'crl-signature'],
    ['PCK CRL empty', { pckCrl: '' }, 'crl-missing'],
    ['PCK CRL swapped for the root CRL', { pckCrl: collateral.rootCaCrl }, 'crl-issuer-mismatch'],
    ['PCK CRL expired', { pckCrl: pckCrl(expired) }, 'crl-expired'],
    ['PCK CRL of tomorrow', { pckCrl: pckCrl({ thisUpdate: now + 1000 }) }, 'collateral-not-yet-valid'],
    ['PCK CRL garbage', { pckCrl: 'no list' }, 'crl-malformed'],
    ['PCK CRL cut short', { pckCrl: collateral.pckCrl.slice(0, -2) }, 'crl-malformed'],
    ['root CRL forged', { rootCaCrl: pckCrl({}, attacker.root.signer, intel.root.name) }, 'crl-signature'],
    ['root CRL empty', { rootCaCrl: '' }, 'crl-missing'],
    ['root CRL expired', { rootCaCrl: pckCrl(expired, intel.root.signer, intel.root.name) }, 'crl-expired'],
    [
      'QE identity edited',
      { qeIdentity: collateral.qeIdentity.replace('"isvprodid":2', '"isvprodid":3') },
      'qe-identity-signature',
    ],
    ['QE identity with a space more', { qeIdentity: `${collateral.qeIdentity} ` }, 'qe-identity-signature'],
    ['QE identity {}', { qeIdentity: '{}' }, 'qe-identity-signature'],
    ['QE identity empty', { qeIdentity: '' }, 'qe-identity-missing'],
    ['QE identity no JSON', { qeIdentity: '{"a":' }, 'qe-identity-malformed'],
    [
      'QE identity of SGX',
      { qeIdentity: sgxCollateral.qeIdentity, qeIdentitySignature: sgxCollateral.qeIdentitySignature },
      'qe-identity-mismatch',
    ],
    ['TCB info edited', { tcbInfo: collateral.tcbInfo.replace('OutOfDate', 'UpToDate') }, 'tcb-info-signature'],
    ['TCB info {}', { tcbInfo: '{}' }, 'tcb-info-signature'],
    ['TCB info empty', { tcbInfo: '' }, 'tcb-info-missing'],
    [
      'TCB info of SGX',
      { tcbInfo: sgxCollateral.tcbInfo, tcbInfoSignature: sgxCollateral.tcbInfoSignature },
      'tcb-info-of-other-tee',
    ],
    ['TCB info signature not hex', { tcbInfoSignature: 'zz' }, 'tcb-info-signature'],
    ['TCB info signature empty', { tcbInfoSignature: '' }, 'tcb-info-signature'],
    ['issuer chain garbage', { tcbInfoIssuerChain: 'no chain' }, 'certificate-malformed'],
    ['issuer chain empty', { qeIdentityIssuerChain: '' }, 'certificate-malformed'],
  ])('%s', (_, changes, reason) => {
    const result = tdx({ collateral: { ...collateral, ...changes } });
    expect(failures(result)).toContain(reason);
    expect(result.verdict.status).toBe('contraindicated');
  });

  it('missing leaves everything that needs it undecided', () => {
    for (const result of [tdx({ collateral: undefined }), sgx({ collateral: undefined })]) {
      expect(result.verdict.status).toBe('warning');
      expect(new Set(failures(result))).toEqual(new Set(['collateral-missing', 'tcb-level-unknown']));
    }
  });

  it('signed under another root', () => {
    const chain = pem(attacker.tcbSigner.certificate, attacker.root.certificate);
    const tcbInfoSignature = toHex(attacker.tcbSigner.signer.sign(utf8ToBytes(collateral.tcbInfo)));
    const result = tdx({ collateral: { ...collateral, tcbInfoIssuerChain: chain, tcbInfoSignature } });
    expect(failures(result)).toContain('chain-root-not-pinned');
    expect(result.tcb).toBeUndefined();
  });

  it('signed by a PCK instead of the TCB signer', () => {
    const options = { commonName: 'Intel SGX PCK Certificate', now, random, issuer: intel.root };
    const { signer, certificate } = issue(options);
    const tcbInfoSignature = toHex(signer.sign(utf8ToBytes(collateral.tcbInfo)));
    const tcbInfoIssuerChain = pem(certificate, intel.root.certificate);
    expect(failures(tdx({ collateral: { ...collateral, tcbInfoIssuerChain, tcbInfoSignature } }))).toContain(
      'chain-role-mismatch',
    );
  });

  it.each([
    ['PCK', { revokedByPlatformCa: [platform.pck] }, 'tdx.revocation.pck'],
    ['intermediate', { revokedByRoot: [intel.platformCa] }, 'tdx.revocation.intermediate'],
    ['TCB signer', { revokedByRoot: [intel.tcbSigner] }, 'tdx.revocation.tcb-signer'],
  ])('%s revoked', (_, changes, id) => {
    const result = tdx({ collateral: collateralOf('tdx', changes) });
    expect(result.verdict.checks.find((check) => check.id === id)).toMatchObject({
      outcome: 'fail',
      reason: 'certificate-revoked',
    });
    expect(result.verdict.status).toBe('contraindicated');
  });

  it('of another FMSPC or PCE', () => {
    expect(failures(tdx({ collateral: collateralOf('tdx', { tcbInfo: { fmspc: '00806F050000' } }) }))).toContain(
      'fmspc-mismatch',
    );
    expect(failures(tdx({ collateral: collateralOf('tdx', { tcbInfo: { pceId: '0001' } }) }))).toContain(
      'pceid-mismatch',
    );
  });

  it('from tomorrow, or of last month', () => {
    expect(failures(tdx({ now: now - 2 * day }))).toContain('collateral-not-yet-valid');
    expect(failures(tdx({ now: now + 30 * day }))).toContain('collateral-expired');
    // issueDate ≤ now < nextUpdate
    expect(tdx({ now: now + 29 * day - 1 }).verdict.status).toBe('affirming');
    expect(failures(tdx({ now: now + 29 * day }))).toContain('collateral-expired');
  });

  it('rolled back behind the policy or the newest seen', () => {
    expect(failures(tdx({ highestEvaluationDataNumber: 19 }))).toEqual(['collateral-rolled-back']);
    expect(failures(tdx({ policy: { ...strictTdxPolicy, minimumEvaluationDataNumber: 19 } }))).toEqual([
      'collateral-rolled-back',
    ]);
    expect(failures(tdx({ highestEvaluationDataNumber: 18 }))).toEqual([]);
    // The lower of the two documents counts.
    expect(
      failures(
        tdx({
          collateral: collateralOf('tdx', { qeIdentity: { tcbEvaluationDataNumber: 17 } }),
          highestEvaluationDataNumber: 18,
        }),
      ),
    ).toEqual(['collateral-rolled-back']);
  });

  it.each([
    '2026-13-01T00:00:00Z',
    '2026-02-31T00:00:00Z',
    '2026-06-01',
    '2026-06-01T00:00:00+00:00',
    '2026-06-01 00:00:00Z',
    '',
  ])('dated %j', (issueDate) => {
    expect(failures(tdx({ collateral: collateralOf('tdx', { tcbInfo: { issueDate } }) }))).toContain(
      'tcb-info-malformed',
    );
  });
});

describe('clock', () => {
  it.each([Number.NaN, undefined, Number.POSITIVE_INFINITY, '2026', null])('%s is loud', (clock) => {
    expect(() => tdx({ now: clock as number })).toThrow(TypeError);
    expect(() => sgx({ now: clock as number })).toThrow(TypeError);
  });
});

describe('any bytes', () => {
  it('malformed headers and sizes', () => {
    for (const quote of [
      buildTdxQuote(platform, {}, { header: { version: 6 } }),
      buildTdxQuote(platform, {}, { header: { attestationKeyType: 3 } }),
      buildTdxQuote(platform, {}, { version: 5, bodySize: 584 }),
      buildTdxQuote(platform, {}, { version: 5, bodySize: 0xffff_ffff }),
      buildTdxQuote(platform, {}, { outerCertificationType: 5 }),
      new Uint8Array(16_385),
    ]) {
      expect(failures(tdx({ quote }))).toEqual(['evidence-malformed']);
    }
  });

  it('a quote cut at any length is refused', () => {
    for (const [quote, verify] of [
      [tdxQuote, tdx],
      [sgxQuote, sgx],
    ] as const) {
      for (let length = 0; length < quote.length; length++) {
        expect(failures(verify({ quote: quote.subarray(0, length) }))).toEqual(['evidence-malformed']);
      }
    }
  });

  it('random bytes, with or without a good beginning, never throw and never affirm', () => {
    fc.assert(
      fc.property(fc.nat(700), fc.uint8Array({ maxLength: 5000 }), (keep, tail) => {
        const quote = concat(tdxQuote.subarray(0, keep), tail);
        return tdx({ quote }).verdict.status !== 'affirming' && sgx({ quote }).verdict.status !== 'affirming';
      }),
      { numRuns: 300 },
    );
  });

  it('single bits of what is signed', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('tdx', 'sgx'),
        fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
        fc.nat(7),
        (tee, where, bit) => {
          const quote = (tee === 'tdx' ? tdxQuote : sgxQuote).slice();
          const parsed = tee === 'tdx' ? parseTdxQuote(quote) : parseSgxQuote(quote);
          if (!parsed.ok) throw new Error(parsed.detail);
          const at = Math.floor(where * parsed.value.signature.certificationData.byteOffset);
          quote[at] = (quote[at] ?? 0) ^ (1 << bit);
          return (tee === 'tdx' ? tdx({ quote }) : sgx({ quote })).verdict.status !== 'affirming';
        },
      ),
      { numRuns: 400, seed: 20_260_601 },
    );
  });

  it('single bits of collateral', () => {
    const fields = ['tcbInfo', 'qeIdentity', 'rootCaCrl', 'pckCrl', 'tcbInfoSignature', 'qeIdentitySignature'] as const;
    fc.assert(
      fc.property(fc.constantFrom(...fields), fc.nat(100_000), fc.nat(5), (field, where, bit) => {
        const text = collateral[field];
        const at = where % text.length;
        const changed = String.fromCharCode(text.charCodeAt(at) ^ (1 << bit));
        // Hex digits in another case are the same bytes.
        if (changed.toLowerCase() === text.charAt(at).toLowerCase() && !field.endsWith('fo') && field !== 'qeIdentity')
          return true;
        const broken = { ...collateral, [field]: text.slice(0, at) + changed + text.slice(at + 1) };
        return tdx({ collateral: broken, crypto, anchors }).verdict.status !== 'affirming';
      }),
      { numRuns: 300, seed: 20_260_601 },
    );
  });
});
