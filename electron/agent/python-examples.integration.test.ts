import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { makeOwner, openArtifact, sealDataset, type Owner } from './testing/dataset.ts';
import { lastState, launch } from './testing/job-helpers.ts';
import { startTestAgent, type TestAgent } from './testing/test-agent.ts';

const inCi = process.env['CI'] === 'true' || process.env['CI'] === '1';
const made = spawnSync('python3', [
  '-c',
  'import sys; sys.exit(0 if (3, 10) <= sys.version_info[:2] <= (3, 13) else 1)',
]);
const possible = process.platform === 'linux' && made.status === 0;
if (!possible && !inCi) console.warn('The Python examples are left out: there is no Python 3.10 to 3.13 here.');

let python: string;
let node: TestAgent;
let owner: Owner;

/** Runs an example unchanged, then reads its run back through the same MLflow client. */
const readBack = `
import json, os, runpy, sys
from pathlib import Path
script = sys.argv[1]
sys.argv = sys.argv[1:]
runpy.run_path(script, run_name='__main__')
from mlflow import MlflowClient
client = MlflowClient()
runs = [run for experiment in client.search_experiments() for run in client.search_runs([experiment.experiment_id])]
run = runs[0]
history = {k: [[m.step, m.value] for m in client.get_metric_history(run.info.run_id, k)] for k in run.data.metrics}
facts = {'runs': len(runs), 'status': run.info.status, 'params': run.data.params, 'history': history}
Path(os.environ['OUTPUT_DIR'], 'read-back.json').write_text(json.dumps(facts))
`;
const readBackSchema = z.object({
  runs: z.number(),
  status: z.string(),
  params: z.record(z.string(), z.string()),
  history: z.record(z.string(), z.array(z.tuple([z.number(), z.number()]))),
});

async function runExample(name: string, data: Uint8Array, rest: readonly string[] = []) {
  const dataset = await sealDataset(data, owner);
  await node.desk.upload(dataset);
  const command = [python, '-c', readBack, resolve('assets/python/examples', name), ...rest];
  const budget = { maximumUsd: 1, maximumSeconds: 240 };
  const order = node.desk.order({ type: 'command', command }, dataset, owner, node.node, { budget });
  const { evidence } = await launch(node, order, dataset, owner);
  const frames = await node.desk.follow(order, node.node, evidence);
  const logs = frames.flatMap(({ body }) => (body.kind === 'log' ? [body.line] : []));
  expect(lastState(frames)?.state, logs.slice(-12).join('\n')).toBe('succeeded');
  const charted: Record<string, [number, number][]> = {};
  for (const { body } of frames) {
    if (body.kind !== 'metric') continue;
    for (const [figure, value] of Object.entries(body.values)) (charted[figure] ??= []).push([body.step, value]);
  }
  const artifact = (file: string) => node.desk.send('GET', `/v1/jobs/${order.jobId}/artifacts/${file}`);
  const model = await openArtifact((await artifact('model.age')).body, owner);
  const back = readBackSchema.parse(JSON.parse(model.get('read-back.json')?.toString() ?? ''));
  return { frames, logs, charted, model, back };
}

// Under CI the examples run whatever is missing, and fail where they cannot.
describe.skipIf(!possible && !inCi)('PyTorch and MLflow scripts that know nothing of Nacre', () => {
  beforeAll(async () => {
    const asked = spawnSync(process.execPath, ['electron/tooling/python.mjs'], { encoding: 'utf8' });
    if (asked.status !== 0) throw new Error(asked.stderr);
    python = asked.stdout.trim();
    node = await startTestAgent();
    owner = await makeOwner();
    await node.desk.signIn(owner);
  }, 400_000);
  afterAll(async () => {
    await node?.close();
    if (node !== undefined) rmSync(node.workFolder, { recursive: true, force: true });
  });

  it('digits: at least 0.93 on held-out rows; what MLflow reads back is what is charted, point by point', async () => {
    const { charted, model, back, frames } = await runExample(
      'digits-pytorch/digits_ddp.py',
      readFileSync('assets/data/digits.csv'),
    );
    const accuracy = charted['held_out_accuracy']?.at(-1)?.[1] ?? 0;
    process.stdout.write(`digits: held-out accuracy ${accuracy.toFixed(4)}\n`);
    expect(accuracy).toBeGreaterThanOrEqual(0.93);
    expect(back.runs).toBe(1);
    expect(back.status).toBe('FINISHED');
    expect(back.params).toEqual({ epochs: '15', world_size: '1', batch: '32' });
    expect(back.history).toEqual(charted);
    expect(charted['loss']).toHaveLength(67);
    expect(model.has('digits.pt')).toBe(true);
    const checkpoints = frames.filter(({ body }) => body.kind === 'artifact' && body.artifact.kind === 'checkpoint');
    expect(checkpoints.length).toBeGreaterThan(0);
  }, 240_000);

  it('tiny LoRA: only the adapter comes home', async () => {
    const { charted, model, back } = await runExample(
      'tiny-lora-pytorch/tiny_lora.py',
      new TextEncoder().encode('unused\n'),
    );
    expect(charted['held_out_accuracy']?.at(-1)?.[1]).toBeGreaterThanOrEqual(0.95);
    expect(back.history).toEqual(charted);
    expect(back.params['trainable']).toBe('960');
    expect(model.get('adapter.pt')?.length).toBeLessThan(20_000);
  }, 240_000);
});
