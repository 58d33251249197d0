import { describe, expect, it } from 'vitest';
import { typesOfPurpose } from '../../../../electron/contract/keys.ts';
import { auditKinds } from '../../../../electron/contract/audit.ts';
import { effectSentences, endOfDay, ledgerGroups, stateOf, typesFor } from './words.ts';

describe('words of keys', () => {
  it('offers the types that the core makes', () => {
    expect(typesFor).toEqual(typesOfPurpose);
  });
  it('takes real days only', () => {
    expect(endOfDay('2027-01-31')).toBe('2027-01-31T23:59:59Z');
    for (const text of ['', '2027-02-31', '2027-13-01', '31.1.2027', '2027-1-1'])
      expect(endOfDay(text)).toBeUndefined();
  });
  it('says that a key expired, not of a revoked one', () => {
    const expiresAt = '2026-01-01T00:00:00Z';
    expect(stateOf({ state: 'active', expiresAt }, Date.parse('2026-01-02T00:00:00Z'))).toBe('active, expired');
    expect(stateOf({ state: 'active', expiresAt }, Date.parse('2025-01-02T00:00:00Z'))).toBe('active');
    expect(stateOf({ state: 'revoked', expiresAt }, Date.parse('2026-01-02T00:00:00Z'))).toBe('revoked');
  });
  it('names what a revocation touches and counts the rest', () => {
    const datasets = Array.from({ length: 7 }, (_, index) => ({ id: `d${index}`, name: `set ${index}` }));
    const [first, second] = effectSentences({ key: {} as never, datasets, orders: [], policies: [], notes: ['Also.'] });
    expect(first).toBe('7 datasets can be opened only with it: set 0, set 1, set 2, set 3, set 4 and 2 more.');
    expect(second).toBe('No order rests on it.');
  });
  it('filters by acts that exist', () => {
    for (const { kinds } of Object.values(ledgerGroups)) for (const kind of kinds) expect(auditKinds).toContain(kind);
  });
});
