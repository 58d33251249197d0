import { describe, expect, it } from 'vitest';
import { makeNode } from '../../testing/sample-views.ts';
import { reasonWords, shortGpu } from '../../ui/index.ts';
import { filterNodes, reading, trustOf, wordOf } from './node-words.ts';

describe('words of nodes', () => {
  it('never takes a check under way, or silence, for a pass', () => {
    expect(trustOf(makeNode({ trust: 'checking' }))).toBe('unknown');
    expect(wordOf(makeNode({ trust: 'checking' }))).toBe('Checking');
    expect(wordOf(makeNode({ trust: 'unknown' }))).toBe('Never asked');
    expect(wordOf(makeNode({ trust: 'unknown', reachable: 'no' }))).toBe('No answer');
  });

  it('shortens models and reasons', () => {
    expect(shortGpu('NVIDIA H100 80GB HBM3')).toBe('H100');
    expect(shortGpu('GH-something')).toBe('GH-something');
    expect(reasonWords('tcb-below-minimum')).toBe('TCB below minimum');
    expect(reasonWords('chip-id-mismatch')).toBe('chip ID mismatch');
    expect(reasonWords('debug-enabled')).toBe('debug enabled');
    expect(reasonWords(undefined)).toBe('');
  });

  it('gives a reading only when it was reported', () => {
    expect(reading(makeNode({ telemetry: { DCGM_FI_DEV_GPU_TEMP: 61 } }), 'DCGM_FI_DEV_GPU_TEMP')).toBe(61);
    expect(reading(makeNode({}), 'DCGM_FI_DEV_GPU_TEMP')).toBeUndefined();
  });

  it('filters by words and trust together', () => {
    const nodes = [
      makeNode({ name: 'local-01', city: 'Helsinki', trust: 'verified' }),
      makeNode({ name: 'local-02', city: 'Frankfurt', trust: 'refused', reason: 'debug-enabled' }),
    ];
    expect(filterNodes(nodes, { text: 'debug frank', trust: 'any', gpus: [] }).map((node) => node.name)).toEqual([
      'local-02',
    ]);
    expect(filterNodes(nodes, { text: 'local', trust: 'verified', gpus: [] }).map((node) => node.name)).toEqual([
      'local-01',
    ]);
    expect(filterNodes(nodes, { text: '', trust: 'any', gpus: ['H200'] })).toEqual([]);
    expect(filterNodes(nodes, { text: '', trust: 'any', gpus: ['H100', 'H200'] })).toHaveLength(2);
    expect(filterNodes(nodes, { text: 'nowhere', trust: 'any', gpus: [] })).toEqual([]);
  });
});
