import type { ReactNode } from 'react';
import { cx, formatCount, formatTime } from '../ui/index.ts';
import styles from './Chart.module.css';
import { niceTicks, type Scale } from './scale.ts';

/** Names at the left, last values at the right: the same gutters in every chart and lane, so that they line up. */
export const leftGutter = 104;
export const rightGutter = 84;

export type XKind = 'step' | 'time';

/** How a place on the x axis is written: `11,980` or `12:13:38`. Time is in ms since the epoch. */
export function formatX(x: number, kind: XKind): string {
  return kind === 'step' ? formatCount(Math.round(x)) : formatTime(x);
}

export function xTicks(domain: readonly [number, number]): ReadonlyArray<number> {
  return niceTicks(domain[0], domain[1], 6);
}

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
  readonly width: number;
  readonly height: number;
  readonly rows?: ReadonlyArray<number>;
}

/** Hairlines at the ticks. */
export function Grid({ x, width, height, rows = [] }: GridProps) {
  return (
    <>
      {xTicks(x.domain).map((tick) => (
        <line key={`x${tick}`} className={styles.grid} x1={x.at(tick)} x2={x.at(tick)} y1={0} y2={height} />
      ))}
      {rows.map((row) => (
        <line key={`y${row}`} className={styles.grid} x1={leftGutter} x2={width - rightGutter} y1={row} y2={row} />
      ))}
    </>
  );
}

/** The scale under the last chart of a page, with the cursor's flag and the present step. */
export function XAxisRow({
  x,
  width,
  kind,
  cursor,
  now,
}: {
  readonly x: Scale;
  readonly width: number;
  readonly kind: XKind;
  readonly cursor: number | undefined;
  readonly now: number | undefined;
}) {
  const flag = cursor ?? undefined;
  const keepClear = [flag, now].filter((value) => value !== undefined).map((value) => x.at(value));
  return (
    <svg width={width} height={20} aria-hidden="true" className={styles.lines}>
      <text className={styles.text} x={leftGutter - 8} y={14} textAnchor="end">
        {kind === 'step' ? 'step' : 'UTC'}
      </text>
      {xTicks(x.domain).map((tick) =>
        keepClear.some((place) => Math.abs(place - x.at(tick)) < 44) ? null : (
          <text
            key={tick}
            className={styles.text}
            x={x.at(tick)}
            y={14}
            textAnchor={tick === x.domain[0] ? 'start' : x.at(tick) > width - rightGutter - 20 ? 'end' : 'middle'}
          >
            {formatX(tick, kind)}
          </text>
        ),
      )}
      {now === undefined || (flag !== undefined && Math.abs(x.at(flag) - x.at(now)) < 56) ? null : (
        <text className={cx(styles.text, styles.strong, styles.heavy)} x={x.at(now)} y={14} textAnchor="middle">
          {formatX(now, kind)}
        </text>
      )}
      {flag === undefined ? null : (
        <g transform={`translate(${x.at(flag)} 1)`}>
          <rect className={styles.flag} x={-30} width={60} height={17} />
          <text className={styles.flagText} y={12.5} textAnchor="middle">
            {formatX(flag, kind)}
          </text>
        </g>
      )}
    </svg>
  );
}
