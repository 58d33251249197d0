import { expect, it } from 'vitest';
import type { NetworkView } from '../../../../electron/contract/networks.ts';
import { makeNode } from '../../testing/sample-views.ts';
import { clusterWords, dangersOf } from './cluster-words.ts';

const node = (head: boolean, state: 'alive' | 'dead', trust?: string): NetworkView['nodes'][number] => ({
  id: 'ab',
  address: '127.0.0.1',
  head,
  state,
  resources: {},
  labels: {},
  ...(trust === undefined ? {} : { agent: { node: trust, trust: 'unknown', simulated: true } }),
});

it('counts workers that live and agents that verified, not the head', () => {
  const nodes = [node(true, 'alive'), node(false, 'alive', 'verified'), node(false, 'dead', 'refused')];
  const view: NetworkView = {
    id: 'r',
    kind: 'ray',
    url: 'u',
    accepted: [],
    state: 'connected',
    version: '2.60.0',
    nodes,
  };
  const known = [makeNode({ name: 'verified' }), makeNode({ name: 'refused', trust: 'refused' })];
  expect(clusterWords(view, known)).toBe('Ray 2.60.0, 1 of 2 workers alive, 1 with a verified agent');
  expect(clusterWords({ ...view, state: 'failed', nodes: [] }, known)).toBe('does not answer');
});

it('asks only about dangers that the core named', () => {
  expect(dangersOf({ dangers: ['no-authentication', 'other'] })).toEqual(['no-authentication']);
  expect(dangersOf({ dangers: 'plain-http' })).toEqual([]);
  expect(dangersOf(undefined)).toEqual([]);
});
