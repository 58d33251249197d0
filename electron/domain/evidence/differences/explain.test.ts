import { existsSync, readFileSync } from 'node:fs';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EvidenceFamily, SubmoduleVerdict } from '../../../contract/evidence.ts';
import type { Policy } from '../../../contract/policy.ts';
import { createNodeCrypto } from '../../../services/evidence/node-crypto.ts';
import { localMinimumTcb, localNetworkPolicy } from '../../policy/policy.ts';
import { policyTemplates } from '../../policy/templates.ts';
import { runtimeDigest } from '../dstack/event-log.ts';
import {
  firstDifference,
  replayRegisters,
  type ExpectedEvent,
  type MeasuredEvent,
} from '../eventlog/measured-events.ts';
import { oysterParametersRegister, type OysterParameter } from '../nitro/oyster.ts';
import type { GpuReport } from '../nvidia/report.ts';
import { toHex } from '../readers/bytes.ts';
import { explainDifferences, type References } from './explain.ts';
import { firstParameterDifference } from './init-parameters.ts';

const crypto = createNodeCrypto();
const value = (text: string) => toHex(crypto.sha384(utf8ToBytes(text)));
const local = localNetworkPolicy({ measurements: [value('good')], minimumTcb: localMinimumTcb });
const tdx = policyTemplates.find(({ policy }) => policy.id === 'tdx-hopper')?.policy as Policy;
const nitro = policyTemplates.find(({ policy }) => policy.id === 'nitro-oyster')?.policy as Policy;

function explain(
  policy: Policy,
  family: EvidenceFamily,
  measurements: Record<string, string>,
  references: References = {},
) {
  const part: SubmoduleVerdict = {
    name: family === 'nvidia' ? 'gpu0' : 'cpu0',
    family,
    status: 'contraindicated',
    checks: [],
    notChecked: [],
    claims: [],
    measurements,
    evidenceSha256: '',
  };
  return explainDifferences({ submodules: [part] }, policy, references, crypto);
}

const rtmr = (register: string, expected: string): Policy => ({
  ...tdx,
  tdx: { ...tdx.tdx, measurements: { ...tdx.tdx?.measurements, [register]: [expected] } } as NonNullable<Policy['tdx']>,
});
const runtime = (label: string, digest: Uint8Array): MeasuredEvent => ({
  register: 3,
  type: 0x08000001,
  label,
  digest,
  confirmed: true,
});
const event = (name: string, content: string) => runtime(name, crypto.sha384(utf8ToBytes(content)));
const expectedOf = (events: readonly MeasuredEvent[]): ExpectedEvent[] =>
  events.map(({ register, digest, label }) => ({ register, digest: toHex(digest), label }));
const replayRegister = (events: readonly MeasuredEvent[]) =>
  toHex(replayRegisters(events, crypto)[3] ?? new Uint8Array());

