import { isAccepted } from '../approval/override.ts';
import type { CheckedEvidence } from './check-evidence.ts';
import type { PackContext } from './context.ts';

/** How late a renewal may come before it counts as a gap: twice the interval, and this for a slow answer. */
const toleranceMs = 30_000;

/**
 * Whether the evidence was renewed as the order asked, from the release to the end (DESIGN §5.5). A gap does not undo
 * what was proved before it, so the row is not required; it says which minutes nothing is known about.
 */
export function checkRenewal(
  { list, order, contents }: PackContext,
  evidence: readonly CheckedEvidence[],
  finishedOn: string,
): void {
  const title = `Evidence was renewed about every ${order.evidenceRenewSeconds} s while the run lived`;
  const times = evidence
    .filter(
      ({ record, again }) =>
        record.node === contents.release.node &&
        record.challenge.sessionId === contents.release.sessionId &&
        again !== undefined &&
        isAccepted(again.verification),
    )
    .map(({ record }) => Date.parse(record.verifiedAt))
    .toSorted((a, b) => a - b);
  const allowed = 2 * order.evidenceRenewSeconds * 1000 + toleranceMs;
  const moments = [...times, Date.parse(finishedOn)];
  const gaps = moments.flatMap((until, at) => {
    const from = moments[at - 1];
    return from !== undefined && until - from > allowed ? [`${iso(from)} to ${iso(until)}`] : [];
  });
  const row = { id: 'evidence.renewal', title, required: false } as const;
  if (gaps.length === 0) list.checks.push({ ...row, outcome: 'pass', found: `${times.length} times` });
  else {
    const detail = `No fresh evidence from ${gaps.slice(0, 4).join(', from ')}.`;
    list.checks.push({ ...row, outcome: 'fail', reason: 'evidence-gap', detail });
    list.notChecked.push(`What ${contents.release.node} ran without fresh evidence: ${gaps.join(', ')}.`);
  }
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
