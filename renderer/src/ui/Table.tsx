import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef, useState, type CSSProperties, type KeyboardEvent, type ReactNode } from 'react';
import { cx } from './cx.ts';
import styles from './Table.module.css';

export interface Column<Row> {
  readonly id: string;
  readonly title: ReactNode;
  /** A grid track: `120px`, `minmax(80px, 1fr)`. Never `auto`: rows are laid out one by one and must agree. */
  readonly width: string;
  readonly align?: 'start' | 'end';
  readonly cell: (row: Row) => ReactNode;
  /** A second detail, which a narrow window leaves out; it must stand somewhere else too. */
  readonly optional?: boolean;
  /** Present on columns that can be sorted; ascending order. */
  readonly compare?: (left: Row, right: Row) => number;
}

export interface SortState {
  readonly column: string;
  readonly direction: 'ascending' | 'descending';
}

export interface TableProps<Row> {
  /** Spoken name of the table. */
  readonly label: string;
  readonly rows: ReadonlyArray<Row>;
  readonly columns: ReadonlyArray<Column<Row>>;
  readonly rowKey: (row: Row) => string;
  readonly selected?: string | undefined;
  /** Selecting follows the arrow keys and the pointer. */
  readonly onSelect?: (row: Row) => void;
  /** Enter or double click. */
  readonly onOpen?: (row: Row) => void;
  readonly initialSort?: SortState;
  readonly isOff?: (row: Row) => boolean;
  /** Shown in place of rows when there are none. */
  readonly empty?: ReactNode;
  readonly tall?: boolean;
  /** Cells go on in a further line instead of being cut. */
  readonly wrap?: boolean;
  /** No inset at the edges: for a table inside a padded section. */
  readonly flush?: boolean;
  /** On the ground of a side panel. */
  readonly onPanel?: boolean;
  /** Fills its parent and scrolls inside; long lists are virtualised only here. */
  readonly fill?: boolean;
}

/** Rows from which on only what is visible is in the document. */
const virtualFrom = 80;

const keySteps: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: 12, PageUp: -12 };

/** Tracks grow with the text when a person enlarges it. */
function inRem(width: string): string {
  return width.replace(/(\d+(?:\.\d+)?)px/gu, (_, pixels: string) => `${Number(pixels) / 16}rem`);
}

/** How much larger than usual the text is. */
function textScale(): number {
  const size = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  return Number.isFinite(size) && size > 0 ? size / 16 : 1;
}

