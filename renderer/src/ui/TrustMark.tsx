import type { ReactNode } from 'react';
import { cx } from './cx.ts';
import styles from './TrustMark.module.css';

/** The four states of trust. A state that is still being found out is `unknown`; never a blank, never a pass. */
export type Trust = 'verified' | 'warning' | 'refused' | 'unknown';

const words: Readonly<Record<Trust, string>> = {
  verified: 'Verified',
  warning: 'Warning',
  refused: 'Refused',
  unknown: 'Unknown',
};

/** Paint servers that every mark and lane refers to. The app renders this once. */
export function MarkDefinitions() {
  return (
    <svg className={styles.definitions} aria-hidden="true" focusable="false">
      <defs>
        <linearGradient id="nacre-pearl" x1="0" y1="0" x2="1" y2="1">
          <stop offset="0" className={styles.pearl1} />
          <stop offset=".4" className={styles.pearl2} />
          <stop offset=".72" className={styles.pearl3} />
          <stop offset="1" className={styles.pearl4} />
        </linearGradient>
        <linearGradient id="nacre-pearl-lane" x1="0" y1="0" x2="0" y2="1">
          <stop offset=".05" className={styles.pearl1} />
          <stop offset=".5" className={styles.pearl2} />
          <stop offset=".95" className={styles.pearl3} />
        </linearGradient>
        <pattern id="nacre-hatch" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <path d="M0 0V4" className={styles.hatchLine} />
        </pattern>
      </defs>
    </svg>
  );
}

interface MarkShapeProps {
  readonly trust: Trust;
  readonly simulated: boolean;
}

/** The drawing alone, for use inside another SVG with a 16 by 16 view box. Never the pearl when simulated. */
export function MarkShape({ trust, simulated }: MarkShapeProps) {
  const hatch = 'url(#nacre-hatch)';
  switch (trust) {
    case 'verified':
      return simulated ? (
        <>
          <circle cx="8" cy="8" r="6.7" fill={hatch} stroke="var(--text)" strokeWidth="1.2" />
          <path d="M5 8.3 7.2 10.4 11 6" fill="none" stroke="var(--text)" strokeWidth="1.7" />
        </>
      ) : (
        <>
          <circle cx="8" cy="8" r="7" fill="url(#nacre-pearl)" />
          <path d="M5 8.3 7.2 10.4 11 6" fill="none" stroke="var(--on-mark)" strokeWidth="1.7" />
        </>
      );
    case 'warning':
      return (
        <>
          <path
            d="M8 1 15.5 14.5H.5Z"
            fill={simulated ? hatch : 'var(--warning)'}
            stroke={simulated ? 'var(--warning)' : 'none'}
            strokeWidth="1.2"
          />
          <path
            d="M8 5.8v4.4M8 11.4v1.6"
            stroke={simulated ? 'var(--warning)' : 'var(--on-mark)'}
            strokeWidth="1.6"
            fill="none"
          />
        </>
      );
    case 'refused':
      return (
        <>
          <rect
            x="1.5"
            y="1.5"
            width="13"
            height="13"
            fill={simulated ? hatch : 'var(--refused)'}
            stroke={simulated ? 'var(--refused)' : 'none'}
            strokeWidth="1.2"
          />
          <path
            d="m5 5 6 6m0-6-6 6"
            stroke={simulated ? 'var(--refused)' : 'var(--on-mark)'}
            strokeWidth="1.7"
            fill="none"
          />
        </>
      );
    case 'unknown':
      return (
        <>
          <path
            d="M8 1.2 14.8 8 8 14.8 1.2 8Z"
            fill={simulated ? hatch : 'none'}
            stroke="var(--unknown)"
            strokeWidth="1.3"
          />
          <circle cx="8" cy="8" r="1.3" fill="var(--unknown)" />
        </>
      );
  }
}

export interface TrustMarkProps {
  readonly trust: Trust;
  /** Simulated hardware: hatched, never filled with the pearl. */
  readonly simulated?: boolean | undefined;
  readonly size?: 'small' | 'row' | 'medium' | 'large';
  /** Spoken name; leave out where the word stands beside the mark. */
  readonly title?: string | undefined;
}

/** The mark by itself. Beside it there must be a word, or give it a `title`. */
export function TrustMark({ trust, simulated = false, size = 'row', title }: TrustMarkProps) {
  return (
    <svg
      className={cx(styles.mark, size !== 'row' && styles[size])}
      viewBox="0 0 16 16"
      data-trust={trust}
      data-simulated={simulated}
      {...(title === undefined ? { 'aria-hidden': true } : { role: 'img', 'aria-label': title })}
    >
      <MarkShape trust={trust} simulated={simulated} />
    </svg>
  );
}

export interface TrustLabelProps extends TrustMarkProps {
  /** Replaces the standard word, for example "Lost 11:54" or "Checking". */
  readonly word?: ReactNode;
  /** Second detail behind the word: an age, a reason. */
  readonly note?: ReactNode;
  /** Adds the SIMULATED tag; a column of simulated rows may carry it in its head instead. */
  readonly tag?: boolean;
}

/** Mark, word and colour together. */
export function TrustLabel({ trust, simulated = false, size = 'row', word, note, tag = false }: TrustLabelProps) {
  return (
    <span className={styles.label}>
      <TrustMark trust={trust} simulated={simulated} size={size} />
      <span className={cx(styles.word, simulated ? styles.simulated : styles[trust])}>{word ?? words[trust]}</span>
      {simulated && !tag ? <span className="sr">simulated</span> : null}
      {simulated && tag ? <SimulatedTag /> : null}
      {note === undefined ? null : <span className={styles.note}>{note}</span>}
    </span>
  );
}

/** The hatched tag that stands at everything without hardware behind it. */
export function SimulatedTag() {
  return (
    <span className={styles.tag}>
      <span>SIMULATED</span>
    </span>
  );
}

/** A plain check: a fact about a file or a check that passed. It is not a statement about hardware. */
export function Tick({ verified = false, title }: { readonly verified?: boolean; readonly title?: string }) {
  return (
    <svg
      className={cx(styles.tick, verified && styles.tickVerified)}
      viewBox="0 0 14 14"
      {...(title === undefined ? { 'aria-hidden': true } : { role: 'img', 'aria-label': title })}
    >
      <path d="M2.5 7.4 5.6 10.4 11.5 3.8" />
    </svg>
  );
}
