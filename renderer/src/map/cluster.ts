import type { Trust } from '../ui/index.ts';

export interface MapNode {
  readonly name: string;
  readonly place: string;
  readonly latitude: number;
  readonly longitude: number;
  readonly trust: Trust;
  readonly simulated: boolean;
}

export interface Cluster {
  readonly x: number;
  readonly y: number;
  readonly nodes: ReadonlyArray<MapNode>;
}

const order: ReadonlyArray<Trust> = ['verified', 'warning', 'refused', 'unknown'];

/** Nodes by trust, in the order of the marks, states without a node left out. */
export function countByTrust(
  nodes: ReadonlyArray<MapNode>,
): ReadonlyArray<{ readonly trust: Trust; readonly count: number }> {
  return order
    .map((trust) => ({ trust, count: nodes.filter((node) => node.trust === trust).length }))
    .filter((entry) => entry.count > 0);
}

/** The state that most nodes of a cluster have; the more trusted one when two are equal. */
export function mainTrust(nodes: ReadonlyArray<MapNode>): Trust {
  return countByTrust(nodes).reduce<{ trust: Trust; count: number }>(
    (best, entry) => (entry.count > best.count ? entry : best),
    { trust: 'unknown', count: 0 },
  ).trust;
}

/**
 * Joins nodes whose marks would touch, in the order given, so that the same list always gives the same clusters.
 * A cluster stands at the place of its first node and does not wander as others join.
 */
export function clusterNodes(
  nodes: ReadonlyArray<MapNode>,
  project: (longitude: number, latitude: number) => readonly [number, number] | null,
  distance: number,
): ReadonlyArray<Cluster> {
  const clusters: Array<{ x: number; y: number; nodes: MapNode[] }> = [];
  for (const node of nodes) {
    const place = project(node.longitude, node.latitude);
    if (place === null) continue;
    const [x, y] = place;
    const near = clusters.find((cluster) => Math.hypot(cluster.x - x, cluster.y - y) < distance);
    if (near === undefined) clusters.push({ x, y, nodes: [node] });
    else near.nodes.push(node);
  }
  return clusters;
}

/** "Frankfurt: 2 nodes, 1 verified, 1 refused, SIMULATED". */
export function describeCluster(cluster: Cluster): string {
  const places = [...new Set(cluster.nodes.map((node) => node.place))];
  const where = places.length > 2 ? `${places[0] ?? ''} and ${places.length - 1} more places` : places.join(' and ');
  const counts = countByTrust(cluster.nodes).map((entry) => `${entry.count} ${entry.trust}`);
  const simulated = cluster.nodes.some((node) => node.simulated) ? ', SIMULATED' : '';
  return `${where}: ${cluster.nodes.length} ${cluster.nodes.length === 1 ? 'node' : 'nodes'}, ${counts.join(', ')}${simulated}`;
}
