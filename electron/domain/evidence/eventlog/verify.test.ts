import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createNodeCrypto } from '../../../services/evidence/node-crypto.ts';
import { parseCcel } from '../ccel/ccel.ts';
import { parseDstackLog } from '../dstack/event-log.ts';
import { dstackConfigId, dstackReportData } from '../dstack/report-data.ts';
import { concat, fromHex, toHex } from '../readers/bytes.ts';
import {
  bootEntry,
  buildCcel,
  extendedRegisters,
  honestDstackLog,
  runtimeEntry,
  type CcelEntry,
  type DstackEntry,
} from '../simulated/event-log-builder.ts';
import { verifyEventLog, type EventLogInput } from './verify.ts';

const crypto = createNodeCrypto();
const utf8 = (text: string) => new TextEncoder().encode(text);
const folder = '../shared/vectors/eventlog';
/** RTMR0 stands at byte 376 of a version 4 quote, MRCONFIGID at 232. */
const registersOf = (quote: Uint8Array) => [0, 1, 2, 3].map((at) => quote.subarray(376 + 48 * at, 424 + 48 * at));

function judge(input: EventLogInput) {
  const { verdict } = verifyEventLog(input);
  const failed = verdict.checks.filter(({ required, outcome }) => required && outcome !== 'pass');
  return {
    status: verdict.status,
    reasons: failed.map(({ reason }) => reason),
    details: failed.map(({ detail }) => detail),
  };
}

describe('event log vectors', () => {
  if (!existsSync(folder)) {
    it('needs ../shared/vectors', () => {
      expect(process.env['CI'], 'the evidence vectors are missing').not.toBe('true');
    });
    return;
  }
  const report = JSON.parse(readFileSync(join(folder, 'dstack-quote-report/quote-report.json'), 'utf8')) as {
    quote: string;
    event_log: string;
    vm_config: string;
  };
  const quote = fromHex(report.quote) ?? new Uint8Array();

  it('dstack-quote-report', () => {
    const { os_image_hash: image } = JSON.parse(report.vm_config) as { os_image_hash: string };
    const input: EventLogInput = {
      name: 'eventlog',
      log: { kind: 'dstack', json: report.event_log },
      registers: registersOf(quote),
      mrConfigId: quote.subarray(232, 280),
      crypto,
    };
    expect(judge(input)).toEqual({ status: 'affirming', reasons: [], details: [] });
    const { dstack, verdict } = verifyEventLog(input);
    expect(dstack?.composeHash).toHaveLength(32);
    expect(verdict.notChecked.join(' ')).toContain('no app compose was given');
    expect(verdict.claims.find(({ name }) => name === 'key-provider')?.value).toContain('local-sgx');
    // This release of dstack does not measure the image hash: asking for it must not pass.
    expect(judge({ ...input, osImageHashes: [image] }).reasons).toEqual(['os-image-not-allowed']);
  });

  it('gcp-cos113-ccel', () => {
    const read = (file: string) => new Uint8Array(readFileSync(join(folder, 'gcp-cos113-ccel', file)));
    const input: EventLogInput = {
      name: 'eventlog',
      log: { kind: 'ccel', data: read('ccel_data.dat') },
      registers: registersOf(read('quote.bin')),
      crypto,
    };
    expect(judge(input).reasons).toEqual([]);
    const { verdict, events } = verifyEventLog(input);
    expect(verdict.status).toBe('affirming');
    expect(events).toHaveLength(43);
    expect(events.map(({ label }) => label)).toContain('EV_EFI_VARIABLE_DRIVER_CONFIG SecureBoot');
    // The whole log again as what is expected, but for one event.
    const expectedEvents = events.map(({ register, digest, label }) => ({ register, digest: toHex(digest), label }));
    expect(judge({ ...input, expectedEvents }).reasons).toEqual([]);
    const at = events.findIndex(({ label }) => label.includes('kernel_cmdline'));
    const other = expectedEvents.map((event, i) => (i === at ? { ...event, digest: '00'.repeat(48) } : event));
    expect(judge({ ...input, expectedEvents: other }).details).toEqual([
      expect.stringContaining('RTMR2 differs from event 20 on: found EV_IPL "kernel_cmdline'),
    ]);
  });
});

