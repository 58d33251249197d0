import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import type { TdxPolicy } from '../../../contract/policy.ts';
import { vendorAnchors } from '../anchors.ts';
import { concat, toHex } from '../readers/bytes.ts';
import { buildCrl } from '../simulated/crl-builder.ts';
import { createSimulatedIntel, createSimulatedPlatform, issue, pem } from '../simulated/intel-authority.ts';
import { buildSgxQuote, buildTdxQuote, simulatedQe } from '../simulated/intel-quote.ts';
import { parseSgxQuote } from '../sgx/quote.ts';
import { parseTdxQuote } from '../tdx/quote.ts';
import type { DcapCollateral } from './collateral.ts';
import { mergeStatus } from './tcb.ts';
import { strictSgxPolicy, strictTdxPolicy } from './testing/policies.ts';
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

describe('TCB', () => {
  const below = (changes: object) =>
    createSimulatedPlatform(intel, { now, random, identity: { ...platform.identity, ...changes } });
  const outOfDate = ['tcb-out-of-date', 'advisory-not-accepted'];

  it('of an old PCE or CPU is out of date, with all advisories', () => {
    for (const old of [
      below({ pceSvn: 12 }),
      below({ components: platform.identity.components.map((svn, at) => (at === 7 ? svn - 1 : svn)) }),
    ]) {
      const result = tdx({ quote: buildTdxQuote(old, {}), collateral: collateralWithFloor() });
      expect(failures(result)).toEqual(outOfDate);
      expect(result.tcb).toMatchObject({ status: 'OutOfDate', advisories: ['INTEL-SA-00001', 'INTEL-SA-00002'] });
    }
  });

  it('unites the advisories of platform, module and quoting enclave', () => {
    const old = below({ pceSvn: 12 });
    const quote = buildTdxQuote(
      old,
      { teeTcbSvn: Uint8Array.of(2, 1, 5, ...new Uint8Array(13)) },
      { qe: { securityVersion: Uint8Array.of(3, 0) } },
    );
    const result = tdx({ quote, collateral: collateralWithFloor() });
    expect(result.tcb?.advisories).toEqual(['INTEL-SA-00001', 'INTEL-SA-00002', 'INTEL-SA-00003']);
    const policy = (acceptedAdvisories: string[]): TdxPolicy => ({
      ...strictTdxPolicy,
      acceptedStatuses: ['UpToDate', 'OutOfDate'],
      acceptedAdvisories,
    });
    expect(
      failures(tdx({ quote, collateral: collateralWithFloor(), policy: policy(['INTEL-SA-00001', 'INTEL-SA-00002']) })),
    ).toEqual(['advisory-not-accepted']);
    expect(
      failures(
        tdx({
          quote,
          collateral: collateralWithFloor(),
          policy: policy(['INTEL-SA-00001', 'INTEL-SA-00002', 'INTEL-SA-00003']),
        }),
      ),
    ).toEqual([]);
  });

  it('below every level, in each part', () => {
    const none = {
      quote: buildTdxQuote(below({ components: Array<number>(16).fill(0) }), {}),
      collateral: collateralOf('tdx'),
    };
    expect(failures(tdx(none))).toEqual(['tcb-level-not-found', 'tcb-level-unknown']);
    const module = buildTdxQuote(platform, { teeTcbSvn: Uint8Array.of(1, 1, 5, ...new Uint8Array(13)) });
    expect(failures(tdx({ quote: module }))).toEqual(['tdx-module-level-not-found', 'tcb-level-unknown']);
    const qe = buildTdxQuote(platform, {}, { qe: { securityVersion: Uint8Array.of(1, 0) } });
    expect(failures(tdx({ quote: qe }))).toEqual(['qe-tcb-level-not-found', 'tcb-level-unknown']);
  });

  it('of a module that is old, unknown, of another signer, or of TDX 1.0', () => {
    const svn = (...bytes: number[]) => Uint8Array.of(...bytes, ...new Uint8Array(16 - bytes.length));
    expect(failures(tdx({ quote: buildTdxQuote(platform, { teeTcbSvn: svn(3, 1, 5) }) }))).toEqual(outOfDate);
    expect(failures(tdx({ quote: buildTdxQuote(platform, { teeTcbSvn: svn(9, 7, 5) }) }))).toContain(
      'tdx-module-unknown',
    );
    expect(failures(tdx({ quote: buildTdxQuote(platform, { mrSignerSeam: random(48) }) }))).toEqual([
      'tdx-module-mismatch',
    ]);
    expect(failures(tdx({ quote: buildTdxQuote(platform, { teeTcbSvn: svn(3, 0, 5) }) }))).toEqual([]);
    // Without a major version the module's SVN is judged with the platform.
    expect(failures(tdx({ quote: buildTdxQuote(platform, { teeTcbSvn: svn(2, 0, 5) }) }))).toEqual(outOfDate);
    expect(failures(tdx({ quote: buildTdxQuote(platform, { teeTcbSvn: svn(4, 1, 4) }) }))).toEqual(outOfDate);
  });

  it('revoked is refused whatever a policy was made to say', () => {
    const tcbLevels = [{ tcb: { isvsvn: 0 }, tcbDate: '2024-03-13T00:00:00Z', tcbStatus: 'Revoked' }];
    const accepting = {
      ...strictTdxPolicy,
      acceptedStatuses: ['UpToDate', 'Revoked'],
    } as unknown as typeof strictTdxPolicy;
    expect(
      failures(tdx({ collateral: collateralOf('tdx', { qeIdentity: { tcbLevels } }), policy: accepting })),
    ).toEqual(['tcb-revoked']);
  });

  it('merges to the worst, whatever the order', () => {
    expect(mergeStatus('UpToDate', 'UpToDate')).toBe('UpToDate');
    expect(mergeStatus('SWHardeningNeeded', 'OutOfDate')).toBe('OutOfDate');
    expect(mergeStatus('OutOfDate', 'ConfigurationNeeded')).toBe('OutOfDateConfigurationNeeded');
    expect(mergeStatus('ConfigurationAndSWHardeningNeeded', 'OutOfDate')).toBe('OutOfDateConfigurationNeeded');
    expect(mergeStatus('SWHardeningNeeded', 'ConfigurationNeeded')).toBe('ConfigurationAndSWHardeningNeeded');
    expect(mergeStatus('UpToDate', 'Revoked', 'OutOfDate')).toBe('Revoked');
  });

  /** As honest collateral, and a last level that any platform reaches. */
  function collateralWithFloor() {
    const info = JSON.parse(collateral.tcbInfo) as { tcbLevels: { tcb: { sgxtcbcomponents: object[] } }[] };
    const [first, last] = info.tcbLevels;
    if (first === undefined || last === undefined) throw new Error('two levels');
    const floor = { ...last, tcb: { ...last.tcb, sgxtcbcomponents: Array.from({ length: 16 }, () => ({ svn: 0 })) } };
    return collateralOf('tdx', { tcbInfo: { tcbLevels: [first, floor] } });
  }
});

