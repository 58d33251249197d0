import type { JobDraft } from '../../contract/job.ts';
import type { TransferEstimate } from '../../contract/transfers.ts';
import type { Estimate } from '../../contract/views.ts';
import type { OrderDataset } from './order.ts';

export interface EstimateNode {
  readonly name: string;
  readonly usdPerHour: number;
  /** See `estimateTransfer`. */
  readonly transfer: TransferEstimate;
  readonly simulated: boolean;
}

/**
 * Speed of the built-in trainer on one CPU core of the local network: multiply-adds a second, and fixed seconds a
 * mini-batch. Rounded down from runs on the sample tables, so that an estimate errs on the dear side.
 */
const trainerSpeed = { operationsPerSecond: 4e7, secondsPerBatch: 0.002 } as const;
/** Challenge, evidence, verification and release: seconds. */
const overheadSeconds = 5;

/** Cost of one hour-priced node over some seconds, in US dollars. */
export function costUsd(usdPerHour: number, seconds: number): number {
  return (usdPerHour * Math.max(0, seconds)) / 3600;
}

/**
 * What a job will take. The first candidates that verify train, one or as many as the draft wants; the dearest and slowest
 * of them are counted. A job whose length nobody knows (a command) is counted with its whole time budget, as an upper bound.
 */
export function estimateJob(draft: JobDraft, dataset: OrderDataset, nodes: readonly EstimateNode[]): Estimate {
  const known = trainingSeconds(draft, dataset);
  const trainSeconds = known ?? draft.budget.maximumSeconds;
  const perNode = nodes.map((node) => ({
    node: node.name,
    usdPerHour: node.usdPerHour,
    transferSeconds: node.transfer.seconds,
    transfer: node.transfer,
  }));
  const transferSeconds = maximum(perNode.map((node) => node.transferSeconds));
  const seconds = overheadSeconds + transferSeconds + trainSeconds;
  const workers = draft.workers?.count ?? 1;
  const transferUsd = sumOfLargest(
    perNode.map(({ transfer }) => transfer.usd ?? 0),
    workers,
  );
  const usdPerHour = sumOfLargest(
    perNode.map((node) => node.usdPerHour),
    workers,
  );
  const usd = costUsd(usdPerHour, seconds) + transferUsd;
  const problems: string[] = [];
  if (nodes.length === 0) problems.push('No node is there to run it: start the network and verify its nodes.');
  if (usd > draft.budget.maximumUsd) {
    problems.push(`About $${usd.toFixed(2)} is more than the budget of $${draft.budget.maximumUsd.toFixed(2)}.`);
  }
  if (known !== undefined && seconds > draft.budget.maximumSeconds) {
    problems.push(`About ${Math.ceil(seconds)} s is more than the budget of ${draft.budget.maximumSeconds} s.`);
  }
  if (nodes.length > 0 && nodes.length < (draft.workers?.minimum ?? 1)) {
    problems.push(`${nodes.length} of at least ${draft.workers?.minimum ?? 1} nodes are there.`);
  }
  const simulated = nodes.some((node) => node.simulated);
  return {
    basis:
      (known === undefined
        ? 'Upper bound: nobody knows how long a command runs, so its whole time budget is counted. '
        : 'Speed of the built-in trainer on the sample tables. ') +
      transferBasis(nodes) +
      (simulated ? ' Prices are SIMULATED.' : '') +
      (workers > 1 ? ` Between the ${workers} workers, gradients travel unencrypted.` : ''),
    simulated,
    usd,
    trainSeconds,
    transferSeconds,
    transferUsd,
    transferBytes: maximum(perNode.map(({ transfer }) => transfer.bytes)),
    nodes: perNode,
    fits: problems.length === 0,
    problems,
  };
}

/** Seconds the built-in trainer needs, or undefined when that cannot be known. */
function trainingSeconds(draft: JobDraft, dataset: OrderDataset): number | undefined {
  const { program } = draft;
  if (program.type !== 'builtin' || dataset.rows === undefined || dataset.columns === undefined) return undefined;
  const trained = Math.ceil(dataset.rows * (1 - program.heldOutShare));
  // The number of classes is not in a manifest; ten is what the larger sample has, and hidden layers dominate it.
  const widths = [Math.max(1, dataset.columns.length - 1), ...program.hidden, 10];
  let parameters = 0;
  for (let i = 1; i < widths.length; i++) parameters += (widths[i - 1] ?? 0) * (widths[i] ?? 0) + (widths[i] ?? 0);
  const batches = Math.ceil(trained / program.batchSize);
  // Forward, backward and update: about three passes over the parameters a row.
  const perEpoch =
    (trained * parameters * 3) / trainerSpeed.operationsPerSecond + batches * trainerSpeed.secondsPerBatch;
  return program.epochs * perEpoch;
}

/** What the transfer figure rests on: of the node that decides it. */
function transferBasis(nodes: readonly EstimateNode[]): string {
  const slowest = nodes.reduce<EstimateNode | undefined>(
    (a, b) => (a === undefined || b.transfer.seconds > a.transfer.seconds ? b : a),
    undefined,
  );
  return slowest === undefined ? 'No node, no transfer.' : `Transfer: ${slowest.transfer.note}`;
}

function maximum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => Math.max(a, b), 0);
}

function sumOfLargest(numbers: readonly number[], count: number): number {
  return numbers
    .toSorted((a, b) => b - a)
    .slice(0, count)
    .reduce((a, b) => a + b, 0);
}
