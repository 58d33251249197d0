import { describeVariants, flip, json, of, put, textOf, type Change, type Variant } from './testing/variants.ts';

type Row = readonly [expected: string, change: Change];
const rows = (base: string, file: string, table: Readonly<Record<string, Row>>, without: readonly string[] = []) =>
  Object.fromEntries(
    Object.entries(table).map(([name, [expected, change]]): [string, Variant] => [
      name,
      { of: base, expected, without, change: { [file]: change } },
    ]),
  );
const swap =
  (from: string, to: string): Change =>
  (bytes) =>
    bytes.toString().replaceAll(from, to);

interface LogEvent {
  imr: number;
  event: string;
  digest: string;
  event_payload: string;
}
const log = (change: (events: LogEvent[]) => void): Change =>
  json((document) => {
    const events = JSON.parse(String(document['event_log'])) as LogEvent[];
    change(events);
    document['event_log'] = JSON.stringify(events);
  });
const named = (events: LogEvent[], name: string): LogEvent => {
  const found = events.find(({ event }) => event === name);
  if (found === undefined) throw new Error(`the log has no ${name}`);
  return found;
};
const other = (hex: string) => `${hex.startsWith('0') ? '1' : '0'}${hex.slice(1)}`;

describeVariants('an event log of dstack', () => {
  const base = 'eventlog/dstack-quote-report';
  const document = JSON.parse(textOf(`${base}/quote-report.json`)) as { quote: string; event_log: string };
  return {
    ...rows(base, 'quote-report.json', {
      'a payload edited': [
        'invalid:event-digest',
        log((e) => (named(e, 'compose-hash').event_payload = '00'.repeat(32))),
      ],
      'a name edited': ['invalid:event-digest', log((e) => (named(e, 'app-id').event = 'app-ie'))],
      'a boot digest edited': ['invalid:rtmr-mismatch', log((e) => (e[0] ? (e[0].digest = other(e[0].digest)) : ''))],
      'an event left out': ['invalid:rtmr-mismatch', log((e) => void e.splice(1, 1))],
      'two in another order': ['invalid:rtmr-mismatch', log((e) => void e.splice(0, 2, ...e.slice(0, 2).toReversed()))],
      'one more at the end': ['invalid:rtmr-mismatch', log((e) => void e.push(...e.slice(-1)))],
      'a compose hash twice': ['invalid:compose-hash-repeated', log((e) => void e.push(named(e, 'compose-hash')))],
      'no event at all': ['invalid:rtmr-mismatch', log((e) => void e.splice(0))],
      'a register that there is not': ['invalid:malformed', log((e) => (e[0] ? (e[0].imr = 5) : ''))],
      'digests left to be computed': ['valid', log((e) => void e.forEach((one) => one.imr === 3 && (one.digest = '')))],
      'a quote edited': [
        'invalid:quote-signature',
        json((d) => (d['quote'] = `${document.quote.slice(0, 400)}${other(document.quote.slice(400))}`)),
      ],
      'other report data': ['invalid:report-data-mismatch', json((d) => (d['report_data'] = '99'.repeat(64)))],
      'no report data': ['valid', json((d) => delete d['report_data'])],
      'a quote in capitals': ['valid', json((d) => (d['quote'] = document.quote.toUpperCase()))],
    }),
    'quote and log apart': {
      of: base,
      expected: 'valid',
      without: ['quote-report.json'],
      add: { 'quote.hex': document.quote, 'log.json': document.event_log },
    },
  };
});

describeVariants('an event log of the firmware', () => {
  const base = 'eventlog/gcp-cos113-ccel';
  return {
    ...rows(base, 'ccel_data.dat', {
      'a digest edited': ['invalid:rtmr-mismatch', flip(120)],
      'cut short': ['invalid:malformed', (b) => b.subarray(0, 2000)],
      'without its padding': ['valid', (b) => b.subarray(0, b.findLastIndex((byte) => byte !== 0xff) + 1)],
    }),
    'another quote': {
      of: base,
      expected: 'invalid:rtmr-mismatch',
      change: { 'quote.bin': of('tdx/v4-uptodate-phala/quote.bin') },
    },
    'no quote': { of: base, expected: 'invalid:malformed', without: ['quote.bin'] },
    'no log': { of: base, expected: 'invalid:malformed', without: ['ccel_data.dat'] },
    'no table': { of: base, expected: 'valid', without: ['ccel_table.dat'] },
    'nothing to compare REPORTDATA with': { of: base, expected: 'valid', without: ['nonce.dat'] },
  };
});

const tinfoil = 'composite/tinfoil-v3-tdx-h100-20260629';
const near = 'composite/near-tdx-8xh200-20260629';
const list = (value: Record<string, unknown>, name: string) => value[name] as { evidence: string }[];

