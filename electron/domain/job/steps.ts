import type { Program } from '../../contract/job.ts';

/**
 * Mini-batches a job will take, for its progress bar; undefined where nobody can know. Held-out rows are split off by
 * class, so the count may differ from the trainer's by a batch an epoch.
 */
export function totalSteps(program: Program, rows: number | undefined): number | undefined {
  if (program.type !== 'builtin' || rows === undefined) return undefined;
  const trained = Math.max(1, rows - Math.round(rows * program.heldOutShare));
  return program.epochs * Math.ceil(trained / program.batchSize);
}
