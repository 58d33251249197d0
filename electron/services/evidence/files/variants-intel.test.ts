import { cut, describeVariants, flip, json, of, put, textOf, type Change, type Variant } from './testing/variants.ts';

interface Base {
  readonly of: string;
  /** Size of the body, and where it begins. */
  readonly body: number;
  readonly start: number;
  /** What it is untouched. */
  readonly verdict: string;
  /** A vector with genuine collateral of the other kind of TEE. */
  readonly other: string;
}

const bases: readonly Base[] = [
  { of: 'tdx/v4-uptodate-phala', body: 584, start: 48, verdict: 'valid', other: 'sgx/v3-debug-occlum' },
  { of: 'tdx/v5-uptodate-google', body: 648, start: 54, verdict: 'valid', other: 'sgx/v3-debug-occlum' },
  {
    of: 'sgx/v3-swhardening-automata',
    body: 384,
    start: 48,
    verdict: 'invalid:tcb-sw-hardening-needed',
    other: 'tdx/v4-outofdate-automata',
  },
];

type Collateral = Record<string, string | null>;
const collateral = (change: (value: Collateral) => void) => ({
  'collateral.json': json((value) => change(value as Collateral)),
});

/** Names of its lists and documents with what becomes of them. */
function documents({ of: base, verdict, other }: Base): Record<string, Variant> {
  const foreign = () => JSON.parse(textOf(`${other}/collateral.json`)) as Collateral;
  const cases: Record<string, [expected: string, change: (value: Collateral) => void]> = {
    'no PCK CRL': ['invalid:crl-missing', (c) => delete c['pck_crl']],
    'the PCK CRL is null': ['invalid:crl-missing', (c) => (c['pck_crl'] = null)],
    'an empty root CRL': ['invalid:crl-missing', (c) => (c['root_ca_crl'] = '')],
    'the PCK CRL for the root’s': ['invalid:crl-issuer-mismatch', (c) => (c['root_ca_crl'] = c['pck_crl'] ?? '')],
    'the root CRL for the PCK’s': ['invalid:crl-issuer-mismatch', (c) => (c['pck_crl'] = c['root_ca_crl'] ?? '')],
    'a forged root CRL': ['invalid:crl-signature', (c) => (c['root_ca_crl'] = edited(c['root_ca_crl']))],
    'a forged PCK CRL': ['invalid:crl-signature', (c) => (c['pck_crl'] = edited(c['pck_crl']))],
    'a CRL of octets': ['invalid:crl-malformed', (c) => (c['pck_crl'] = '00ff')],
    'a QE identity of nothing': ['invalid:qe-identity-signature', (c) => (c['qe_identity'] = '{}')],
    'no QE identity': ['invalid:qe-identity-missing', (c) => (c['qe_identity'] = '')],
    'no TCB info': ['invalid:tcb-info-missing', (c) => (c['tcb_info'] = '')],
    'the signature of the other document': [
      'invalid:tcb-info-signature',
      (c) => (c['tcb_info_signature'] = c['qe_identity_signature'] ?? ''),
    ],
    'TCB info by the PCK’s issuers': [
      'invalid:chain',
      (c) => (c['tcb_info_issuer_chain'] = c['pck_crl_issuer_chain'] ?? ''),
    ],
    'TCB info by nobody': ['invalid:chain', (c) => (c['tcb_info_issuer_chain'] = '')],
    'TCB info of another platform': ['invalid:fmspc-mismatch', (c) => Object.assign(c, part(foreign(), 'tcb_info'))],
    // Genuine, and of another time as well, which is found first.
    'the QE identity of the other TEE': [
      'invalid:qe-identity-mismatch',
      (c) => Object.assign(c, part(foreign(), 'qe_identity')),
    ],
    'lists in base64': [
      verdict,
      (c) => {
        for (const name of ['pck_crl', 'root_ca_crl']) c[name] = Buffer.from(c[name] ?? '', 'hex').toString('base64');
      },
    ],
  };
  return Object.fromEntries(
    Object.entries(cases).map(([name, [expected, change]]) => [
      name,
      { of: base, expected: name.includes('other TEE') ? 'invalid' : expected, change: collateral(change) },
    ]),
  );
}

