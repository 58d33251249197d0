import { useEffect, useRef, useState, type ReactNode } from 'react';
import { cx } from './cx.ts';
import { describeProgress, formatPercent } from './format.ts';
import styles from './Messages.module.css';
import { Tick, TrustMark } from './TrustMark.tsx';

export interface BannerProps {
  readonly kind: 'warning' | 'refused' | 'simulated' | 'fact' | 'unknown';
  /** First sentence: what happened. */
  readonly title?: ReactNode;
  readonly children?: ReactNode;
  readonly action?: ReactNode;
}

/** A line across the page. `refused` is announced at once; the others politely. */
export function Banner({ kind, title, children, action }: BannerProps) {
  return (
    <div
      className={cx(styles.banner, (kind === 'warning' || kind === 'refused' || kind === 'simulated') && styles[kind])}
      role={kind === 'refused' ? 'alert' : 'note'}
    >
      {kind === 'warning' || kind === 'refused' || kind === 'unknown' ? <TrustMark trust={kind} /> : null}
      {kind === 'fact' ? <Tick /> : null}
      <div className={styles.body}>
        {kind === 'simulated' ? <b>SIMULATED.</b> : null} {title === undefined ? null : <b>{title}</b>}{' '}
        <span className="dim">{children}</span>
      </div>
      {action}
    </div>
  );
}

export type ProgressState = 'moving' | 'waiting' | 'paused' | 'stopped' | 'done';

export interface ProgressBarProps {
  readonly title: ReactNode;
  /** Spoken name; needed when the title is not plain text. */
  readonly label?: string;
  readonly progress:
    | {
        readonly done: number;
        readonly total: number;
        readonly unit: 'bytes' | 'steps' | 'nodes' | 'datasets';
        readonly ratePerSecond?: number | undefined;
        readonly secondsLeft?: number | undefined;
      }
    | undefined;
  readonly state?: ProgressState;
  /** Replaces the sentence under the bar: what it waits for, what was kept. */
  readonly sentence?: ReactNode;
  /** At the right end of the title line; the share done when absent. */
  readonly aside?: ReactNode;
}

/** A bar that moves with real bytes and steps, with amount, rate and time left in words under it. */
export function ProgressBar({ title, label, progress, state = 'moving', sentence, aside }: ProgressBarProps) {
  const share = progress === undefined || progress.total <= 0 ? 0 : Math.min(1, progress.done / progress.total);
  const words = progress === undefined ? 'Not started.' : describeProgress(progress);
  const name = label ?? (typeof title === 'string' ? title : 'Progress');
  const tenth = Math.floor(share * 10);
  const spokenTenth = useRef(0);
  const [spoken, setSpoken] = useState('');
  useEffect(() => {
    // Spoken at each tenth only, so that a fast transfer does not talk without pause.
    if (tenth !== spokenTenth.current) {
      spokenTenth.current = tenth;
      setSpoken(`${name}: ${tenth * 10} %. ${words}`);
    }
  }, [tenth, name, words]);
  return (
    <div className={styles.progress}>
      <div className="between">
        <span className={styles.title}>
          {state === 'waiting' ? <TrustMark trust="warning" /> : null}
          {state === 'stopped' ? <TrustMark trust="refused" /> : null}
          {state === 'done' ? <Tick /> : null}
          {title}
        </span>
        <span className="small dim nowrap">{aside ?? formatPercent(share, 0)}</span>
      </div>
      <div
        className={styles.meter}
        role="progressbar"
        aria-label={name}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(share * 100)}
        aria-valuetext={words}
      >
        <div
          className={cx(styles.fill, state !== 'moving' && styles[state])}
          style={{ transform: `scaleX(${share})` }}
        />
      </div>
      <div className="small faint">{sentence ?? words}</div>
      <div className="sr" aria-live="polite">
        {spoken}
      </div>
    </div>
  );
}

export interface EmptyStateProps {
  /** "No runs yet" */
  readonly title: ReactNode;
  /** What it takes. */
  readonly children: ReactNode;
  /** What to do next. */
  readonly actions?: ReactNode;
  readonly label?: string;
}

export function EmptyState({ title, children, actions, label }: EmptyStateProps) {
  return (
    <div className={styles.state}>
      {label === undefined ? null : <span className="label">{label}</span>}
      <h2>{title}</h2>
      <p>{children}</p>
      {actions === undefined ? null : <div className={styles.acts}>{actions}</div>}
    </div>
  );
}

const evidenceCodes = new Set(['attestation_failed', 'integrity', 'damaged']);
const policyCodes = new Set(['denied_by_policy', 'approval_missing']);
const unavailableCodes = new Set(['unavailable', 'timeout', 'cancelled', 'in_use']);

/** Which class of DESIGN §10 an error code belongs to, in the words of the screen. */
export function errorClass(code: string): {
  readonly label: string;
  readonly trust: 'refused' | 'warning' | 'unknown';
} {
  if (evidenceCodes.has(code)) return { label: 'Evidence: do not retry', trust: 'refused' };
  if (policyCodes.has(code)) return { label: 'Refused by policy: see the report', trust: 'refused' };
  if (unavailableCodes.has(code)) return { label: 'Unavailable: try again', trust: 'unknown' };
  if (code === 'internal') return { label: 'Internal: nothing was done', trust: 'warning' };
  return { label: 'Input: correct it and try again', trust: 'warning' };
}

export interface ErrorMessageProps {
  readonly error: { readonly code: string; readonly message: string; readonly hint?: string | undefined };
  /** What it means for the person: what was kept, what was not done. */
  readonly meaning?: ReactNode;
  readonly actions?: ReactNode;
  /** One line in a form instead of a region. */
  readonly inline?: boolean;
}

/** What happened, what it means, what to do; then the code for support. */
export function ErrorMessage({ error, meaning, actions, inline = false }: ErrorMessageProps) {
  const { label, trust } = errorClass(error.code);
  if (inline) {
    // As a field says it: what can be corrected here is refused, what did not answer is unknown.
    const shown = trust === 'unknown' ? 'unknown' : 'refused';
    return (
      <p role="alert" className={`small is-${shown}`}>
        <TrustMark trust={shown} size="small" /> {error.message} {error.hint}{' '}
        <span className="faint mono">{error.code}</span>
      </p>
    );
  }
  return (
    <div className={styles.state} role="alert">
      <span className="label">{label}</span>
      <h2>
        <TrustMark trust={trust} />
        {error.message}
      </h2>
      {meaning === undefined ? null : <p>{meaning}</p>}
      {error.hint === undefined ? null : <p>{error.hint}</p>}
      {actions === undefined ? null : <div className={styles.acts}>{actions}</div>}
      <p className={styles.code}>{error.code}</p>
    </div>
  );
}

/** What is awaited, and after a second for how long. Never a spinner without a sentence. */
export function Waiting({ children }: { readonly children: ReactNode }) {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setSeconds((value) => value + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  return (
    <div className={styles.state} role="status">
      <p className="faint">
        {children}
        <span aria-hidden="true">{seconds >= 1 ? `, ${seconds} s` : ''}</span>
      </p>
    </div>
  );
}
