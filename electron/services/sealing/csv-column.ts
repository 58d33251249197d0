import type { Column } from '../../contract/sealed.ts';

/** What is learnt of one column while the rows go by; its size does not grow with them. */
export interface ColumnSurvey {
  readonly name: string;
  add(cell: string, line: number): void;
  type(): Column['type'];
  /** Line of the first cell that is no number. */
  readonly firstNotNumeric: { readonly line: number; readonly empty: boolean } | undefined;
  /** Line of the first empty cell. */
  readonly firstEmpty: number | undefined;
  /** Different values with their rows, most rows first; empty when there are too many. */
  classes(): { name: string; rows: number }[];
  readonly tooManyValues: boolean;
  readonly valueMaximum: number;
}

/** More values than this are no classes, and are not remembered. */
const valueMaximum = 256;
/** A longer text is no class name. */
const valueLength = 128;

const numeric = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const whole = /^[+-]?\d{1,300}$/;

export function createColumnSurvey(name: string): ColumnSurvey {
  let integers = true;
  let filled = false;
  let firstNotNumeric: ColumnSurvey['firstNotNumeric'];
  let firstText: number | undefined;
  let firstEmpty: number | undefined;
  let values: Map<string, number> | undefined = new Map();

  function count(value: string): void {
    if (values === undefined) return;
    values.set(value, (values.get(value) ?? 0) + 1);
    if (values.size > valueMaximum || value.length > valueLength) values = undefined;
  }

  return {
    name,
    valueMaximum,
    add(cell, line) {
      const value = cell.trim();
      if (value === '') {
        firstEmpty ??= line;
        firstNotNumeric ??= { line, empty: true };
        return;
      }
      filled = true;
      count(value);
      if (integers && !whole.test(value)) integers = false;
      // The regular expression lets 1e999 pass, which no float holds.
      if (firstText === undefined && !integers && !(numeric.test(value) && Number.isFinite(Number(value)))) {
        firstText = line;
        firstNotNumeric ??= { line, empty: false };
      }
    },
    type() {
      if (!filled) return 'empty';
      if (firstText !== undefined) return 'text';
      return integers ? 'integer' : 'number';
    },
    get firstNotNumeric() {
      return firstNotNumeric;
    },
    get firstEmpty() {
      return firstEmpty;
    },
    get tooManyValues() {
      return values === undefined;
    },
    classes: () => [...(values ?? [])].map(([value, rows]) => ({ name: value, rows })).sort((a, b) => b.rows - a.rows),
  };
}
