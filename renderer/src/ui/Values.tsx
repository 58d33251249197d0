import { Tooltip } from '@base-ui/react/tooltip';
import { useEffect, useLayoutEffect, useRef, useState, type ReactNode } from 'react';
import { cx } from './cx.ts';
import { shortDigest } from './format.ts';
import styles from './Values.module.css';

export interface KeyValueProps {
  readonly items: ReadonlyArray<{ readonly name: ReactNode; readonly value: ReactNode; readonly id?: string }>;
  /** Values at the start rather than at the right edge. */
  readonly start?: boolean;
  readonly ruled?: boolean;
}

/** Names at the left, values at the right edge. */
export function KeyValue({ items, start = false, ruled = false }: KeyValueProps) {
  return (
    <dl className={cx(styles.list, start && styles.start, ruled && styles.ruled)}>
      {items.map((item, index) => {
        const key = item.id ?? (typeof item.name === 'string' ? item.name : String(index));
        return [<dt key={`${key}-name`}>{item.name}</dt>, <dd key={`${key}-value`}>{item.value}</dd>];
      })}
    </dl>
  );
}

export interface DigestProps {
  /** The whole value. */
  readonly value: string;
  readonly algorithm?: string;
  /** What it is, for the spoken name: "digest of the model". */
  readonly of: string;
  readonly first?: number;
  readonly last?: number;
}

/** A short digest; the whole value on focus and hover, and a press copies it. */
export function Digest({ value, algorithm, of, first = 8, last = 6 }: DigestProps) {
  const [note, setNote] = useState<string>();
  useEffect(() => {
    if (note === undefined) return undefined;
    const timer = setTimeout(() => setNote(undefined), 4000);
    return () => clearTimeout(timer);
  }, [note]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(value);
      setNote(`Copied, ${value.length} characters.`);
    } catch {
      // A host may deny the clipboard; the value is on the screen to be selected instead.
      setNote('The clipboard was refused. Select the value here.');
    }
  };
  return (
    <Tooltip.Root>
      <Tooltip.Trigger
        delay={200}
        closeOnClick={false}
        render={<button type="button" className={styles.digest} onClick={() => void copy()} />}
      >
        {algorithm === undefined ? null : <span className={styles.algorithm}>{algorithm}</span>}
        <span className={styles.short}>{shortDigest(value, first, last)}</span>
        <span className="sr">, copy the whole {of}</span>
      </Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Positioner className={styles.positioner} sideOffset={4}>
          <Tooltip.Popup className={styles.popup}>
            <b>{value}</b>
            <span aria-live="polite">{note ?? 'Press to copy.'}</span>
          </Tooltip.Popup>
        </Tooltip.Positioner>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}

export function Kbd({ children }: { readonly children: ReactNode }) {
  return <kbd className={styles.kbd}>{children}</kbd>;
}

export interface ChipProps {
  readonly children: ReactNode;
  readonly pressed?: boolean;
  readonly onToggle?: () => void;
}

/** A filter that is on or off; without `onToggle` a plain sign. */
export function Chip({ children, pressed = false, onToggle }: ChipProps) {
  if (onToggle === undefined) return <span className={styles.chip}>{children}</span>;
  return (
    <button type="button" className={styles.chip} aria-pressed={pressed} onClick={onToggle}>
      {children}
      {pressed ? (
        <span className={styles.remove} aria-hidden="true">
          ×
        </span>
      ) : null}
    </button>
  );
}

export interface LogProps {
  readonly label: string;
  /** Lines of equal numbers of cells: time first, message last. */
  readonly lines: ReadonlyArray<{ readonly id: string; readonly cells: ReadonlyArray<ReactNode> }>;
  /** Grid tracks of the cells. */
  readonly tracks: string;
  readonly empty?: string;
  /** Keeps the newest line, at the foot, in sight. */
  readonly follow?: boolean;
}

/** Lines that a machine wrote. */
export function Log({ label, lines, tracks, empty = 'Nothing yet.', follow = false }: LogProps) {
  const log = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = log.current;
    if (follow && element !== null && lines.length > 0) element.scrollTop = element.scrollHeight;
  }, [follow, lines]);
  return (
    <div ref={log} className={styles.log} role="log" aria-label={label} tabIndex={0}>
      {lines.length === 0 ? <div className="faint">{empty}</div> : null}
      {lines.map((line) => (
        <div key={line.id} className={styles.logLine} style={{ gridTemplateColumns: tracks }}>
          {line.cells.map((cell, index) => (
            // oxlint-disable-next-line react/no-array-index-key -- cells have no identity but their place
            <span key={index}>{cell}</span>
          ))}
        </div>
      ))}
    </div>
  );
}
