import { describe, expect, it } from 'vitest';
import type { DcapCollateral } from './dcap/collateral.ts';
import {
  anchors,
  collateral,
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
} from './dcap/testing/simulated.ts';
import { evidenceFilePolicy } from './files/default-policy.ts';
import { verifyEvidenceSet } from './files/verify.ts';
import { concat, toHex } from './readers/bytes.ts';
import { buildCrl } from './simulated/crl-builder.ts';
import { createSimulatedIntel } from './simulated/intel-authority.ts';
import { buildSgxQuote, buildTdxQuote } from './simulated/intel-quote.ts';

/**
 * The ten things in which published DCAP verifiers differ: quotes and collateral that some of them accept though they must
 * not, or refuse though they are good. Each for TDX and SGX, given to the verifier itself and as files of evidence.
 */
interface Case {
  readonly collateral?: Partial<DcapCollateral>;
  readonly quote?: Uint8Array;
}

interface Row {
  readonly name: string;
  /** Reason of the first required check that fails; undefined: the evidence is good. */
  readonly reason: string | undefined;
  readonly tdx?: readonly Case[];
  readonly sgx?: readonly Case[];
}

const attacker = createSimulatedIntel({ now, random });
const current = { thisUpdate: now - day, nextUpdate: now + day };
const list = (dates: { thisUpdate: number; nextUpdate: number }, issuer = intel.platformCa, signer = issuer) =>
  toHex(buildCrl({ issuer: issuer.name, ...dates }, signer.signer));
const both = (cases: readonly Case[]) => ({ tdx: cases, sgx: cases });
const edited = (of: DcapCollateral) => ({
  collateral: { qeIdentity: of.qeIdentity.replace('"isvprodid":2', '"isvprodid":3') },
});
const bytes = (...values: readonly number[]) => Uint8Array.from({ length: 16 }, (_, at) => values[at] ?? 0);
const trailing = [1, 70, 307, 3065].map((size) => random(size));

const rows: readonly Row[] = [
  { name: 'a genuine quote with genuine collateral', reason: undefined, ...both([{}]) },
  {
    name: 'a PCK CRL with the right name, signed by somebody else',
    reason: 'crl-signature',
    ...both([{ collateral: { pckCrl: list(current, intel.platformCa, attacker.platformCa) } }]),
  },
  { name: 'no PCK CRL', reason: 'crl-missing', ...both([{ collateral: { pckCrl: '' } }]) },
  {
    name: 'the root CRL where the PCK CRL belongs',
    reason: 'crl-issuer-mismatch',
    ...both([{ collateral: { pckCrl: collateral.rootCaCrl } }]),
  },
  {
    name: 'an expired PCK CRL',
    reason: 'crl-expired',
    ...both([{ collateral: { pckCrl: list({ thisUpdate: now - 900 * day, nextUpdate: now - 870 * day }) } }]),
  },
  {
    name: 'a forged root CRL',
    reason: 'crl-signature',
    ...both([{ collateral: { rootCaCrl: list(current, intel.root, attacker.root) } }]),
  },
  {
    name: 'a QE identity that was edited, or is {}',
    reason: 'qe-identity-signature',
    tdx: [edited(collateral), { collateral: { qeIdentity: '{}' } }],
    sgx: [edited(sgxCollateral), { collateral: { qeIdentity: '{}' } }],
  },
  {
    name: 'a guest or an enclave in debug mode',
    reason: 'debug-enabled',
    tdx: [{ quote: buildTdxQuote(platform, { tdAttributes: bytes(1, 0, 0, 0x10).subarray(0, 8) }) }],
    sgx: [{ quote: buildSgxQuote(platform, { attributes: bytes(0x07) }) }],
  },
  {
    name: 'a guest without SEPT_VE_DISABLE',
    reason: 'sept-ve-disable-off',
    tdx: [{ quote: buildTdxQuote(platform, { tdAttributes: new Uint8Array(8) }) }],
  },
  {
    name: 'quotes of version 5, and bytes behind the signature',
    reason: undefined,
    tdx: [
      { quote: buildTdxQuote(platform, {}, { version: 5 }) },
      { quote: buildTdxQuote(platform, {}, { version: 5, extended: false }) },
      ...trailing.map((junk) => ({ quote: concat(tdxQuote, junk) })),
    ],
    sgx: [
      { quote: buildSgxQuote(platform, {}, { version: 5 }) },
      ...trailing.map((junk) => ({ quote: concat(sgxQuote, junk) })),
    ],
  },
];

const families = ['tdx', 'sgx'] as const;
type Family = (typeof families)[number];
const honest = { tdx: [tdxQuote, collateral], sgx: [sgxQuote, sgxCollateral] } as const;

function asFiles(family: Family, changes: Case, clock: number) {
  const [quote, genuine] = honest[family];
  // The layout of collateral files: names in snake case.
  const documents = JSON.stringify(
    Object.fromEntries(
      Object.entries({ ...genuine, ...changes.collateral }).map(([name, text]) => [
        name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
        text,
      ]),
    ),
  );
  return verifyEvidenceSet({
    files: [
      { name: 'quote.bin', bytes: changes.quote ?? quote },
      { name: 'collateral.json', bytes: new TextEncoder().encode(documents) },
    ],
    family,
    policy: evidenceFilePolicy,
    anchors,
    now: clock,
    crypto,
  });
}

function direct(family: Family, changes: Case, clock: number) {
  const request = {
    now: clock,
    collateral: { ...honest[family][1], ...changes.collateral },
    ...(changes.quote === undefined ? {} : { quote: changes.quote }),
  };
  return family === 'tdx' ? tdx(request) : sgx(request);
}

const cases = rows.flatMap((row) =>
  families.flatMap((family) => (row[family] ?? []).map((changes) => [row.name, family, row.reason, changes] as const)),
);

describe('where published verifiers fail', () => {
  it('there are ten', () => expect(rows).toHaveLength(10));

  it.each(cases)('%s (%s)', (_, family, reason, changes) => {
    const result = direct(family, changes, now);
    expect(result.verdict.status).toBe(reason === undefined ? 'affirming' : 'contraindicated');
    if (reason === undefined) expect(failures(result)).toEqual([]);
    else expect(failures(result)).toContain(reason);

    const files = asFiles(family, changes, now);
    expect(files).toMatchObject({
      ok: true,
      value: {
        family,
        verification: reason === undefined ? { status: 'affirming' } : { status: 'contraindicated', reason },
      },
    });
  });

  it.each(families)('a clock that is no number is a bug, and loud (%s)', (family) => {
    for (const clock of [undefined, Number.NaN]) {
      expect(() => direct(family, {}, clock as unknown as number)).toThrow(TypeError);
      expect(() => asFiles(family, {}, clock as unknown as number)).toThrow(TypeError);
    }
  });
});
