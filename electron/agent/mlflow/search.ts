import { err, ok, type Result } from '../../contract/result.ts';
import { latest, type TrackedRun } from './tracking-store.ts';

/** `metrics.loss < 0.5 and tags.kind = 'final'`: MLflow's filters know AND alone. */
const clause =
  /^\s*(?:(metrics?|params?|parameters?|tags?|attributes?|attr|run)\.)?(?:([\w.-]+)|[`"]([^`"]{1,128})[`"])\s*(=|!=|>=|<=|>|<)\s*(?:'([^']*)'|"([^"]*)"|(-?[\d.]+(?:[eE][+-]?\d+)?))/;
const filterCharacters = 4096;

type Test = (run: TrackedRun) => boolean;

/** Errors: `invalid_input`, with what could not be read. */
export function parseFilter(filter: string): Result<Test> {
  if (filter.length > filterCharacters) return err('invalid_input', 'The filter is too long.');
  const tests: Test[] = [];
  let rest = filter;
  while (rest.trim() !== '') {
    const match = clause.exec(rest);
    if (match === null) return err('invalid_input', `The filter cannot be read at: ${rest.trim().slice(0, 80)}.`);
    const [whole, kind = 'attributes', plain, quoted, comparator = '=', single, double, figure] = match;
    const test = clauseTest(kind, plain ?? quoted ?? '', comparator, single ?? double, figure);
    if (!test.ok) return test;
    tests.push(test.value);
    rest = rest.slice(whole.length);
    const and = /^\s+and\s+/i.exec(rest);
    if (and === null && rest.trim() !== '') {
      return err(
        'invalid_input',
        `The filter cannot be read at: ${rest.trim().slice(0, 80)}. Clauses are joined by AND.`,
      );
    }
    rest = rest.slice(and?.[0].length ?? rest.length);
  }
  return ok((run) => tests.every((test) => test(run)));
}

function clauseTest(
  kind: string,
  name: string,
  comparator: string,
  text: string | undefined,
  figure: string | undefined,
): Result<Test> {
  if (kind.startsWith('metric')) {
    const wanted = Number(figure);
    if (figure === undefined || !Number.isFinite(wanted)) {
      return err('invalid_input', `Metric ${name} is compared with a number.`);
    }
    return ok((run) => {
      const found = latest(run.metrics.get(name) ?? [])?.value;
      return found !== undefined && compare(found, wanted, comparator);
    });
  }
  if (kind.startsWith('param') || kind.startsWith('tag')) {
    if (text === undefined || !['=', '!='].includes(comparator)) {
      return err('invalid_input', `${name} is compared with a quoted text, by = or !=.`);
    }
    return ok((run) => {
      const found = (kind.startsWith('tag') ? run.tags : run.params).get(name);
      return found !== undefined && (found === text) === (comparator === '=');
    });
  }
  return attributeTest(name, comparator, text ?? figure ?? '');
}

function attributeTest(name: string, comparator: string, wanted: string): Result<Test> {
  if (['start_time', 'end_time', 'created'].includes(name)) {
    return ok((run) => compare(name === 'end_time' ? (run.endTime ?? 0) : run.startTime, Number(wanted), comparator));
  }
  const read: Readonly<Record<string, (run: TrackedRun) => string>> = {
    status: (run) => run.status,
    run_id: (run) => run.id,
    run_name: (run) => run.name,
    'Run name': (run) => run.name,
  };
  const attribute = read[name];
  if (attribute === undefined || !['=', '!='].includes(comparator)) {
    return err('invalid_input', `A filter cannot ask for attribute ${name.slice(0, 64)} by ${comparator}.`);
  }
  return ok((run) => (attribute(run) === wanted) === (comparator === '='));
}

function compare(found: number, wanted: number, comparator: string): boolean {
  switch (comparator) {
    case '=':
      return found === wanted;
    case '!=':
      return found !== wanted;
    case '>':
      return found > wanted;
    case '>=':
      return found >= wanted;
    case '<':
      return found < wanted;
    default:
      return found <= wanted;
  }
}

/** `['metrics.loss ASC', 'attributes.start_time DESC']`; the newest run first where nothing else decides. Errors: `invalid_input`. */
export function parseOrder(orders: readonly string[]): Result<(a: TrackedRun, b: TrackedRun) => number> {
  const steps: ((a: TrackedRun, b: TrackedRun) => number)[] = [];
  for (const order of orders) {
    const match = /^\s*(?:(metrics?|attributes?|attr|run)\.)?[`"]?([\w. -]{1,128}?)[`"]?(?:\s+(ASC|DESC))?\s*$/i.exec(
      order,
    );
    const [, kind = 'attributes', name = '', direction = 'ASC'] = match ?? [];
    if (match === null) return err('invalid_input', `The order cannot be read: ${order.slice(0, 80)}.`);
    const value = (run: TrackedRun): number =>
      kind.startsWith('metric')
        ? (latest(run.metrics.get(name) ?? [])?.value ?? Number.NEGATIVE_INFINITY)
        : name === 'end_time'
          ? (run.endTime ?? 0)
          : run.startTime;
    const sign = direction.toUpperCase() === 'DESC' ? -1 : 1;
    steps.push((a, b) => sign * (value(a) - value(b)));
  }
  steps.push((a, b) => b.startTime - a.startTime);
  return ok((a, b) => {
    for (const step of steps) {
      const decided = step(a, b);
      if (decided !== 0) return decided;
    }
    return 0;
  });
}
