import { cut, describeVariants, flip, of, put, type Change, type Variant } from './testing/variants.ts';

const marker = '-----END CERTIFICATE-----';
const blocks = (bytes: Buffer) =>
  bytes
    .toString()
    .split(marker)
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map((text) => `${text}\n${marker}\n`);
const der: Change = (bytes) => Buffer.from(bytes.toString().replace(/-----[^-]+-----|\s/g, ''), 'base64');
const also =
  (at: number, bits: number): Change =>
  (bytes) =>
    put(at, (bytes[at] ?? 0) | bits)(bytes);

/** @param others a report’s leaf of the same product, and the chain of another */
function snp(name: string, others: { readonly leaf: string; readonly chain: string }): Record<string, Variant> {
  const base = `sev-snp/${name}`;
  const signed: Record<string, number> = {
    guest_svn: 0x04,
    policy: 0x08,
    family: 0x10,
    image: 0x20,
    current_tcb: 0x38,
    platform_info: 0x40,
    report_data: 0x50,
    measurement: 0x90,
    host_data: 0xc0,
    id_key_digest: 0xe0,
    author_key_digest: 0x110,
    report_id: 0x140,
    reported_tcb: 0x180,
    chip_id: 0x1a0,
    committed_tcb: 0x1e0,
    launch_tcb: 0x1f0,
    r: 0x2a0,
    s: 0x2e8,
  };
  const report: Record<string, [expected: string, change: Change]> = {
    ...Object.fromEntries(
      Object.entries(signed).map(([field, at]) => [`another ${field}`, ['invalid:report-signature', flip(at)]]),
    ),
    'another privilege level': ['invalid:vmpl', put(0x30, 2)],
    'asked for by the host': ['invalid:vmpl', put(0x30, 0xff, 0xff, 0xff, 0xff)],
    'a guest that can be debugged': ['invalid:debug-enabled', also(0x0a, 8)],
    'a guest that may migrate': ['invalid:migration-agent-allowed', also(0x0a, 4)],
    'a TCB that the key is not of': ['invalid:endorsement-tcb-mismatch', flip(0x187)],
    'a chip that the key is not of': ['invalid:chip-id-mismatch', flip(0x1a0)],
    'a chip id of zeros': ['invalid:chip-id-masked', (b) => put(0x1a0, ...new Uint8Array(64))(b)],
    'another signature algorithm': ['invalid:report-signature', put(0x34, 2)],
    'no signing key': ['invalid:signing-key-mismatch', also(0x48, 0x1c)],
    'a VLEK that is none': ['invalid:chain', also(0x48, 4)],
    'a version that nobody knows': ['invalid:malformed', put(0, 4)],
    'a number that is too large': ['invalid:malformed', flip(0x2a0 + 50)],
    'reserved bytes that are set': ['invalid:malformed', flip(0x400)],
    'a byte less': ['invalid:malformed', cut(1183)],
    'bytes behind it': ['invalid:malformed', (b) => Buffer.concat([b, Buffer.from('junk')])],
    'as hex': ['valid', (b) => b.toString('hex')],
    'as base64': ['valid', (b) => b.toString('base64')],
  };
  const leaf: Record<string, [expected: string, change: Change]> = {
    'with Windows’ line ends': ['valid', (b) => b.toString().replaceAll('\n', '\r\n')],
    'as DER': ['valid', der],
    'that cannot be read': ['invalid:certificate-malformed', (b) => b.toString().replace('M', '!')],
    'of another chip': ['invalid:report-signature', of(`sev-snp/${others.leaf}/leaf.pem`)],
  };
  const chain: Record<string, [expected: string, change: Change]> = {
    'root first': ['valid', (b) => blocks(b).toReversed().join('')],
    'without its root': ['invalid:chain', (b) => blocks(b)[0] ?? ''],
    'without the intermediate': ['invalid:chain', (b) => blocks(b)[1] ?? ''],
    'of another product': ['invalid:chain', of(`sev-snp/${others.chain}/ask_ark.pem`)],
    'of the other key': ['invalid:chain', of('sev-snp/milan-v3-vlek-vmpl1-aws/ask_ark.pem')],
  };
  const rows = (file: string, what: string, table: Record<string, [string, Change]>) =>
    Object.entries(table).map(([words, [expected, change]]): [string, Variant] => [
      `${what} ${words}`,
      { of: base, expected, change: { [file]: change } },
    ]);
  return {
    ...Object.fromEntries([
      ...rows('report.bin', 'report:', report),
      ...rows('leaf.pem', 'leaf', leaf),
      ...rows('ask_ark.pem', 'chain', chain),
    ]),
    'no leaf': { of: base, expected: 'invalid:chain', without: ['leaf.pem'] },
    'no chain': { of: base, expected: 'invalid:chain', without: ['ask_ark.pem'] },
    'before its time': { of: base, expected: 'invalid:certificate-not-yet-valid', at: '2010-01-01T00:00:00Z' },
    'after its time': { of: base, expected: 'invalid:certificate-expired', at: '2060-01-01T00:00:00Z' },
  };
}

