import { describe, expect, it } from 'vitest';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import type { TdxPolicy } from '../../../contract/policy.ts';
import { toHex } from '../readers/bytes.ts';
import { createSimulatedIntel, createSimulatedPlatform, issue, pem } from '../simulated/intel-authority.ts';
import { buildTdxQuote, simulatedQe } from '../simulated/intel-quote.ts';
import { parseTdxQuote } from '../tdx/quote.ts';
import { mergeStatus } from './tcb.ts';
import { strictTdxPolicy } from '../../policy/intel-sections.ts';
import {
  collateral,
  collateralOf,
  day,
  failures,
  intel,
  now,
  platform,
  random,
  tdx,
  tdxQuote,
} from './testing/simulated.ts';

const attacker = createSimulatedIntel({ now, random });

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
