import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Policy } from '../../../../electron/contract/policy.ts';
import {
  freeId,
  numberOf,
  problemAt,
  registerLines,
  registersOf,
  toggled,
  valuesOf,
  withFamily,
} from './policy-edit.ts';

const hex = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 1, maxLength: 96 });

describe('editing a policy', () => {
  it('reads one value a line, each once', () => {
    expect(valuesOf(' ab \n\ncd, ef\nab')).toEqual(['ab', 'cd', 'ef']);
    fc.assert(fc.property(fc.uniqueArray(hex), (values) => void expect(valuesOf(values.join('\n'))).toEqual(values)));
  });

  it('reads registers back as it wrote them', () => {
    const registers = fc.dictionary(fc.integer({ min: 0, max: 31 }).map(String), fc.uniqueArray(hex, { minLength: 1 }));
    fc.assert(fc.property(registers, (each) => void expect(registersOf(registerLines(each))).toEqual({ ...each })));
    expect(registersOf('PCR16: ab\n16 cd')).toEqual({ '16': ['ab', 'cd'] });
  });

  it('leaves what is no number for the core to refuse', () => {
    expect(numberOf(' 12 ')).toBe(12);
    for (const text of ['', '-1', '1.5', '0x1', 'many']) expect(numberOf(text)).toBeNaN();
  });

  it('adds a family with its section, so that it is not refused', () => {
    const policy = { families: ['snp'] } as unknown as Policy;
    for (const family of ['tdx', 'sgx', 'nitro'] as const) {
      expect(withFamily(policy, family, true)[family]).toBeDefined();
      expect(withFamily(withFamily(policy, family, true), family, false).families).toEqual(['snp']);
    }
    expect(toggled([3, 0], 1, true, [0, 1, 2, 3])).toEqual([0, 1, 3]);
  });

  it('finds the problem of a field, also below it', () => {
    const problems = [{ severity: 'error' as const, place: 'snp.vmpl.0', message: 'At most 3.' }];
    expect(problemAt(problems, 'snp.vmpl', 'error')).toBe('At most 3.');
    expect(problemAt(problems, 'snp.vm', 'error')).toBeUndefined();
    expect(problemAt(problems, 'snp.vmpl', 'caution')).toBeUndefined();
    expect(freeId('a', ['a', 'a-2'])).toBe('a-3');
  });
});