/** The last byte of the serial of a list's signature changed. */
const edited = (hex: string | null | undefined) =>
  `${(hex ?? '').slice(0, -2)}${hex?.endsWith('00') === true ? '01' : '00'}`;

const part = (from: Collateral, name: string): Collateral =>
  Object.fromEntries(Object.entries(from).filter(([key]) => key.startsWith(name)));

function quotes({ of: base, body, start, verdict }: Base): Record<string, Variant> {
  const signature = start + body + 4;
  const report = signature + 128 + (base.startsWith('sgx') ? 0 : 6);
  const certification: Change = (bytes) => {
    const changed = Buffer.from(bytes);
    changed.writeUInt16LE(7, report + 450 + changed.readUInt16LE(report + 448));
    return changed;
  };
  const certificate: Change = (bytes) => {
    const changed = Buffer.from(bytes);
    const at = changed.indexOf('-----BEGIN') + 400;
    changed[at] = changed[at] === 0x41 ? 0x42 : 0x41;
    return changed;
  };
  const cases: Record<string, [expected: string, change: Change]> = {
    'user data of the header': ['invalid:quote-signature', flip(30)],
    'another QE vendor': ['invalid:qe-vendor-unknown', flip(12)],
    'a version that nobody knows': ['invalid:malformed', put(0, 6)],
    'a key type that is not read': ['invalid:malformed', put(2, 3)],
    'a TEE that nobody knows': ['invalid:malformed', put(4, 0x82)],
    'another REPORTDATA': ['invalid:quote-signature', flip(start + (body === 648 ? 583 : body - 1))],
    'another first measurement': ['invalid:quote-signature', flip(start + 140)],
    'a signature of zeros': ['invalid:quote-signature', (b) => put(signature, ...new Uint8Array(64))(b)],
    'another attestation key': ['invalid:qe-report-data-mismatch', flip(signature + 64)],
    'another QE report': ['invalid:qe-report-signature', flip(report + 100)],
    'another signature over it': ['invalid:qe-report-signature', flip(report + 384)],
    'other authentication data': ['invalid:qe-report-data-mismatch', flip(report + 450)],
    'other certification data': ['invalid:certification-data-unsupported', certification],
    'another PCK certificate': ['invalid:chain', certificate],
    'junk behind it': [verdict, (b) => Buffer.concat([b, Buffer.from('junk')])],
    'as hex': [verdict, (b) => b.toString('hex')],
    'as base64': [verdict, (b) => b.toString('base64')],
    'far too long': ['invalid:malformed', (b) => Buffer.concat([b, Buffer.alloc(200_000)])],
    'nothing at all': ['invalid:malformed', () => ''],
  };
  for (const size of [1, 47, 48, 100, 431, 432, 640, 1300, 4000])
    cases[`${size} bytes of it`] = ['invalid:malformed', cut(size)];
  return Object.fromEntries(
    Object.entries(cases).map(([name, [expected, change]]) => [
      name,
      { of: base, expected, change: { 'quote.bin': change } },
    ]),
  );
}

function circumstances({ of: base, other }: Base): Record<string, Variant> {
  return {
    'before all certificates': { of: base, expected: 'invalid:certificate-not-yet-valid', at: '2019-01-01T00:00:00Z' },
    'when the collateral is old': { of: base, expected: 'invalid:collateral-expired', at: '2027-06-20T00:00:00Z' },
    'when the certificates are old': { of: base, expected: 'invalid:certificate-expired', at: '2040-06-20T00:00:00Z' },
    'without collateral': { of: base, expected: 'invalid:collateral-missing', without: ['collateral.json'] },
    'with collateral that is no JSON': {
      of: base,
      expected: 'invalid:collateral-missing',
      change: { 'collateral.json': () => 'not JSON' },
    },
    'with the collateral of another': {
      of: base,
      expected: 'invalid:fmspc-mismatch',
      change: { 'collateral.json': of(`${other}/collateral.json`) },
    },
    'under the name of the other TEE': {
      of: base,
      expected: 'invalid:tee-mismatch',
      family: base.startsWith('sgx') ? 'tdx' : 'sgx',
    },
  };
}

for (const base of bases) {
  describeVariants(`${base.of} and its collateral`, () => documents(base));
  describeVariants(`${base.of}, the quote`, () => quotes(base));
  describeVariants(`${base.of}, what it comes with`, () => circumstances(base));
}
