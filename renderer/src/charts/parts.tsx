import type { ReactNode } from 'react';
import { cx } from '../ui/index.ts';
import styles from './Chart.module.css';
import type { Scale } from './scale.ts';
import { gutters, placeLabels, xTicks, type XKind } from './x-axis.ts';

export function KeyLine({
  kind,
  children,
}: {
  readonly kind: 'line' | 'dots' | 'compare' | 'verified' | 'simulated' | 'gap' | 'overridden' | 'lost' | 'checkpoint';
  readonly children: ReactNode;
}) {
  return (
    <span className={styles.key}>
      <svg viewBox="0 0 22 8" aria-hidden="true">
        {kind === 'line' ? (
          <>
            <rect className={styles.band} width="22" height="8" />
            <path className={styles.line} d="M0 4H22" />
          </>
        ) : null}
        {kind === 'dots' ? <circle cx="11" cy="4" r="2.6" className={styles.dot} /> : null}
        {kind === 'compare' ? <path className={styles.compare} d="M0 4H22" /> : null}
        {kind === 'verified' ? <rect width="22" height="8" className={styles.verified} /> : null}
        {kind === 'simulated' ? <rect x=".5" y=".5" width="21" height="7" className={styles.simulated} /> : null}
        {kind === 'gap' ? <rect x=".5" y=".5" width="21" height="7" className={styles.gapBlock} /> : null}
        {kind === 'overridden' ? (
          <>
            <rect x=".5" y=".5" width="21" height="7" className={styles.gapBlock} />
            <rect x="2" y="2.5" width="18" height="3" className={styles.overriddenBar} />
          </>
        ) : null}
        {kind === 'lost' ? <rect x="7" width="8" height="8" className={styles.lost} /> : null}
        {kind === 'checkpoint' ? <rect x="8" y="1" width="6" height="6" className={styles.checkpoint} /> : null}
      </svg>
      {children}
    </span>
  );
}

export interface GridProps {
  readonly x: Scale;
  readonly kind: XKind;
  readonly width: number;
  readonly height: number;
  readonly rows?: ReadonlyArray<number>;
}

/** Hairlines at the ticks. */
export function Grid({ x, kind, width, height, rows = [] }: GridProps) {
  const { left, right } = gutters(width);
  return (
    <>
      {xTicks(x.domain, kind, width - left - right).map((tick) => (
        <line key={`x${tick}`} className={styles.grid} x1={x.at(tick)} x2={x.at(tick)} y1={0} y2={height} />
      ))}
      {rows.map((row) => (
        <line key={`y${row}`} className={styles.grid} x1={left} x2={width - right} y1={row} y2={row} />
      ))}
    </>
  );
}

export interface XAxisRowProps {
  readonly x: Scale;
  readonly width: number;
  readonly kind: XKind;
  readonly cursor: number | undefined;
  readonly now: number | undefined;
}

/** The scale under the last chart of a page, with the cursor's flag and the present step before all other labels. */
export function XAxisRow({ x, width, kind, cursor, now }: XAxisRowProps) {
  const { left, right } = gutters(width);
  const first = [cursor, now].filter((value) => value !== undefined);
  const labels = placeLabels(xTicks(x.domain, kind, width - left - right), first, kind, x.at, left - 2, width);
  return (
    <svg width={width} height={20} aria-hidden="true" className={styles.lines}>
      <text className={styles.text} x={left - 8} y={14} textAnchor="end">
        {kind === 'step' ? 'step' : 'UTC'}
      </text>
      {labels.map(({ value, text, middle, from, until }) =>
        value === cursor ? (
          <g key={value}>
            <rect className={styles.flag} x={from - 4} y={1} width={until - from + 8} height={17} />
            <text className={styles.flagText} x={middle} y={13.5} textAnchor="middle">
              {text}
            </text>
          </g>
        ) : (
          <text
            key={value}
            className={cx(styles.text, value === now && styles.strong, value === now && styles.heavy)}
            x={middle}
            y={14}
            textAnchor="middle"
          >
            {text}
          </text>
        ),
      )}
    </svg>
  );
}
