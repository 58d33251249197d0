import { readFileSync } from 'node:fs';
import type { BuiltinProgram, JobOrder } from '../../contract/job.ts';
import type { Frame } from '../../contract/wire.ts';
import type { Owner, TestDataset } from './dataset.ts';
import type { Prepared } from './desk.ts';
import type { TestAgent } from './test-agent.ts';

export const sampleCsv = readFileSync('assets/data/breast_cancer.csv');

/** Learns the sample in a second. */
export const sampleProgram: BuiltinProgram = {
  type: 'builtin',
  trainer: 'csv-classification',
  target: 'diagnosis',
  hidden: [],
  epochs: 12,
  batchSize: 32,
  learningRate: 0.02,
  heldOutShare: 0.2,
  seed: 3,
};

/** The code of an error answer. */
export function codeOf(answer: { json: unknown }): unknown {
  return (answer.json as { error?: { code?: unknown } } | undefined)?.error?.code;
}

/** The state that the last frame gives, when it is a state. */
export function lastState(frames: readonly Frame[]) {
  const body = frames.at(-1)?.body;
  return body?.kind === 'state' ? body : undefined;
}

/** Releases the key and submits the order; fails unless the agent confirms the key. */
export async function launch(node: TestAgent, order: JobOrder, dataset: TestDataset, owner: Owner): Promise<Prepared> {
  const prepared = await node.desk.submission(order, dataset, owner);
  const answer = await node.desk.send('POST', '/v1/jobs', prepared.submission);
  if (!answer.body.includes(prepared.confirmation)) throw new Error(`not confirmed: ${answer.body.toString()}`);
  return prepared;
}
