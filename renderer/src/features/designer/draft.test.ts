import { describe, expect, it } from 'vitest';
import type { NodeView } from '../../../../electron/contract/views.ts';
import { newDraft, parseCommand, parseHidden } from './draft.ts';

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

  it('splits a command without a shell', () => {
    expect(parseCommand('python train.py --name "two words" \'$HOME\'')).toEqual([
      'python',
      'train.py',
      '--name',
      'two words',
      '$HOME',
    ]);
  });
});
