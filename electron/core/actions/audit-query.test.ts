import { expect, it } from 'vitest';
import type { AuditEntry } from '../../contract/audit.ts';
import { ok } from '../../contract/result.ts';
import type { AuditLog } from '../../services/audit/audit-log.ts';
import { findEntries } from './audit-query.ts';

/** 2,100 entries, more than two pages of the log; every tenth ends a run. */
const entries = Array.from({ length: 2100 }, (_, index) => ({
  entry: { index, kind: index % 10 === 0 ? 'run-ended' : 'node-verified' } as AuditEntry,
  leafHash: '',
}));
const audit: Pick<AuditLog, 'list' | 'head'> = {
  list: ({ after, limit }) => ok(entries.slice(after + 1, after + 1 + limit)),
  head: () => ({ size: entries.length, root: '' }),
};
const found = (filter: Parameters<typeof findEntries>[1], range: Parameters<typeof findEntries>[2]) => {
  const result = findEntries(audit, filter, range);
  if (!result.ok) throw new Error(result.error.message);
  return result.value.map(({ entry }) => entry.index);
};

it('finds the oldest or the newest that fit, oldest first, over more than one page of the log', () => {
  expect(found({}, { after: -1, limit: 3 })).toEqual([0, 1, 2]);
  expect(found({}, { after: -1, limit: 3, newest: true })).toEqual([2097, 2098, 2099]);
  expect(found({}, { after: 2097, limit: 3, newest: true })).toEqual([2098, 2099]);
  expect(found({}, { after: 2099, limit: 3, newest: true })).toEqual([]);
  const ended = { kinds: ['run-ended'] } as const;
  expect(found(ended, { after: -1, limit: 1000, newest: true })).toEqual(found(ended, { after: -1, limit: 1000 }));
  expect(found(ended, { after: -1, limit: 205, newest: true })).toEqual(
    Array.from({ length: 205 }, (_, at) => 50 + at * 10),
  );
});
