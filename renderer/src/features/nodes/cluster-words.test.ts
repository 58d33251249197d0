import { expect, it } from 'vitest';
import type { NetworkView } from '../../../../electron/contract/networks.ts';
import { clusterWords, dangersOf } from './cluster-words.ts';

const node = (head: boolean, state: 'alive' | 'dead', trust?: string): NetworkView['nodes'][number] => ({
  id: 'ab',
  address: '127.0.0.1',
  head,
  state,
  resources: {},
  labels: {},
  ...(trust === undefined ? {} : { agent: { node: 'n', trust, simulated: true } }),
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
  expect(clusterWords(view)).toBe('Ray 2.60.0, 1 of 2 workers alive, 1 with a verified agent');
  expect(clusterWords({ ...view, state: 'failed', nodes: [] })).toBe('does not answer');
});

it('asks only about dangers that the core named', () => {
  expect(dangersOf({ dangers: ['no-authentication', 'other'] })).toEqual(['no-authentication']);
  expect(dangersOf({ dangers: 'plain-http' })).toEqual([]);
  expect(dangersOf(undefined)).toEqual([]);
});
