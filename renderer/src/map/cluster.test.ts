import { describe, expect, it } from 'vitest';
import { clusterNodes, countByTrust, describeCluster, mainTrust, type MapNode } from './cluster.ts';

const node = (name: string, longitude: number, trust: MapNode['trust']): MapNode => ({
  name,
  place: `place of ${name}`,
  latitude: 50,
  longitude,
  trust,
  simulated: true,
});

describe('clusters', () => {
  const nodes = [
    node('a', 10, 'verified'),
    node('b', 12, 'refused'),
    node('c', 60, 'unknown'),
    node('d', 11, 'verified'),
  ];
  const clusters = clusterNodes(nodes, (longitude, latitude) => [longitude * 2, latitude], 10);

  it('joins what would touch and leaves out no node', () => {
    expect(clusters.map((cluster) => cluster.nodes.map((each) => each.name))).toEqual([['a', 'b', 'd'], ['c']]);
    expect(clusters[0]).toMatchObject({ x: 20, y: 50 });
  });

  it('skips a node that has no place on this map', () => {
    expect(clusterNodes(nodes, () => null, 10)).toEqual([]);
  });

  it('counts and names in words', () => {
    const first = clusters[0] ?? { x: 0, y: 0, nodes: [] };
    expect(countByTrust(first.nodes)).toEqual([
      { trust: 'verified', count: 2 },
      { trust: 'refused', count: 1 },
    ]);
    expect(mainTrust(first.nodes)).toBe('verified');
    expect(mainTrust([])).toBe('unknown');
    expect(describeCluster(first)).toBe('place of a and 2 more places: 3 nodes, 2 verified, 1 refused, SIMULATED');
  });
});
