import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createNodeCrypto } from '../../../services/evidence/node-crypto.ts';
import { toHex } from '../readers/bytes.ts';
import { replayEventLog } from './event-log.ts';

const file = '../shared/vectors/eventlog/dstack-quote-report/quote-report.json';
const crypto = createNodeCrypto();

interface Entry {
  imr: number;
  event_type: number;
  digest: string;
  event: string;
  event_payload: string;
}

describe('dstack event log', () => {
  it('survives any text', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => !replayEventLog(text, crypto).ok));
    expect(replayEventLog('[]', crypto).ok).toBe(false);
    expect(replayEventLog(' '.repeat(1_048_577), crypto).ok).toBe(false);
  });

  if (!existsSync(file)) {
    it('needs ../shared/vectors', () => {
      expect(process.env['CI'], 'the evidence vectors are missing').not.toBe('true');
    });
    return;
  }
  const report = JSON.parse(readFileSync(file, 'utf8')) as { quote: string; event_log: string | Entry[] };
  const entries = typeof report.event_log === 'string' ? (JSON.parse(report.event_log) as Entry[]) : report.event_log;
  // RTMR0 stands at byte 376 of a version 4 quote.
  const quoted = [0, 1, 2, 3].map((index) => report.quote.slice(2 * (376 + 48 * index), 2 * (424 + 48 * index)));
  const replay = (log: readonly Entry[]) => {
    const result = replayEventLog(JSON.stringify(log), crypto);
    return result.ok ? result.value.registers.map(toHex) : result.detail;
  };
  const at = (name: string) => entries.findIndex(({ event }) => event === name);

  it('replays to the registers of its quote', () => {
    expect(entries).toHaveLength(28);
    expect(replay(entries)).toEqual(quoted);
  });

  it('never replays to them with an event left out, twice, or with another payload', () => {
    entries.forEach((entry, index) => {
      expect(replay(entries.toSpliced(index, 1))).not.toEqual(quoted);
      expect(replay(entries.toSpliced(index, 0, entry))).not.toEqual(quoted);
    });
    const changed = entries.map((entry, index) =>
      index === at('compose-hash') ? { ...entry, event_payload: '00'.repeat(32) } : entry,
    );
    expect(replay(changed)).toContain('digest of event "compose-hash"');
    const [moved] = entries.slice(at('compose-hash'));
    if (moved === undefined) throw new Error('the vector has no compose-hash');
    expect(replay([...entries.toSpliced(at('compose-hash'), 1), moved])).toBe('compose-hash comes after system-ready');
    expect(replay([...entries, moved])).toContain('once each');
    expect(replay([...entries, { ...moved, event_type: 1 }])).toContain('does not belong');
  });
});
