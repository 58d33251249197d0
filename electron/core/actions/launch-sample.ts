import { join } from 'node:path';
import type { JobDraft } from '../../contract/job.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { sealTask } from './seal-task.ts';
import { taskFailure, type Services } from '../services.ts';

export interface SampleOptions {
  readonly path: string;
  readonly target?: string;
  readonly name: string;
}

const sampleFile = 'breast_cancer.csv';

/** The first run's job: network, seal, verify, launch; each step waits for the one before. */
export function launchSample(services: Services): Promise<Result<{ runId: string; jobId: string }>> {
  return launchFile(services, {
    path: join(services.samples, sampleFile),
    target: 'diagnosis',
    name: 'Sample: breast cancer',
  });
}

/** Trains the built-in classifier on one CSV file, on the cheapest node that verifies. Errors: those of each step. */
export async function launchFile(
  services: Services,
  { path, target, name }: SampleOptions,
): Promise<Result<{ runId: string; jobId: string }>> {
  const { tasks, network, nodes, datasets, runs, settings } = services;
  const settled = async (id: string): Promise<Result<string | undefined>> => {
    const ended = await tasks.ended(id);
    if (!ended.ok) return ended;
    const failure = taskFailure(ended.value);
    return failure === undefined ? ok(ended.value.resultId) : { ok: false, error: failure };
  };
  if (nodes.state().state !== 'running') {
    const started = await settled(network.start().id);
    if (!started.ok) return started;
  }
  const verifying = network.verify();
  if (!verifying.ok) return verifying;
  const sealing = sealTask(services, { path, name, target });
  const [verified, sealed] = await Promise.all([settled(verifying.value.id), settled(sealing.id)]);
  if (!sealed.ok) return sealed;
  if (!verified.ok) return verified;
  const dataset = datasets.list();
  if (!dataset.ok) return dataset;
  const found = dataset.value.find(({ id }) => id === sealed.value);
  if (found?.target === undefined) {
    return err('invalid_input', `${path} is not a table that the built-in trainer can read.`);
  }
  if (!nodes.list().some(({ trust }) => trust === 'verified')) {
    return err('attestation_failed', 'No node of the network proved itself, so nothing was launched.', {
      hint: 'Open the evidence of the nodes to see why.',
    });
  }
  const current = settings.get();
  if (!current.ok) return current;
  return runs.launch(sampleDraft(name, found.id, found.target, current.value.evidenceRenewSeconds));
}

/** Small enough for seconds on two CPU cores, large enough for 0.94 on held-out rows of both sample tables. */
function sampleDraft(name: string, datasetId: string, target: string, evidenceRenewSeconds: number): JobDraft {
  return {
    name,
    datasetId,
    program: {
      type: 'builtin',
      trainer: 'csv-classification',
      target,
      hidden: [32],
      epochs: 30,
      batchSize: 32,
      learningRate: 0.005,
      heldOutShare: 0.2,
      seed: 7,
    },
    nodes: [],
    policyId: 'default',
    budget: { maximumUsd: 5, maximumSeconds: 600 },
    checkpointEverySteps: 100,
    evidenceRenewSeconds,
  };
}
