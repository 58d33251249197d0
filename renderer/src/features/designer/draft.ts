import type { BuiltinProgram, JobDraft, Program } from '../../../../electron/contract/job.ts';
import type { DatasetView, NodeView } from '../../../../electron/contract/views.ts';
import { scriptProgram } from './commands.ts';

/** The built-in trainer as a first draft has it. */
export function builtinProgram(dataset: DatasetView | undefined): BuiltinProgram {
  return {
    type: 'builtin',
    trainer: 'csv-classification',
    target: dataset?.target ?? '',
    hidden: [32],
    epochs: 30,
    batchSize: 32,
    learningRate: 0.003,
    heldOutShare: 0.2,
    seed: 7,
  };
}

/** What can train on a dataset: the built-in trainer on one table, a script of its own folder on anything else. */
export function programFor(dataset: DatasetView | undefined): Program {
  const table = dataset === undefined || dataset.columns !== undefined;
  return table ? builtinProgram(dataset) : scriptProgram({ file: 'train.py', args: [], install: false });
}

/** A first draft that would run as it is: the newest dataset, a small network, the cheapest node that verified. */
export function newDraft(datasets: readonly DatasetView[], nodes: readonly NodeView[], policyId: string): JobDraft {
  const dataset = datasets.toSorted((a, b) => b.sealedAt.localeCompare(a.sealedAt))[0];
  const cheapest = nodes.filter((node) => node.trust === 'verified').toSorted((a, b) => a.usdPerHour - b.usdPerHour)[0];
  const program = programFor(dataset);
  const trainer = program.type === 'builtin';
  return {
    name: dataset === undefined ? 'new-run' : `${dataset.name}-${trainer ? 'mlp' : 'run'}`,
    datasetId: dataset?.id ?? '',
    program,
    nodes: cheapest === undefined ? [] : [cheapest.name],
    policyId,
    // Nobody knows how long a script runs, so all of its time is estimated.
    budget: { maximumUsd: 5, maximumSeconds: trainer ? 3600 : 900 },
    checkpointEverySteps: 100,
    evidenceRenewSeconds: 10,
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
