import type {
  Check,
  CheckOutcome,
  Claim,
  EarStatus,
  EvidenceFamily,
  SubmoduleVerdict,
} from '../../contract/evidence.ts';

/** What a row says beside its outcome. */
export interface CheckDetail {
  /** A function where writing it costs something: of a row that passes it is never asked for. */
  readonly detail?: string | (() => string);
  readonly expected?: string;
  readonly found?: string;
  /** Default true: not passing forbids key release. */
  readonly required?: boolean;
}

/** Collects the rows of one attester in order. A failed row does not stop the ones that still make sense. */
export interface VerdictBuilder {
  pass(id: string, title: string, detail?: CheckDetail): void;
  fail(id: string, title: string, reason: string, detail: CheckDetail): void;
  /** Could not be decided. Never a pass; a required one forbids release. */
  unknown(id: string, title: string, reason: string, detail: CheckDetail): void;
  /** `pass` when the condition holds, else `fail` with the reason. @returns the condition */
  judge(id: string, title: string, condition: boolean, reason: string, detail: CheckDetail): boolean;
  notChecked(sentence: string): void;
  claim(name: string, value: string, unit?: string): void;
  measurement(name: string, hex: string): void;
  build(): SubmoduleVerdict;
}

export interface VerdictSubject {
  /** `cpu0`, `gpu0`. */
  readonly name: string;
  readonly family: EvidenceFamily;
  /** Hex SHA-256 of the raw evidence. */
  readonly evidenceSha256: string;
}

/** @see VerdictBuilder */
export function createVerdict(subject: VerdictSubject): VerdictBuilder {
  const list = createChecks();
  const notChecked: string[] = [];
  const claims: Claim[] = [];
  const measurements: Record<string, string> = {};
  return {
    ...list,
    notChecked: (sentence) => void notChecked.push(sentence),
    claim: (name, value, unit) => void claims.push(unit === undefined ? { name, value } : { name, value, unit }),
    measurement: (name, hex) => {
      measurements[name] = hex;
    },
    build: () => ({ ...subject, status: statusOf(list.checks), checks: list.checks, notChecked, claims, measurements }),
  };
}

export type CheckRows = Pick<VerdictBuilder, 'pass' | 'fail' | 'unknown' | 'judge'> & { readonly checks: Check[] };

/** The rows alone, for checks that span attesters. */
export function createChecks(): CheckRows {
  const checks: Check[] = [];
  // Written out, without spreading: a verdict has fifty rows, and they are most of its cost beside the signatures.
  const add = (
    id: string,
    title: string,
    outcome: CheckOutcome,
    reason: string | undefined,
    words: CheckDetail,
    quiet = false,
  ) => {
    const check: Check = { id, title, outcome, required: words.required ?? true };
    if (reason !== undefined) check.reason = reason;
    if (words.detail !== undefined && !(quiet && outcome === 'pass')) {
      check.detail = typeof words.detail === 'string' ? words.detail : words.detail();
    }
    if (words.expected !== undefined) check.expected = words.expected;
    if (words.found !== undefined) check.found = words.found;
    checks.push(check);
  };
  const rows: CheckRows = {
    checks,
    pass: (id, title, detail = {}) => add(id, title, 'pass', undefined, detail),
    fail: (id, title, reason, detail) => add(id, title, 'fail', reason, detail),
    unknown: (id, title, reason, detail) => add(id, title, 'unknown', reason, detail),
    judge: (id, title, condition, reason, detail) => {
      add(id, title, condition ? 'pass' : 'fail', condition ? undefined : reason, detail, true);
      return condition;
    },
  };
  return rows;
}

/**
 * One status for a list of rows (AR4SI tiers): a failed required row contraindicates, an undecided required or a failed
 * optional one warns, and no rows at all are `none`. Only `affirming` lets a key go.
 */
export function statusOf(checks: readonly Check[]): EarStatus {
  if (checks.length === 0) return 'none';
  if (checks.some(({ required, outcome }) => required && outcome === 'fail')) return 'contraindicated';
  if (checks.some(({ required, outcome }) => (required ? outcome !== 'pass' : outcome === 'fail'))) return 'warning';
  return 'affirming';
}

/** The row that decides: a required one that failed, or else one that could not be decided. */
export function firstFailure(checks: readonly Check[]): Check | undefined {
  const required = checks.filter((check) => check.required);
  return required.find(({ outcome }) => outcome === 'fail') ?? required.find(({ outcome }) => outcome === 'unknown');
}

const tiers: readonly EarStatus[] = ['affirming', 'warning', 'none', 'contraindicated'];

/** The worst of several. */
export function worstStatus(statuses: readonly EarStatus[]): EarStatus {
  return statuses.reduce<EarStatus>(
    (worst, next) => (tiers.indexOf(next) > tiers.indexOf(worst) ? next : worst),
    'affirming',
  );
}

/**
 * Milliseconds since the epoch, from outside. A clock that is no number would switch every expiry check off, so it
 * is a bug that must be loud.
 * @throws TypeError unless finite
 */
export function assertClock(now: number): void {
  if (typeof now !== 'number' || !Number.isFinite(now))
    throw new TypeError('the clock of a verifier must be a finite number');
}
