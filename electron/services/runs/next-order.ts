import { err, type Result } from '../../contract/result.ts';
import { buildOrder } from '../../domain/job/order.ts';
import type { RunPorts } from './ports.ts';
import { signOrder, type SignedOrder } from './release-key.ts';
import { newestCheckpoint } from './run-record.ts';
import type { RunState } from './run-state.ts';

/** What an order may at least ask for: seconds. */
const leastSeconds = 10;

/**
 * The order of a run's next attempt: what is left of the budget, the nodes that are left, and the newest sealed checkpoint
 * on this desk. Errors: `denied_by_policy` (nothing is left of the budget), `locked`, those of dataset and checkpoint.
 */
export async function buildNextOrder(
  state: RunState,
  nodes: readonly string[],
  ports: RunPorts,
): Promise<Result<SignedOrder>> {
  const { record } = state;
  const { draft, attempts = [], costUsd } = record.view;
  const first = record.attempts?.[0]?.order ?? record.order;
  const dataset = ports.datasets.forOrder(record.view.datasetId);
  if (!dataset.ok) return dataset;
  const used = attempts.reduce((sum, { from, until }) => sum + secondsOf(from, until), 0);
  const maximumSeconds = Math.floor(draft.budget.maximumSeconds - used);
  const maximumUsd = draft.budget.maximumUsd - costUsd;
  if (maximumSeconds < leastSeconds || maximumUsd <= 0) {
    return err('denied_by_policy', 'Nothing is left of the budget for another attempt; the checkpoints are kept.', {
      hint: 'Launch again with a larger budget.',
      details: { failureClass: 'budget' },
    });
  }
  const newest = newestCheckpoint(record);
  const checkpoint = newest === undefined ? undefined : await ports.checkpoint(newest, record.view.createdAt);
  if (checkpoint?.ok === false) return checkpoint;
  const recipients = ports.signing.outputRecipients();
  if (!recipients.ok) return recipients;
  const ownerKey = ports.signing.ownerKey();
  if (!ownerKey.ok) return ownerKey;
  const order = buildOrder(
    { ...draft, policyId: first.policyId, budget: { maximumUsd, maximumSeconds } },
    {
      dataset: dataset.value,
      policyDigest: first.policyDigest,
      nodes,
      outputRecipients: recipients.value,
      ownerKey: Buffer.from(ownerKey.value).toString('base64'),
      now: ports.clock(),
      ...(first.workers?.scheduler === undefined ? {} : { scheduler: first.workers.scheduler }),
      attempt: {
        number: (record.attempts?.length ?? 0) + 1,
        firstJobId: first.jobId,
        ...(newest === undefined || checkpoint === undefined
          ? {}
          : {
              resume: {
                step: newest.step ?? 0,
                sha256: newest.sha256,
                root: checkpoint.value.root,
                manifestSha256: checkpoint.value.manifestSha256,
              },
            }),
      },
    },
  );
  return order.ok ? signOrder(order.value, ports.signing.signOrder) : order;
}

function secondsOf(from: string | undefined, until: string | undefined): number {
  return from === undefined || until === undefined ? 0 : Math.max(0, (Date.parse(until) - Date.parse(from)) / 1000);
}