describeVariants('composites', () => ({
  ...rows(
    tinfoil,
    'attestation.json',
    {
      'tinfoil: a space in the GPU evidence': [
        'invalid:report-data-mismatch',
        (b) => b.toString().replace(/"evidences"\s*:/, ' $&'),
      ],
      'tinfoil: another nonce in it': ['invalid:nonce-mismatch', swap('080c405ce6789e17', '080c405ce6789e18')],
      'tinfoil: another HPKE key': ['invalid:report-data-mismatch', swap('0394825e', '0394825f')],
      'tinfoil: another TLS key': ['invalid:report-data-mismatch', swap('dd34cd14', 'dd34cd15')],
      'tinfoil: another GPU hash': ['invalid:gpu-evidence-not-bound', swap('580ca6c7', '580ca6c8')],
      'tinfoil: the GPUs left out': [
        'invalid:report-data-mismatch',
        json((d) => {
          delete d['gpu'];
          delete (d['report_data'] as Record<string, unknown>)['gpu_evidence_hash'];
        }),
      ],
      'tinfoil: a list of no GPUs': ['invalid:gpu-count', json((d) => (d['gpu'] = { evidences: [] }))],
      'tinfoil: a key that is there twice': ['invalid:malformed', swap('"format":', '"nonce":1,"nonce":2,"format":')],
    },
    ['quote.bin'],
  ),
  'tinfoil: the quote of another beside it': {
    of: tinfoil,
    expected: 'invalid:files-contradict',
    change: { 'quote.bin': of(`${near}/quote.bin`) },
  },
  'tinfoil: alone': { of: tinfoil, expected: 'valid', without: ['quote.bin'] },
  'tinfoil: nobody vouches': { of: tinfoil, expected: 'invalid:rim-unavailable', without: ['nras_response.json'] },
  'tinfoil: no keys of who vouches': { of: tinfoil, expected: 'invalid:rim-unavailable', without: ['nras_jwks.json'] },
  'tinfoil: another nonce': { of: tinfoil, expected: 'invalid:nonce-mismatch', nonce: 'bb'.repeat(32) },
  'tinfoil: vouched for another': {
    of: tinfoil,
    expected: 'invalid:nonce-mismatch',
    change: { 'nras_response.json': of(`${near}/nras_response.json`) },
  },
  'tinfoil: two hours later': { of: tinfoil, expected: 'invalid:expired', at: '2026-06-29T04:08:05Z' },
  ...rows(near, 'request.json', {
    'near: another nonce in it': ['invalid:gpu-nonce-mismatch', swap('541b6523', '541b6524')],
    'near: another signing key': ['invalid:report-data-mismatch', swap('d0aa20bc', 'd0aa20bd')],
    'near: another TLS key': ['invalid:report-data-mismatch', swap('eb336f52', 'eb336f53')],
  }),
  ...rows(near, 'nvidia_payload.json', {
    'near: GPUs in another order': ['valid', json((d) => (d['evidence_list'] = list(d, 'evidence_list').toReversed()))],
    'near: one GPU twice': [
      'invalid:gpu-duplicate',
      json(
        (d) =>
          (d['evidence_list'] = list(d, 'evidence_list')
            .slice(0, 1)
            .flatMap((gpu) => [gpu, gpu])),
      ),
    ],
    'near: a measurement edited': [
      'invalid:spdm-signature',
      json((d) => {
        const [gpu] = list(d, 'evidence_list');
        if (gpu) gpu.evidence = (flip(300)(Buffer.from(gpu.evidence, 'base64')) as Buffer).toString('base64');
      }),
    ],
  }),
  'near: another nonce': { of: near, expected: 'invalid:nonce-mismatch', nonce: 'cc'.repeat(32) },
  'near: another application': {
    of: near,
    expected: 'invalid:compose-hash-mismatch',
    without: ['app_compose.txt.gz'],
    add: { 'app_compose.json': '{"manifest_version":2,"runner":"docker-compose"}' },
  },
  'near: a log edited': {
    of: near,
    expected: 'invalid:event-digest',
    change: {
      'event_log.json': (b) =>
        JSON.stringify(
          (JSON.parse(b.toString()) as LogEvent[]).map((one) =>
            one.event === 'compose-hash' ? { ...one, event_payload: '00'.repeat(32) } : one,
          ),
        ),
    },
  },
  'near: no log': { of: near, expected: 'valid', without: ['event_log.json'] },
  'near: nothing says what binds them': { of: near, expected: 'invalid:malformed', without: ['request.json'] },
  'near: no GPU evidence': { of: near, expected: 'invalid:gpu-evidence-missing', without: ['nvidia_payload.json'] },
}));

interface AzureDocument {
  evidence: { hcl_report: string; vcek: string; tpm_quote: { signature: string; message: string; pcrs: string[] } };
}