describe('a measurement that differs', () => {
  it('is named down to the register, and with the name that the desk knows it by', () => {
    expect(explain(local, 'snp', { measurement: value('good') })).toEqual([]);
    const other = value('other');
    const known = [{ value: other, of: 'what policy lab v2 allows' }];
    expect(explain(local, 'snp', { measurement: other }, { known })).toMatchObject([
      { check: 'snp.measurement', register: 'MEASUREMENT', found: other, nearest: { of: 'what policy lab v2 allows' } },
    ]);
    expect(explain(local, 'snp', { measurement: '00'.repeat(48) })[0]?.sentence).toContain('all zero');
    expect(explain(rtmr('rtmr1', value('kernel')), 'tdx', {})[0]?.sentence).toContain('is not in the evidence');
    // The two swapped in the policy.
    const swapped = rtmr('mrtd', value('a'));
    const both = {
      ...swapped,
      tdx: { ...swapped.tdx, measurements: { ...swapped.tdx?.measurements, rtmr1: [value('b')] } },
    } as Policy;
    expect(explain(both, 'tdx', { mrtd: value('b'), rtmr1: value('a') }).map((one) => one.nearest?.of)).toEqual([
      'what the policy expects in RTMR1',
      'what the policy expects in MRTD',
    ]);
  });

  it('is explained by the first event that differs, if the log replays to the register', () => {
    const good = [event('system-preparing', '1'), event('compose-hash', 'app'), event('system-ready', '2')];
    const policy = rtmr('rtmr3', replayRegister(good));
    const against = (found: readonly MeasuredEvent[], expectedEvents?: readonly MeasuredEvent[]) =>
      explain(
        policy,
        'tdx',
        { rtmr3: replayRegister(found) },
        {
          foundEvents: found,
          ...(expectedEvents === undefined ? {} : { expectedEvents: expectedOf(expectedEvents) }),
        },
      )[0];
    const changed = good.with(1, event('compose-hash', 'another app'));
    expect(against(changed, good)).toMatchObject({
      register: 'RTMR3',
      cause: { kind: 'event', name: 'compose-hash', expected: value('app'), found: value('another app') },
    });
    expect(against(changed, good)?.sentence).toBe(
      'RTMR3 differs from event 2 on: found compose-hash, the same event with another content.',
    );
    expect(against(good.toSpliced(1, 1), good)?.sentence).toContain('was not measured');
    expect(against(good.toSpliced(1, 0, event('extra', 'x')), good)?.cause).toMatchObject({
      name: 'extra',
      found: value('x'),
    });
    // Without the expected log: the value is reached, then one event too many follows.
    expect(against([...good, event('late', 'x')])?.cause).toMatchObject({ kind: 'event', name: 'late' });
    // A log of another machine explains nothing.
    const lie = explain(
      policy,
      'tdx',
      { rtmr3: value('elsewhere') },
      { foundEvents: changed, expectedEvents: expectedOf(good) },
    )[0];
    expect(lie?.cause).toBeUndefined();
    expect(lie?.sentence).toContain('another build, or a changed one');
  });

  it('finds one changed, missing or added event wherever it is', () => {
    const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(names, fc.nat(), fc.constantFrom('changed', 'missing', 'added'), (list, seed, kind) => {
        const good = list.map((name) => event(name, name));
        const index = seed % good.length;
        const name = good[index]?.label ?? '';
        const found =
          kind === 'changed'
            ? good.with(index, event(name, `not ${name}`))
            : kind === 'missing'
              ? good.toSpliced(index, 1)
              : good.toSpliced(index, 0, event('\u0000new', '\u0000new'));
        expect(firstDifference(good, expectedOf(good), 3)).toBeUndefined();
        expect(firstDifference(found, expectedOf(good), 3)).toMatchObject({ index, kind });
      }),
    );
  });

  it('is explained by an init parameter of Oyster', () => {
    const parameter = (name: string, content: string): OysterParameter => ({ name, content: utf8ToBytes(content) });
    const good = [parameter('contract', '0xabc'), parameter('image', 'one'), parameter('seed', '')];
    const register = (parameters: readonly OysterParameter[]) => toHex(oysterParametersRegister(parameters, crypto));
    const policy: Policy = { ...nitro, nitro: { pcrs: { '16': [register(good)] }, oysterImageIds: [] } };
    const against = (found: readonly OysterParameter[], told = true) =>
      explain(
        policy,
        'nitro',
        { pcr16: register(found) },
        {
          expectedParameters: good,
          ...(told ? { foundParameters: found } : {}),
        },
      )[0];
    expect(against(good)).toBeUndefined();
    const changed = good.with(1, parameter('image', 'two'));
    expect(against(changed)).toMatchObject({
      register: 'PCR16',
      cause: { kind: 'init-parameter', name: 'image', expected: toHex(crypto.sha256(utf8ToBytes('one'))) },
    });
    expect(firstParameterDifference(good, [...good, parameter('more', '')], crypto)).toMatchObject({
      kind: 'added',
      name: 'more',
    });
    // From the register alone: one left out, one empty, two swapped; another content cannot be told.
    expect(against(good.toSpliced(1, 1), false)?.sentence).toContain(
      '"image" is expected, and the enclave was started without it',
    );
    expect(against(good.with(0, parameter('contract', '')), false)?.cause?.name).toBe('contract');
    expect(against([good[1], good[0], good[2]] as OysterParameter[], false)?.sentence).toContain('order');
    expect(against(changed, false)?.cause).toBeUndefined();
  });

  it('is explained by the index of a GPU measurement', () => {
    const blocks = ['a', 'b', 'c'].map((text, at) => ({
      index: at + 1,
      type: 1,
      value: crypto.sha384(utf8ToBytes(text)),
    }));
    const report = { blocks, opaque: new Map() } as unknown as GpuReport;
    const golden = ['a', 'x', 'c', 'd'].map((text, index) => ({ index, size: 48, values: [value(text)] }));
    const found = explain(local, 'nvidia', {}, { gpus: new Map([['gpu0', { report, golden }]]) });
    expect(found.map(({ register, cause }) => [register, cause?.kind, cause?.found])).toEqual([
      ['measurement 1', 'gpu-measurement', value('b')],
      ['measurement 3', 'gpu-measurement', undefined],
    ]);
  });
});

describe('a real dstack event log', () => {
  const file = '../shared/vectors/eventlog/dstack-quote-report/quote-report.json';
  if (!existsSync(file)) {
    it('needs ../shared/vectors', () => {
      expect(process.env['CI'], 'the evidence vectors are missing').not.toBe('true');
    });
    return;
  }
  const measured = (name: string, payload: Uint8Array) => runtime(name, runtimeDigest({ name, payload }, 1, crypto));

  it('replays to the register of its quote, and tells which event was changed', () => {
    const vector = JSON.parse(readFileSync(file, 'utf8')) as { quote: string; event_log: string };
    const entries = (typeof vector.event_log === 'string' ? JSON.parse(vector.event_log) : vector.event_log) as {
      imr: number;
      event: string;
      event_payload: string;
    }[];
    const events = entries
      .filter(({ imr }) => imr === 3)
      .map((one) => measured(one.event, new Uint8Array(Buffer.from(one.event_payload, 'hex'))));
    // RTMR3 stands at byte 376 + 3 * 48 of a version 4 quote.
    const quoted = vector.quote.replace(/^0x/, '').slice(2 * 520, 2 * 568);
    expect(replayRegister(events)).toBe(quoted);
    const at = events.findIndex(({ label }) => label === 'compose-hash');
    const wanted = events.with(at, measured('compose-hash', utf8ToBytes('mine')));
    const [difference] = explain(
      rtmr('rtmr3', replayRegister(wanted)),
      'tdx',
      { rtmr3: quoted },
      { foundEvents: events, expectedEvents: expectedOf(wanted) },
    );
    expect(difference?.cause).toMatchObject({ kind: 'event', name: 'compose-hash' });
  });
});
