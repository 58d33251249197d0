import { geoEquirectangular, geoGraticule, geoPath, type GeoPermissibleObjects } from 'd3-geo';
import { useMemo } from 'react';
import { feature } from 'topojson-client';
import landAtlas from 'world-atlas/land-110m.json';
import { cx, MarkShape } from '../ui/index.ts';
import { useSize } from '../ui/useWidth.ts';
import { clusterNodes, countByTrust, describeCluster, mainTrust, type MapNode } from './cluster.ts';
import styles from './WorldMap.module.css';

type Atlas = Parameters<typeof feature>[0];

/** Natural Earth at 1:110 million, bundled: the map needs no network. */
const atlas = landAtlas as unknown as Atlas;
const landObject = atlas.objects['land'];
const land = landObject === undefined ? undefined : withoutIce(feature(atlas, landObject));
/** Drops every polygon that lies wholly south of 60° S: no node stands there, and the room is worth more. */
function withoutIce(world: ReturnType<typeof feature>): GeoPermissibleObjects {
  const geometries =
    world.type === 'FeatureCollection' ? world.features.map((each) => each.geometry) : [world.geometry];
  return {
    type: 'MultiPolygon',
    coordinates: geometries
      .flatMap((geometry) => (geometry.type === 'MultiPolygon' ? geometry.coordinates : []))
      .filter((polygon) => polygon[0]?.some(([, latitude = 0]) => latitude > -60)),
  };
}

const graticule = geoGraticule().step([60, 30])();

/** The part of the world that is shown. */
const frame = {
  type: 'MultiPoint' as const,
  coordinates: [
    [-168, 74],
    [180, 74],
    [-168, -52],
    [180, -52],
  ],
};

const touchDistance = 26;

export interface WorldMapProps {
  readonly nodes: ReadonlyArray<MapNode>;
  readonly selected?: string | undefined;
  /** A cluster gives its nodes one after the other. */
  readonly onSelect: (name: string) => void;
}

/** Where the nodes are, with their marks. Everything it says also stands in the table of nodes. */
export function WorldMap({ nodes, selected, onSelect }: WorldMapProps) {
  const [ref, { width, height }] = useSize({ width: 700, height: 260 });
  const projection = useMemo(() => geoEquirectangular().fitSize([width, height], frame), [width, height]);
  const drawn = useMemo(() => {
    const path = geoPath(projection);
    return { land: (land === undefined ? null : path(land)) ?? '', grid: path(graticule) ?? '' };
  }, [projection]);
  const clusters = useMemo(
    () => clusterNodes(nodes, (longitude, latitude) => projection([longitude, latitude]), touchDistance),
    [nodes, projection],
  );
  return (
    <div
      ref={ref}
      className={styles.map}
      role="group"
      aria-label={`World map: ${nodes.length} nodes in ${clusters.length} places`}
    >
      <svg width={width} height={height}>
        <path className={styles.grid} d={drawn.grid} aria-hidden="true" />
        <path className={styles.land} d={drawn.land} aria-hidden="true" />
        {clusters.map((cluster) => {
          const first = cluster.nodes[0];
          if (first === undefined) return null;
          const trust = mainTrust(cluster.nodes);
          const at = cluster.nodes.findIndex((node) => node.name === selected);
          const size = cluster.nodes.length === 1 ? 14 : Math.min(24, 14 + cluster.nodes.length * 1.5);
          const left = cluster.x > width - 90;
          const choose = () => onSelect((cluster.nodes[(at + 1) % cluster.nodes.length] ?? first).name);
          const others = countByTrust(cluster.nodes).filter((entry) => entry.trust !== trust);
          const start = size / 2 + 6;
          return (
            <g key={first.name} transform={`translate(${cluster.x.toFixed(1)} ${cluster.y.toFixed(1)})`}>
              <g
                className={cx(styles.cluster, at !== -1 && styles.selected)}
                role="button"
                tabIndex={0}
                aria-pressed={at !== -1}
                aria-label={describeCluster(cluster)}
                onClick={choose}
                onKeyDown={(event) => {
                  if (event.key !== 'Enter' && event.key !== ' ') return;
                  event.preventDefault();
                  choose();
                }}
              >
                <circle className={styles.ground} r={Math.max(12, size / 2 + 2)} />
                <rect className={styles.ring} x={-size / 2 - 4} y={-size / 2 - 4} width={size + 8} height={size + 8} />
                <svg x={-size / 2} y={-size / 2} width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">
                  <MarkShape trust={trust} simulated={cluster.nodes.some((node) => node.simulated)} />
                </svg>
              </g>
              <text
                className={styles.count}
                x={left ? -start : start}
                y={4}
                textAnchor={left ? 'end' : 'start'}
                aria-hidden="true"
              >
                {cluster.nodes.length === 1 ? first.place : cluster.nodes.length}
                {others.map((entry) => (
                  <tspan key={entry.trust} className={styles.more} dx={6}>
                    {entry.count} {entry.trust}
                  </tspan>
                ))}
              </text>
            </g>
          );
        })}
      </svg>
    </div>
  );
}
