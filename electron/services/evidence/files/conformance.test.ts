import { describeVariants, json, of } from './testing/variants.ts';

describeVariants('vectors with one thing changed', () => ({
  'trailing bytes behind a GPU report': {
    of: 'nvidia/h100-complete-with-rims',
    expected: 'valid',
    change: { 'report.bin': (b) => Buffer.concat([b, Buffer.alloc(1)]) },
  },
  'one manifest alone': {
    of: 'nvidia/h100-complete-with-rims',
    expected: 'invalid:rim-unavailable',
    without: ['vbios_rim.xml'],
  },
  'another nonce': { of: 'nvidia/h100-complete-with-rims', expected: 'invalid:nonce-mismatch', nonce: '00'.repeat(32) },
  'a document a day later': {
    of: 'nitro/evervault-valid-2022',
    expected: 'invalid:certificate-expired',
    at: '2022-10-14T08:58:02Z',
  },
  'a document within the life of its chain': {
    of: 'nitro/evervault-valid-2022',
    expected: 'valid',
    at: '2022-10-13T09:30:00Z',
  },
  'lists swapped': {
    of: 'tdx/v4-uptodate-phala',
    expected: 'invalid:crl-issuer-mismatch',
    change: { 'collateral.json': json((c) => (c['pck_crl'] = c['root_ca_crl'])) },
  },
  'identity empty': {
    of: 'tdx/v4-uptodate-phala',
    expected: 'invalid:qe-identity-signature',
    change: { 'collateral.json': json((c) => (c['qe_identity'] = '{}')) },
  },
  'collateral that nobody can read': {
    of: 'tdx/v4-uptodate-phala',
    expected: 'invalid:malformed',
    change: { 'collateral.json': () => '{"a":1,"a":2}' },
  },
  'collateral of the past': {
    of: 'tdx/v4-uptodate-phala',
    expected: 'invalid:collateral-expired',
    at: '2025-08-20T00:00:00Z',
  },
  'a quote cut short': {
    of: 'tdx/v4-uptodate-phala',
    expected: 'invalid:malformed',
    change: { 'quote.bin': (b) => b.subarray(0, 900) },
  },
  'a quote without marks': {
    of: 'tdx/v4-uptodate-phala',
    expected: 'invalid:malformed',
    change: { 'quote.bin': (b) => b.subarray(0, 20) },
  },
  'junk behind a quote': {
    of: 'tdx/v4-uptodate-phala',
    expected: 'valid',
    change: { 'quote.bin': (b) => Buffer.concat([b, Buffer.alloc(3065, 7)]) },
  },
  'an event log as JSON': {
    of: 'eventlog/dstack-quote-report',
    expected: 'valid',
    change: { 'quote-report.json': json((c) => (c['event_log'] = JSON.parse(String(c['event_log'])) as unknown)) },
  },
  'an event log that is none': {
    of: 'eventlog/dstack-quote-report',
    expected: 'invalid:malformed',
    change: { 'quote-report.json': json((c) => (c['event_log'] = '[{]')) },
  },
  'other report data': {
    of: 'eventlog/gcp-cos113-ccel',
    expected: 'invalid:report-data-mismatch',
    change: { 'nonce.dat': () => Buffer.alloc(64, 1) },
  },
  'other keys': {
    of: 'composite/tinfoil-v3-tdx-h100-20260629',
    expected: 'invalid:report-data-mismatch',
    change: { 'attestation.json': (b) => b.toString().replace('dd34cd14', 'dd34cd15') },
  },
  'nobody vouches': {
    of: 'composite/near-tdx-8xh200-20260629',
    expected: 'invalid:rim-unavailable',
    without: ['nras_response.json'],
  },
  'parts as files': { of: 'azure-vtpm/snp-live', expected: 'valid', without: ['live-evidence.json'] },
  'another register': {
    of: 'azure-vtpm/snp-live',
    expected: 'invalid:pcr-digest',
    change: { 'live-evidence.json': (b) => b.toString().replace('e15c44796beabf46', 'e15c44796beabf47') },
  },
  'a nonce that is text': { of: 'azure-vtpm/snp-live', expected: 'valid', nonce: 'attestation-test-fixture' },
  'a chain of the other key': {
    of: 'sev-snp/milan-v3-vlek-vmpl1-aws',
    expected: 'invalid:chain',
    change: { 'ask_ark.pem': of('sev-snp/milan-v3-ms/ask_ark.pem') },
  },
}));
