import { useEffect, useId, useState, type ComponentProps, type ReactNode } from 'react';
import { cx } from './cx.ts';
import styles from './Button.module.css';
import { formatDuration } from './format.ts';

export interface ButtonProps extends Omit<ComponentProps<'button'>, 'disabled' | 'type'> {
  /** A verb with its object: "Release key to 4 nodes". */
  readonly children: ReactNode;
  readonly variant?: 'default' | 'primary' | 'danger' | 'quiet';
  readonly type?: 'button' | 'submit';
  readonly tall?: boolean;
  readonly wide?: boolean;
  /** Of a quiet button: its words begin where the fields around it begin. */
  readonly flush?: boolean;
  /** Why the button is off, written beside it. An empty string turns it off where the reason already stands nearby. */
  readonly off?: string | undefined;
  /** The act under way ("Signing"): keeps the width, takes no press, and adds seconds after the first. */
  readonly working?: string | undefined;
}

/** Seconds since `active` became true, from one second on; ticks once a second. */
function useElapsed(active: boolean): number {
  const [elapsed, setElapsed] = useState(0);
  useEffect(() => {
    if (!active) return undefined;
    const started = performance.now();
    const timer = setInterval(() => setElapsed(Math.floor((performance.now() - started) / 1000)), 1000);
    return () => {
      clearInterval(timer);
      setElapsed(0);
    };
  }, [active]);
  return elapsed;
}

export function Button({
  children,
  variant = 'default',
  type = 'button',
  tall = false,
  wide = false,
  flush = false,
  off,
  working,
  className,
  onClick,
  ...rest
}: ButtonProps) {
  const reasonId = useId();
  const isOff = off !== undefined;
  const isWorking = working !== undefined;
  const elapsed = useElapsed(isWorking);
  const inert = isOff || isWorking;
  const button = (
    <button
      {...rest}
      // oxlint-disable-next-line react/button-has-type -- the two allowed values are in the prop type
      type={type}
      data-variant={variant}
      className={cx(
        styles.button,
        variant !== 'default' && styles[variant],
        tall && styles.tall,
        wide && styles.wide,
        flush && styles.flush,
        isOff && styles.off,
        className,
      )}
      // aria-disabled rather than disabled: the reason stays reachable by keyboard.
      aria-disabled={inert || undefined}
      aria-busy={isWorking || undefined}
      aria-describedby={isOff && off !== '' ? reasonId : rest['aria-describedby']}
      onClick={(event) => {
        if (inert) event.preventDefault();
        else onClick?.(event);
      }}
    >
      <span className={cx(styles.face, isWorking && styles.hidden)} aria-hidden={isWorking || undefined}>
        {children}
      </span>
      {isWorking ? (
        <span className={styles.face}>
          <svg className={styles.arc} viewBox="0 0 14 14" aria-hidden="true">
            <path d="M7 1.8a5.2 5.2 0 1 1-5.2 5.2" />
          </svg>
          {working}
          {elapsed >= 1 ? ` ${elapsed < 60 ? `${elapsed} s` : formatDuration(elapsed)}` : ''}
        </span>
      ) : null}
    </button>
  );
  if (!isOff || off === '') return button;
  return (
    <span className={styles.withReason}>
      {button}
      <span className={styles.reason} id={reasonId}>
        {off}
      </span>
    </span>
  );
}

/** A link that looks like a button: it goes somewhere and changes nothing. */
export function buttonClass(variant: 'default' | 'primary' | 'danger' | 'quiet' = 'default'): string {
  return cx(styles.button, variant !== 'default' && styles[variant]);
}