const compose = utf8('{"SIMULATED":true}');
const hash = crypto.sha256(compose);
const honest = honestDstackLog(hash);
const base = (entries: readonly DstackEntry[], changes: Partial<EventLogInput> = {}): EventLogInput => ({
  name: 'eventlog',
  log: { kind: 'dstack', json: JSON.stringify(entries) },
  registers: extendedRegisters(entries),
  appCompose: compose,
  mrConfigId: dstackConfigId(hash),
  composeHashes: [toHex(hash)],
  osImageHashes: ['09'.repeat(32)],
  crypto,
  ...changes,
});
const place = (name: string) => honest.findIndex(({ event }) => event === name);
const quoted = extendedRegisters(honest);

describe('a SIMULATED dstack guest', () => {
  it('is affirmed with digests of version 1 and 2, stated or left out', () => {
    expect(judge(base(honest))).toEqual({ status: 'affirming', reasons: [], details: [] });
    const second = honestDstackLog(hash, 2);
    expect(judge(base(second)).reasons).toEqual([]);
    expect(extendedRegisters(second)[3]).not.toEqual(quoted[3]);
    const marked = second.map((entry) => (entry.imr === 3 ? { ...entry, digest: '', version: 2 } : entry));
    expect(judge(base(marked, { registers: extendedRegisters(second) })).reasons).toEqual([]);
    const stripped = honest.map((entry) => (entry.imr === 3 ? { ...entry, digest: '' } : entry));
    expect(judge(base(stripped, { registers: quoted })).reasons).toEqual([]);
    expect(judge(base(honest, { registers: undefined })).status).toBe('warning');
  });

  it('may leave out name and data of boot events, and nothing of its own', () => {
    const without = (register: (imr: number) => boolean, value: null | undefined) =>
      JSON.stringify(honest.map((one) => (register(one.imr) ? { ...one, event: value, event_payload: value } : one)));
    for (const value of [null, undefined]) {
      const boot = without((imr) => imr !== 3, value);
      expect(judge(base([], { log: { kind: 'dstack', json: boot }, registers: quoted })).reasons).toEqual([]);
      const own = without((imr) => imr === 3, value);
      expect(judge(base([], { log: { kind: 'dstack', json: own }, registers: quoted })).reasons).toEqual([
        'evidence-malformed',
      ]);
    }
  });

  it.each<[string, readonly DstackEntry[], string[]]>([
    [
      'an edited payload with its digest kept',
      honest.with(place('app-id'), { ...runtimeEntry('app-id', hash.subarray(0, 20)), event_payload: '00'.repeat(20) }),
      ['event-digest', 'rtmr-mismatch'],
    ],
    [
      'an edited compose hash with its digest kept',
      honest.with(place('compose-hash'), { ...runtimeEntry('compose-hash', hash), event_payload: '00'.repeat(32) }),
      ['event-digest', 'rtmr-mismatch', 'compose-hash-mismatch', 'compose-hash-not-allowed', 'mrconfigid-mismatch'],
    ],
    [
      'an edited payload with its own digest',
      honest.with(place('app-id'), runtimeEntry('app-id', utf8('x'))),
      ['rtmr-mismatch'],
    ],
    ['an event left out', honest.toSpliced(place('instance-id'), 1), ['rtmr-mismatch']],
    [
      'two events in another order',
      [...honest.slice(0, 4), ...honest.slice(4, 6).toReversed(), ...honest.slice(6)],
      ['rtmr-mismatch'],
    ],
    ['another boot event', honest.with(3, bootEntry(2, 6, utf8('other'))), ['rtmr-mismatch']],
  ])('refuses %s against its quote', (_, entries, expected) => {
    const { status, reasons } = judge(base(entries, { registers: quoted }));
    expect(status).toBe('contraindicated');
    expect(reasons).toEqual(expected);
  });

  const entry = runtimeEntry('compose-hash', hash);
  const without = honest.toSpliced(place('compose-hash'), 1);
  it.each<[string, readonly DstackEntry[], Partial<EventLogInput>, string[]]>([
    ['two compose hashes', [...honest, entry], {}, ['compose-hash-repeated']],
    [
      'two before system-ready',
      honest.toSpliced(place('app-id'), 0, entry),
      {},
      ['compose-hash-repeated', 'event-repeated'],
    ],
    [
      'a compose hash after system-ready',
      [...without, entry],
      {},
      ['compose-hash-late', 'compose-hash-mismatch', 'compose-hash-not-allowed', 'mrconfigid-mismatch'],
    ],
    [
      'none',
      without,
      {},
      ['compose-hash-missing', 'compose-hash-mismatch', 'compose-hash-not-allowed', 'mrconfigid-mismatch'],
    ],
    ['no system-ready', honest.toSpliced(place('system-ready'), 1), {}, ['system-ready-missing']],
    ['two app ids', honest.toSpliced(place('app-id'), 0, runtimeEntry('app-id', utf8('x'))), {}, ['event-repeated']],
    ['another app compose', honest, { appCompose: utf8('{}') }, ['compose-hash-mismatch']],
    ['a compose with one space more', honest, { appCompose: concat(compose, utf8(' ')) }, ['compose-hash-mismatch']],
    ['a compose that is not allowed', honest, { composeHashes: [] }, ['compose-hash-not-allowed']],
    ['another MRCONFIGID', honest, { mrConfigId: dstackConfigId(new Uint8Array(32)) }, ['mrconfigid-mismatch']],
    [
      'MRCONFIGID with something behind',
      honest,
      { mrConfigId: dstackConfigId(hash).with(47, 1) },
      ['mrconfigid-mismatch'],
    ],
    ['another os image', honest, { osImageHashes: ['08'.repeat(32)] }, ['os-image-not-allowed']],
    ['no GPU attestation in the log', honest, { gpuAttestation: utf8('{}') }, ['gpu-attestation-mismatch']],
  ])('refuses %s even where the quote agrees', (_, entries, changes, expected) => {
    expect(judge(base(entries, changes)).reasons).toEqual(expected);
  });

  it('takes the GPU attestation that was measured, and no other', () => {
    const attestation = utf8('{"SIMULATED":"nvattest"}');
    const payload = utf8(JSON.stringify({ evidence_sha256: toHex(crypto.sha256(attestation)) }));
    const log = honest.toSpliced(place('system-ready'), 0, runtimeEntry('gpu-attestation', payload));
    expect(judge(base(log, { gpuAttestation: attestation })).reasons).toEqual([]);
    expect(judge(base(log, { gpuAttestation: utf8('{}') })).reasons).toEqual(['gpu-attestation-mismatch']);
    // The application can write such an event too, but only after system-ready.
    const late = [...honest, runtimeEntry('gpu-attestation', payload)];
    expect(judge(base(late, { gpuAttestation: attestation })).reasons).toEqual(['gpu-attestation-mismatch']);
  });

  it('says at which event a register leaves what is expected', () => {
    const expectedEvents = honest.map(({ imr, digest, event }) => ({ register: imr, digest, label: event }));
    expect(judge(base(honest, { expectedEvents })).reasons).toEqual([]);
    const changed = honest.with(place('os-image-hash'), runtimeEntry('os-image-hash', new Uint8Array(32)));
    const { reasons, details } = judge(
      base(changed, { expectedEvents, registers: quoted, osImageHashes: ['00'.repeat(32)] }),
    );
    expect(reasons).toEqual(['rtmr-mismatch', 'event-differs']);
    expect(details[1]).toBe('RTMR3 differs from event 6 on: found os-image-hash, the same event with another content.');
    expect(details[0]).toContain(details[1]);
    const fewer = judge(base(honest.slice(0, -1), { expectedEvents }));
    expect(fewer.details).toEqual(['RTMR3 differs from event 9 on: the log ends, expected was application-event.']);
    const more = judge(base(honest, { expectedEvents: expectedEvents.slice(0, -1) }));
    expect(more.details).toEqual(['RTMR3 differs from event 9 on: application-event is one event too many.']);
  });

  it('survives any log', () => {
    const text = JSON.stringify(honest);
    for (let length = 0; length < text.length; length += 5) {
      expect(judge(base([], { log: { kind: 'dstack', json: text.slice(0, length) } })).status).toBe('contraindicated');
    }
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.uint8Array()), (json) => {
        expect(judge(base(honest, { log: { kind: 'dstack', json }, registers: quoted })).status).toBe(
          'contraindicated',
        );
      }),
    );
    const one = honest.at(-1);
    const refused = (entries: unknown) => expect(parseDstackLog(JSON.stringify(entries), crypto).ok).toBe(false);
    refused([{ ...one, imr: 4 }]);
    refused([{ ...one, imr: 2 }]);
    refused([{ ...one, version: 3 }]);
    refused([{ ...one, digest: '00'.repeat(49) }]);
    refused([{ ...one, event_payload: 'zz' }]);
    refused([{ ...honest[0], digest: '' }]);
    refused(Array.from({ length: 4097 }, () => one));
    expect(parseDstackLog(`[${JSON.stringify(one).replace('"imr":3', '"imr":3,"imr":3')}]`, crypto).ok).toBe(false);
  });

  it('shows names of the log without what could steer a terminal', () => {
    const hostile = runtimeEntry('\u001b[2J'.repeat(60), new Uint8Array());
    const { verdict, events } = verifyEventLog(base([...honest, { ...hostile, digest: '00' }]));
    expect(JSON.stringify([verdict, events.map(({ label }) => label)])).not.toContain(String.raw`\u001b`);
    expect(verdict.checks.find(({ id }) => id === 'log.digests')?.detail?.length).toBeLessThan(400);
  });

  it('makes report data as the guest agent does', () => {
    const data = dstackReportData('app-data', utf8('hello'), crypto);
    expect(toHex(data)).toBe(toHex(crypto.sha512(utf8('app-data:hello'))));
    expect(data).toHaveLength(64);
  });
});

