/** The offline world map. It knows nothing of hosts, state or features. */
export type { MapNode } from './cluster.ts';
export { WorldMap, type WorldMapProps } from './WorldMap.tsx';