export function Table<Row>({
  label,
  rows,
  columns,
  rowKey,
  selected,
  onSelect,
  onOpen,
  initialSort,
  isOff,
  empty,
  tall = false,
  wrap = false,
  flush = false,
  onPanel = false,
  fill = false,
}: TableProps<Row>) {
  const viewport = useRef<HTMLDivElement>(null);
  const [sort, setSort] = useState<SortState | undefined>(initialSort);
  const [cursor, setCursor] = useState<string>();
  const interactive = onSelect !== undefined || onOpen !== undefined;

  const ordered = useMemo(() => {
    const compare = columns.find((column) => column.id === sort?.column)?.compare;
    if (compare === undefined) return rows;
    const sign = sort?.direction === 'descending' ? -1 : 1;
    return rows.toSorted((left, right) => sign * compare(left, right));
  }, [rows, columns, sort]);

  const isVirtual = fill && ordered.length >= virtualFrom;
  // oxlint-disable-next-line react/incompatible-library -- no React compiler here; the virtualizer is not passed on
  const virtualizer = useVirtualizer({
    count: ordered.length,
    enabled: isVirtual,
    getScrollElement: () => viewport.current,
    estimateSize: () => (tall ? 33 : 31) * textScale(),
    overscan: 8,
    getItemKey: (index) => {
      const row = ordered[index];
      return row === undefined ? index : rowKey(row);
    },
  });

  const tracks = (shown: ReadonlyArray<Column<Row>>) => shown.map((column) => inRem(column.width)).join(' ');
  // The style sheet takes one of the two, by the width of the window.
  const template = {
    '--tracks': tracks(columns),
    '--tracks-narrow': tracks(columns.filter((column) => column.optional !== true)),
  } as CSSProperties;
  const active = cursor ?? selected;
  const activeIndex = Math.max(
    0,
    ordered.findIndex((row) => rowKey(row) === active),
  );

  const focusRow = (index: number) => {
    const row = ordered[index];
    if (row === undefined) return;
    setCursor(rowKey(row));
    onSelect?.(row);
    if (isVirtual) virtualizer.scrollToIndex(index);
    // After the row is in the document: a virtual row may not be there before this frame.
    requestAnimationFrame(() => {
      viewport.current?.querySelector<HTMLElement>(`[data-index="${index}"]`)?.focus({ preventScroll: isVirtual });
    });
  };

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>, index: number) => {
    if (event.target !== event.currentTarget) return;
    const last = ordered.length - 1;
    const step = keySteps[event.key];
    if (step !== undefined) focusRow(Math.min(last, Math.max(0, index + step)));
    else if (event.key === 'Home') focusRow(0);
    else if (event.key === 'End') focusRow(last);
    else if (event.key === 'Enter') {
      const row = ordered[index];
      if (row !== undefined) (onOpen ?? onSelect)?.(row);
    } else return;
    event.preventDefault();
  };

  const renderRow = (row: Row, index: number, place?: CSSProperties) => {
    const key = rowKey(row);
    return (
      <div
        key={key}
        role="row"
        aria-rowindex={index + 2}
        aria-selected={interactive ? key === selected : undefined}
        data-index={index}
        data-key={key}
        tabIndex={interactive ? (index === activeIndex ? 0 : -1) : undefined}
        className={cx(
          styles.row,
          styles.line,
          key === selected && styles.selected,
          isOff?.(row) === true && styles.off,
          place !== undefined && styles.placed,
        )}
        style={place === undefined ? template : { ...template, ...place }}
        onClick={
          interactive
            ? () => {
                setCursor(key);
                onSelect?.(row);
              }
            : undefined
        }
        onDoubleClick={onOpen === undefined ? undefined : () => onOpen(row)}
        onKeyDown={interactive ? (event) => onKeyDown(event, index) : undefined}
      >
        {columns.map((column) => (
          <div
            key={column.id}
            role={interactive ? 'gridcell' : 'cell'}
            className={cx(styles.cell, column.align === 'end' && styles.end, column.optional && styles.optional)}
          >
            {column.cell(row)}
          </div>
        ))}
      </div>
    );
  };

  return (
    <div
      ref={viewport}
      role={interactive ? 'grid' : 'table'}
      aria-label={label}
      aria-rowcount={ordered.length + 1}
      className={cx(
        styles.table,
        fill && cx(styles.viewport, styles.fill),
        tall && styles.tall,
        wrap && styles.wrap,
        flush && styles.flush,
        onPanel && styles.onPanel,
        interactive && styles.interactive,
      )}
    >
      <div role="rowgroup" className={styles.head}>
        <div role="row" aria-rowindex={1} className={styles.line} style={template}>
          {columns.map((column) => {
            const sorted = sort?.column === column.id ? sort.direction : undefined;
            return (
              <div
                key={column.id}
                role="columnheader"
                aria-sort={column.compare === undefined ? undefined : (sorted ?? 'none')}
                className={cx(
                  styles.column,
                  column.align === 'end' && styles.end,
                  sorted && styles.sorted,
                  column.optional && styles.optional,
                )}
              >
                {column.compare === undefined ? (
                  column.title
                ) : (
                  <button
                    type="button"
                    className={styles.sort}
                    onClick={() =>
                      setSort({
                        column: column.id,
                        direction: sorted === 'ascending' ? 'descending' : 'ascending',
                      })
                    }
                  >
                    {column.title}
                    {sorted === undefined ? null : (
                      <span aria-hidden="true">{sorted === 'ascending' ? ' ↑' : ' ↓'}</span>
                    )}
                  </button>
                )}
              </div>
            );
          })}
        </div>
      </div>
      {ordered.length === 0 ? (
        empty === undefined ? null : (
          <div role="rowgroup">
            <div role="row">
              <div role={interactive ? 'gridcell' : 'cell'}>{empty}</div>
            </div>
          </div>
        )
      ) : isVirtual ? (
        <div role="rowgroup" className={styles.body} style={{ height: virtualizer.getTotalSize() }}>
          {virtualizer.getVirtualItems().map((item) => {
            const row = ordered[item.index];
            return row === undefined
              ? null
              : renderRow(row, item.index, { height: item.size, transform: `translateY(${item.start}px)` });
          })}
        </div>
      ) : (
        <div role="rowgroup">{ordered.map((row, index) => renderRow(row, index))}</div>
      )}
    </div>
  );
}
