import { describe, expect, it } from 'vitest';
import type { DatasetView, NodeView } from '../../../../electron/contract/views.ts';
import { newDraft, parseHidden } from './draft.ts';

const node = (name: string, trust: NodeView['trust'], usdPerHour: number) => ({ name, trust, usdPerHour }) as NodeView;

describe('draft', () => {
  it('takes the cheapest node that verified, never a cheaper refused one', () => {
    const nodes = [node('a', 'verified', 3), node('b', 'refused', 1), node('c', 'verified', 2)];
    expect(newDraft([], nodes, 'default').nodes).toEqual(['c']);
  });

  it('reads layer sizes and refuses what is not a size', () => {
    expect(parseHidden('32, 16')).toEqual([32, 16]);
    expect(parseHidden('')).toEqual([]);
    expect(parseHidden('32, x')).toBeNull();
    expect(parseHidden('0')).toBeNull();
    expect(parseHidden('1,2,3,4,5')).toBeNull();
  });

  it('takes a script where the dataset is not one table', () => {
    const folder = { id: 'data-1', name: 'digits', sealedAt: '2026-11-22T17:00:00.000Z' } as DatasetView;
    expect(newDraft([folder], [], 'default').program).toMatchObject({ type: 'command' });
    expect(newDraft([{ ...folder, columns: ['a', 'b'], target: 'b' }], [], 'default').program).toMatchObject({
      type: 'builtin',
      target: 'b',
    });
  });
});