describe('a SIMULATED CCEL', () => {
  const entries: CcelEntry[] = [
    { index: 1, type: 4, data: new Uint8Array(4) },
    { index: 1, type: 3, data: utf8('StartupLocality') },
    { index: 2, type: 0x8000_0007, data: utf8('Calling EFI Application from Boot Option') },
    { index: 3, type: 0xd, data: utf8('grub_cmd: SIMULATED\0') },
    { index: 4, type: 0x6, data: utf8('runtime') },
  ];
  const registers = extendedRegisters(
    entries
      .filter(({ type }) => type !== 3)
      .map(({ index, data }) => ({ imr: index - 1, digest: toHex(crypto.sha384(data)) })),
  );
  const log = (data: Uint8Array): EventLogInput => ({
    name: 'eventlog',
    log: { kind: 'ccel', data },
    registers,
    crypto,
  });

  it('replays, with either padding or none', () => {
    const data = buildCcel(entries);
    expect(judge(log(data)).status).toBe('affirming');
    expect(judge(log(buildCcel(entries, 0))).status).toBe('affirming');
    expect(judge(log(concat(buildCcel(entries, 0), new Uint8Array(99)))).status).toBe('affirming');
    expect(judge(log(concat(data, Uint8Array.of(0)))).reasons).toEqual(['evidence-malformed']);
    expect(verifyEventLog(log(data)).events.map(({ label }) => label)).toContain('EV_IPL "grub_cmd: SIMULATED"');
    expect(judge(log(buildCcel(entries.toReversed()))).reasons).toEqual([]);
    expect(judge(log(buildCcel([...entries, ...entries.slice(4)]))).reasons).toEqual(['rtmr-mismatch']);
    expect(judge(log(buildCcel([{ ...entries[0], index: 0 } as CcelEntry]))).reasons).toEqual(['evidence-malformed']);
    expect(judge(log(buildCcel([{ ...entries[0], index: 5 } as CcelEntry]))).reasons).toEqual(['evidence-malformed']);
  });

  it('never replays to the quote when a digest or its place changed, and survives any bytes', () => {
    const data = buildCcel(entries, 0);
    for (let length = 0; length < data.length; length++) {
      expect(judge(log(data.subarray(0, length))).status).toBe('contraindicated');
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        parseCcel(bytes, crypto);
        parseCcel(concat(data.subarray(0, 65), bytes), crypto);
      }),
      { numRuns: 500 },
    );
    expect(parseCcel(new Uint8Array(1_048_577), crypto).ok).toBe(false);
  });
});