describeVariants('a confidential VM of Azure', () => {
  const base = 'azure-vtpm/snp-live';
  const beside = ['hcl-report.bin', 'runtime_data.json', 'tpm-quote.msg', 'tpm-quote.sig', 'vcek.pem'];
  const edit = (change: (evidence: AzureDocument['evidence']) => void): Change =>
    json((document) => change((document as unknown as AzureDocument).evidence));
  const blob = (change: Change): Change =>
    edit((evidence) => {
      evidence.hcl_report = Buffer.from(change(Buffer.from(evidence.hcl_report, 'base64url'))).toString('base64url');
    });
  const octets = (hex: string) => [...Buffer.from(hex, 'hex')];
  const first: Change = (bytes) => {
    const { evidence } = JSON.parse(bytes.toString()) as AzureDocument;
    const { signature, message, pcrs } = evidence.tpm_quote;
    const quote = { signature: octets(signature), message: octets(message), pcrs: pcrs.map(octets) };
    const body = Buffer.from(evidence.vcek, 'base64url').toString('base64').replace(/.{64}/g, '$&\n');
    const vcek = `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;
    return JSON.stringify({ quote, report: [...Buffer.from(evidence.hcl_report, 'base64url')], vcek });
  };
  return {
    ...rows(
      base,
      'live-evidence.json',
      {
        'the document alone': ['valid', (b) => b],
        'its inner part alone': ['valid', (b) => JSON.stringify((JSON.parse(b.toString()) as AzureDocument).evidence)],
        'as the first tools wrote it': ['valid', first],
        'runtime data edited': [
          'invalid:report-data-mismatch',
          blob((b) => put(b.indexOf('"secure-boot"') + 3, 0x41)(b)),
        ],
        'the vTPM key edited': ['invalid:report-data-mismatch', blob((b) => flip(b.indexOf('"n":"') + 30)(b))],
        'the hardware report edited': ['invalid:report-signature', blob(flip(32 + 0x90))],
        'another magic': ['invalid:malformed', blob(flip(0))],
        'called a TD report': ['invalid:td-quote-missing', blob(put(32 + 1184 + 8, 4))],
        'of hardware that nobody knows': ['invalid:azure-hardware-unknown', blob(put(32 + 1184 + 8, 3))],
        'another signature': [
          'invalid:tpm-signature',
          edit((e) => (e.tpm_quote.signature = other(e.tpm_quote.signature))),
        ],
        'another message': [
          'invalid:tpm-signature',
          edit((e) => (e.tpm_quote.message = e.tpm_quote.message.replace('61747465', '61747466'))),
        ],
        'a register less': ['invalid:pcr-digest', edit((e) => void e.tpm_quote.pcrs.pop())],
        'no registers': ['valid', edit((e) => delete (e.tpm_quote as Partial<typeof e.tpm_quote>).pcrs)],
      },
      beside,
    ),
    'other runtime data beside it': {
      of: base,
      expected: 'invalid:files-contradict',
      change: { 'runtime_data.json': swap('true', 'false') },
    },
    'its runtime data printed in another way beside it': {
      of: base,
      expected: 'valid',
      change: { 'runtime_data.json': (b) => JSON.stringify(JSON.parse(b.toString()), null, 2) },
    },
    'another quote beside it': {
      of: base,
      expected: 'invalid:files-contradict',
      change: { 'tpm-quote.msg': flip(60) },
    },
    'another signature beside it': {
      of: base,
      expected: 'invalid:files-contradict',
      change: { 'tpm-quote.sig': flip(9) },
    },
    'another report beside it': {
      of: base,
      expected: 'invalid:files-contradict',
      change: { 'hcl-report.bin': flip(200) },
    },
    'another nonce': { of: base, expected: 'invalid:nonce-mismatch', nonce: 'ab'.repeat(16) },
    'without the issuers': { of: base, expected: 'invalid:chain', without: ['ask_ark.pem'] },
    'after its time': { of: base, expected: 'invalid:certificate-expired', at: '2060-01-01T00:00:00Z' },
  };
});

describeVariants('roots', () => {
  const base = 'roots/trust-anchors';
  return {
    'another fingerprint': {
      of: base,
      expected: 'invalid:fingerprint-mismatch',
      change: { 'fingerprints.json': swap('69d063b4', '69d063b5') },
    },
    'one in the place of another': {
      of: base,
      expected: 'invalid:fingerprint-mismatch',
      change: { 'amd_milan_ark.pem': of(`${base}/amd_genoa_ark.pem`) },
    },
    'one that is none': {
      of: base,
      expected: 'invalid:chain',
      change: { 'aws_nitro_root.pem': of('nvidia/b200-blackwell/cert_chain.pem') },
    },
    'in a century': { of: base, expected: 'invalid:expired', at: '2100-01-01T00:00:00Z' },
  };
});
