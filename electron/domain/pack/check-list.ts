import type { Check } from '../../contract/evidence.ts';

/** Collects the rows of a verdict in the order in which they are made. */
export interface CheckList {
  readonly checks: Check[];
  readonly notChecked: string[];
  pass(id: string, title: string, found?: string): void;
  fail(id: string, title: string, reason: string, detail: string): void;
  /** Could not be asked; a required one is no pass either. */
  unknown(id: string, title: string, reason: string, detail: string, required?: boolean): void;
  /** Pass when there is no problem, else fail with all of them in one sentence. */
  judge(id: string, title: string, reason: string, problems: readonly string[]): void;
  failed(): boolean;
}

export function createCheckList(): CheckList {
  const checks: Check[] = [];
  const list: CheckList = {
    checks,
    notChecked: [],
    pass(id, title, found) {
      checks.push({ id, title, outcome: 'pass', required: true, ...(found === undefined ? {} : { found }) });
    },
    fail(id, title, reason, detail) {
      checks.push({ id, title, outcome: 'fail', reason, detail, required: true });
    },
    unknown(id, title, reason, detail, required = true) {
      checks.push({ id, title, outcome: 'unknown', reason, detail, required });
    },
    judge(id, title, reason, problems) {
      if (problems.length === 0) list.pass(id, title);
      else list.fail(id, title, reason, `${problems.slice(0, 4).join('; ')}.`);
    },
    failed: () => checks.some(({ required, outcome }) => required && outcome !== 'pass'),
  };
  return list;
}
