import type { JobOrder } from '../../contract/job.ts';
import type { PackRelease } from '../../contract/pack.ts';
import { isAccepted } from '../approval/override.ts';
import type { CheckedEvidence } from './checked-evidence.ts';
import type { PackContext } from './context.ts';

/** How late a renewal may come before it counts as a gap: twice the interval, and this for a slow answer. */
const toleranceMs = 30_000;

/** One node that got the key, until it was done with or given up. */
export interface RenewedSession {
  /** Of the row. */
  readonly id: string;
  readonly order: JobOrder;
  readonly release: PackRelease;
  /** UTC RFC 3339. */
  readonly until: string;
}

/**
 * Whether the evidence was renewed as the order asked, from the release to the end (DESIGN §5.5). A gap does not undo
 * what was proved before it, so the row is not required; it says which minutes nothing is known about.
 */
export function checkRenewal(
  { list }: Pick<PackContext, 'list'>,
  evidence: readonly CheckedEvidence[],
  { id, order, release, until }: RenewedSession,
): void {
  const where = id === 'evidence.renewal' ? 'while the run lived' : `while ${release.node} worked`;
  const title = `Evidence was renewed about every ${order.evidenceRenewSeconds} s ${where}`;
  const times = evidence
    .filter(
      ({ record, again }) =>
        record.node === release.node &&
        record.challenge.sessionId === release.sessionId &&
        again !== undefined &&
        isAccepted(again.verification),
    )
    .map(({ record }) => Date.parse(record.verifiedAt))
    .toSorted((a, b) => a - b);
  const allowed = 2 * order.evidenceRenewSeconds * 1000 + toleranceMs;
  const moments = [...times, Date.parse(until)];
  const gaps = moments.flatMap((next, at) => {
    const from = moments[at - 1];
    return from !== undefined && next - from > allowed ? [`${iso(from)} to ${iso(next)}`] : [];
  });
  const row = { id, title, required: false } as const;
  if (gaps.length === 0)
    list.checks.push({ ...row, outcome: 'pass', found: times.length === 1 ? '1 time' : `${times.length} times` });
  else {
    const detail = `No fresh evidence from ${gaps.slice(0, 4).join(', from ')}.`;
    list.checks.push({ ...row, outcome: 'fail', reason: 'evidence-gap', detail });
    list.notChecked.push(`What ${release.node} ran without fresh evidence: ${gaps.join(', ')}.`);
  }
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