describe('quoting enclave', () => {
  const qe = (fields: object) => failures(tdx({ quote: buildTdxQuote(platform, {}, { qe: fields }) }));
  it.each<[string, object, string]>([
    ['in debug mode', { attributes: Uint8Array.of(0x17, ...simulatedQe.attributes.slice(1)) }, 'qe-debug-enabled'],
    ['of another signer', { mrSigner: random(32) }, 'qe-identity-mismatch'],
    ['of another product', { productId: Uint8Array.of(3, 0) }, 'qe-identity-mismatch'],
    ['with another MISCSELECT', { miscSelect: Uint8Array.of(1, 0, 0, 0) }, 'qe-identity-mismatch'],
    ['that vouches for another key', { reportData: random(64) }, 'qe-report-data-mismatch'],
    ['of an old version', { securityVersion: Uint8Array.of(3, 0) }, 'tcb-out-of-date'],
  ])('%s', (_, fields, reason) => expect(qe(fields)).toContain(reason));

  it('whose REPORTDATA goes on behind the hash', () => {
    const honest = parseTdxQuote(tdxQuote);
    if (!honest.ok) throw new Error(honest.detail);
    const reportData = honest.value.signature.qeReport.slice(320, 384);
    reportData[63] = 1;
    expect(qe({ reportData })).toEqual(['qe-report-data-mismatch']);
  });

  it('of another vendor', () => {
    expect(failures(tdx({ quote: buildTdxQuote(platform, {}, { header: { vendor: random(16) } }) }))).toEqual([
      'qe-vendor-unknown',
    ]);
  });

  it('with a key that is not on the curve', () => {
    const attestationKey = platform.attestationKey.point.slice();
    attestationKey[63] = (attestationKey[63] ?? 0) ^ 1;
    expect(failures(tdx({ quote: buildTdxQuote(platform, {}, { attestationKey }) }))).toEqual(['quote-signature']);
    for (const point of [new Uint8Array(64), new Uint8Array(64).fill(0xff)]) {
      expect(failures(tdx({ quote: buildTdxQuote(platform, {}, { attestationKey: point }) }))).toEqual([
        'quote-signature',
      ]);
    }
  });

  it('whose report is signed by another machine', () => {
    const other = createSimulatedPlatform(intel, { now, random });
    const quote = buildTdxQuote(platform, {}, { certificationData: utf8ToBytes(other.pckChain) });
    expect(failures(tdx({ quote }))).toEqual(['qe-report-signature']);
  });
});

