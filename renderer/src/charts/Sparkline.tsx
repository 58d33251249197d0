import type { Series } from '../../../electron/contract/views.ts';
import styles from './Charts.module.css';

export interface SparklineProps {
  readonly series: Series | undefined;
  /** Top of the scale, shared by a column of small multiples; the bottom is zero. */
  readonly maximum: number;
  readonly label: string;
}

const width = 150;
const height = 22;

/** An SVG path from zero to `maximum`; after a gap the pen is set down anew, so nothing bridges it. */
export function sparkPath(points: Series['points'], maximum: number): string {
  const first = points[0]?.x ?? 0;
  const span = Math.max(1, (points.at(-1)?.x ?? 1) - first);
  return points
    .flatMap((point, index) => {
      if (point.y === null) return [];
      const x = ((point.x - first) / span) * width;
      const y = height - 1 - (Math.min(point.y, maximum) / Math.max(maximum, Number.EPSILON)) * (height - 2);
      const before = points[index - 1]?.y;
      return [`${before === undefined || before === null ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`];
    })
    .join('');
}

/** A small line from zero to `maximum`. */
export function Sparkline({ series, maximum, label }: SparklineProps) {
  return (
    <svg
      className={styles.spark}
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <path d={sparkPath(series?.points ?? [], maximum)} className={styles.line} vectorEffect="non-scaling-stroke" />
    </svg>
  );
}