for (const [name, leaf, chain] of [
  ['milan-v2-trustee', 'milan-v3-ms', 'genoa-v5-live'],
  ['milan-v3-ms', 'milan-dstack-2026', 'turin-v5-ms'],
  ['genoa-v5-live', 'milan-v3-ms', 'turin-v5-ms'],
  ['turin-v5-ms', 'genoa-v5-live', 'milan-v3-ms'],
] as const) {
  describeVariants(`sev-snp/${name}`, () => snp(name, { leaf, chain }));
}

const vlek = 'sev-snp/milan-v3-vlek-vmpl1-aws';
describeVariants('a loaded key', () => ({
  'a year later': { of: vlek, expected: 'invalid:expired', at: '2026-01-01T00:00:00Z' },
  'under the intermediate of the other key': {
    of: vlek,
    expected: 'invalid:chain',
    change: { 'ask_ark.pem': of('sev-snp/milan-v3-ms/ask_ark.pem') },
  },
  'in whose place stands a VCEK': {
    of: vlek,
    expected: 'invalid:chain',
    change: { 'leaf.pem': of('sev-snp/milan-v3-ms/leaf.pem') },
  },
}));

const register = Buffer.from([0x58, 0x30]);
function nitro(name: string, verdict: string): Record<string, Variant> {
  const base = `nitro/${name}`;
  const module: Change = (bytes) => {
    const changed = Buffer.from(bytes);
    const at = changed.indexOf('i-0') + 5;
    changed[at] = changed[at] === 0x31 ? 0x32 : 0x31;
    return changed;
  };
  const cases: Record<string, [expected: string, change: Change]> = {
    'another signature': ['invalid:cose-signature', flip(-1)],
    'another module': ['invalid:cose-signature', module],
    'tagged, or not': [verdict, (b) => (b[0] === 0xd2 ? b.subarray(1) : Buffer.concat([Buffer.of(0xd2), b]))],
    'tagged as something else': ['invalid:malformed', (b) => Buffer.concat([Buffer.of(0xd1), b])],
    'bytes behind it': ['invalid:malformed', (b) => Buffer.concat([b, Buffer.alloc(3)])],
    'half of it': ['invalid:malformed', (b) => b.subarray(0, b.length / 2)],
    'all but its end': ['invalid:malformed', (b) => b.subarray(0, -10)],
    // ES256 in the place of ES384: one octet shorter, so that the header does not end where it says.
    'another algorithm': ['invalid:malformed', (b) => put(b.indexOf(Buffer.of(1, 0x38, 0x22)) + 1, 0x26)(b)],
    'as hex': [verdict, (b) => b.toString('hex')],
    'as base64': [verdict, (b) => b.toString('base64')],
  };
  return {
    ...Object.fromEntries(
      Object.entries(cases).map(([words, [expected, change]]) => [
        words,
        { of: base, expected, change: { 'attestation.cbor': change } },
      ]),
    ),
    'without a root beside it': { of: base, expected: verdict, without: ['aws_nitro_root.pem'] },
    'with a nonce that it does not hold': { of: base, expected: 'invalid:nonce-mismatch', nonce: 'aa'.repeat(32) },
  };
}

/** Of documents that are valid as they are. */
function genuine(name: string): Record<string, Variant> {
  const base = `nitro/${name}`;
  const zeros: Change = (bytes) => put(bytes.indexOf(register) + 2, ...new Uint8Array(48))(bytes);
  return {
    ...nitro(name, 'valid'),
    'PCR0 of zeros': { of: base, expected: 'invalid:cose-signature', change: { 'attestation.cbor': zeros } },
    'a year later': { of: base, expected: 'invalid:certificate-expired', at: '2027-06-01T00:00:00Z' },
    'before it was made': { of: base, expected: 'invalid:certificate-not-yet-valid', at: '2020-01-01T00:00:00Z' },
  };
}

for (const name of ['dstack-nitro-2025-12', 'evervault-valid-2022', 'oyster-pcr16-2025-04']) {
  describeVariants(`nitro/${name}`, () => genuine(name));
}
for (const [name, verdict] of [
  ['dstack-nitro-debug-2025-12', 'invalid:debug-enabled'],
  ['oyster-custom-root-pcr16', 'invalid:root-not-aws'],
] as const) {
  describeVariants(`nitro/${name}`, () => nitro(name, verdict));
}
