import type { JobDraft } from '../../../../electron/contract/job.ts';
import type { DatasetView, NodeView } from '../../../../electron/contract/views.ts';

/** A first draft that would run as it is: the newest dataset, a small network, the cheapest node that verified. */
export function newDraft(datasets: readonly DatasetView[], nodes: readonly NodeView[], policyId: string): JobDraft {
  const dataset = datasets.toSorted((a, b) => b.sealedAt.localeCompare(a.sealedAt))[0];
  const cheapest = nodes.filter((node) => node.trust === 'verified').toSorted((a, b) => a.usdPerHour - b.usdPerHour)[0];
  return {
    name: dataset === undefined ? 'new-run' : `${dataset.name}-mlp`,
    datasetId: dataset?.id ?? '',
    program: {
      type: 'builtin',
      trainer: 'csv-classification',
      target: dataset?.target ?? '',
      hidden: [32],
      epochs: 30,
      batchSize: 32,
      learningRate: 0.003,
      heldOutShare: 0.2,
      seed: 7,
    },
    nodes: cheapest === undefined ? [] : [cheapest.name],
    policyId,
    budget: { maximumUsd: 5, maximumSeconds: 3600 },
    checkpointEverySteps: 100,
    evidenceRenewSeconds: 60,
  };
}

/** `32, 16` → [32, 16]; null when a part is not a whole number from 1 to 1024. */
export function parseHidden(text: string): number[] | null {
  const parts = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const sizes = parts.map(Number);
  const good = sizes.length <= 4 && sizes.every((size) => Number.isInteger(size) && size >= 1 && size <= 1024);
  return good ? sizes : null;
}

/** Splits a command line at blanks; quotes keep a part together. Nothing is expanded: no shell reads it. */
export function parseCommand(text: string): string[] {
  return [...text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}