describe('PCK certificate', () => {
  it('of another root, expired, incomplete, or in another role', () => {
    expect(failures(tdx({ quote: buildTdxQuote(createSimulatedPlatform(attacker, { now, random }), {}) }))).toContain(
      'chain-root-not-pinned',
    );
    const short = createSimulatedPlatform(intel, { now, random, notAfter: now + day });
    expect(failures(tdx({ quote: buildTdxQuote(short, {}) }))).toEqual([]);
    expect(failures(tdx({ quote: buildTdxQuote(short, {}), now: now + 2 * day }))).toEqual(['certificate-expired']);
    const chain = (...parts: Uint8Array[]) =>
      failures(tdx({ quote: buildTdxQuote(platform, {}, { certificationData: utf8ToBytes(pem(...parts)) }) }));
    expect(chain(platform.pck.certificate, intel.platformCa.certificate)).toContain('certificate-malformed');
    expect(chain(intel.tcbSigner.certificate, intel.platformCa.certificate, intel.root.certificate)).toContain(
      'chain-role-mismatch',
    );
    // A leaf with the name of an authority may not issue.
    const leaf = issue({ commonName: 'Intel SGX PCK Platform CA', now, random, issuer: intel.root });
    const forged = issue({ commonName: 'Intel SGX PCK Certificate', now, random, issuer: leaf });
    expect(chain(forged.certificate, leaf.certificate, intel.root.certificate)).toContain('chain-not-a-ca');
  });

  it('without its extension', () => {
    const bare = issue({ commonName: 'Intel SGX PCK Certificate', now, random, issuer: intel.platformCa });
    const pckChain = pem(bare.certificate, intel.platformCa.certificate, intel.root.certificate);
    const result = tdx({ quote: buildTdxQuote({ ...platform, pck: bare, pckChain }, {}) });
    expect(failures(result)[0]).toBe('pck-extension-malformed');
    expect(result.verdict.status).toBe('contraindicated');
  });

  it('not in the quote', () => {
    expect(failures(tdx({ quote: buildTdxQuote(platform, {}, { certificationType: 7 }) }))[0]).toBe(
      'certification-data-unsupported',
    );
  });

  it('of a machine that the policy does not list', () => {
    const ppid = toHex(platform.identity.ppid);
    expect(failures(tdx({ policy: { ...strictTdxPolicy, platforms: [ppid] } }))).toEqual([]);
    expect(failures(tdx({ policy: { ...strictTdxPolicy, platforms: ['00'.repeat(16)] } }))).toEqual([
      'platform-not-allowed',
    ]);
  });
});

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
