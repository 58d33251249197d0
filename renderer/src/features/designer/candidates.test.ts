import { describe, expect, it } from 'vitest';
import type { JobDraft } from '../../../../electron/contract/job.ts';
import type { NetworkView } from '../../../../electron/contract/networks.ts';
import { makeNode } from '../../testing/sample-views.ts';
import { candidatesOf, onNetwork, placeOf, toFront, toggled, withWorkers } from './candidates.ts';
import { newDraft } from './draft.ts';

const nodes = [
  makeNode({ name: 'a', usdPerHour: 3 }),
  makeNode({ name: 'b', usdPerHour: 2 }),
  makeNode({ name: 'c', trust: 'refused', reason: 'tcb-below-minimum' }),
  makeNode({ name: 'd', trust: 'unknown', reachable: 'no' }),
  makeNode({ name: 'e', trust: 'unknown' }),
];
const worker = (name: string, more: Partial<NetworkView['nodes'][number]> = {}): NetworkView['nodes'][number] => ({
  id: `ray-node-of-${name}`,
  address: '127.0.0.1',
  head: false,
  state: 'alive',
  resources: { CPU: 1 },
  labels: { 'nacre-node': name },
  agent: { node: name, trust: 'verified', simulated: true },
  ...more,
});
const cluster: NetworkView = {
  id: 'ray-1',
  kind: 'ray',
  url: 'http://127.0.0.1:8265',
  accepted: [],
  state: 'connected',
  nodes: [
    worker('head', { head: true }),
    worker('a'),
    worker('b', { state: 'dead', message: 'health check failed' }),
    worker('b'),
    worker('c'),
    worker('gone', { state: 'dead', message: 'health check failed' }),
    { ...worker('strange'), agent: undefined },
  ],
};
const draft: JobDraft = { ...newDraft([], [], 'default'), nodes: ['b', 'a', 'x'] };

describe('candidates', () => {
  it('are the nodes of the directory, each with the reason why it cannot be taken', () => {
    const found = candidatesOf(nodes, undefined, new Set());
    expect(found.map(({ name, off }) => [name, off])).toEqual([
      ['a', undefined],
      ['b', undefined],
      ['c', 'TCB below minimum'],
      ['d', 'no agent answers there'],
      ['e', 'it was not asked for evidence yet'],
    ]);
    expect(candidatesOf(nodes, undefined, new Set(['c']))[2]?.off).toBeUndefined();
  });

  it('are the workers of a cluster: refused, dead and unknown ones say so, and a dead twin is left out', () => {
    expect(candidatesOf(nodes, cluster, new Set()).map(({ name, off }) => [name, off])).toEqual([
      ['a', undefined],
      ['b', undefined],
      ['c', 'TCB below minimum'],
      ['gone', 'Ray says dead: health check failed'],
      ['strange', 'no agent that this desk knows stands beside it'],
    ]);
  });

  it('get ranks in the order of choosing, the rest are spares', () => {
    const two = { ...draft, ...withWorkers(2, 5) };
    expect(two.workers).toEqual({ count: 2, minimum: 2 });
    expect(['a', 'b', 'c', 'x'].map((name) => placeOf(two, name))).toEqual(['rank 1', 'rank 0', '', 'spare 1']);
    expect(placeOf(draft, 'b')).toBe('trains');
    expect(withWorkers(1, 1)).toEqual({ workers: undefined });
    expect(toggled(['a', 'b'], 'a')).toEqual(['b']);
    expect(toggled(['b'], 'a')).toEqual(['b', 'a']);
    expect(toFront(['b', 'a', 'x'], 'x')).toEqual(['x', 'b', 'a']);
  });

  it('of another network are chosen anew: the cheapest that can be taken, never a refused one', () => {
    const two = { ...draft, ...withWorkers(2, 1) };
    const rows = candidatesOf(nodes, cluster, new Set());
    expect(onNetwork(two, cluster.id, rows)).toEqual({ network: 'ray-1', nodes: ['b', 'a'] });
    expect(onNetwork(draft, undefined, candidatesOf([], undefined, new Set()))).toEqual({
      network: undefined,
      nodes: [],
    });
  });
});
