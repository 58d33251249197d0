import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuiltinProgram, JobDraft } from '../contract/job.ts';
import { err, ok, type Result } from '../contract/result.ts';
import type { DatasetView, NodeView, RunView, TaskView } from '../contract/views.ts';
import type { Core } from '../core/types.ts';

export interface DemoOptions {
  /** Opens the core on the profile of the demo. */
  readonly openCore: (profile: string) => Promise<Result<Core>>;
  /** An existing folder; profile, pack and model go into it. */
  readonly directory: string;
  /** Absolute path of a CSV file. */
  readonly data: string;
  /** Column to learn; guessed when absent. */
  readonly target?: string;
  readonly followTask: (core: Core, task: TaskView) => Promise<Result<TaskView>>;
  readonly followRun: (core: Core, runId: string) => Promise<Result<RunView>>;
  readonly say: (line: string) => void;
  /** Milliseconds. */
  readonly clock: () => number;
}

/** What `nacre demo --json` prints. */
export interface DemoResult {
  readonly status: RunView['state'];
  readonly simulated: true;
  /** On held-out rows, as the attested node reported it. */
  readonly accuracy: number;
  readonly epochs: number;
  readonly verified: readonly string[];
  readonly refused: readonly { readonly node: string; readonly reason: string }[];
  readonly sealedBytes: number;
  /** Paths. */
  readonly pack: string;
  readonly model: string;
  readonly durationMs: number;
}

/**
 * The whole main job on an embedded network of SIMULATED hardware: vault, nodes, evidence, sealing, release, training,
 * pack and model, all through the contract that every host uses. Errors: those of the steps.
 */
export async function runDemo(options: DemoOptions): Promise<Result<DemoResult>> {
  const started = options.clock();
  const profile = join(options.directory, 'profile');
  await mkdir(profile, { recursive: true, mode: 0o700 });
  const core = await options.openCore(profile);
  if (!core.ok) return core;
  try {
    const done = await runSteps(core.value, options);
    return done.ok ? ok({ ...done.value, durationMs: options.clock() - started }) : done;
  } finally {
    await core.value.close();
  }
}

async function runSteps(core: Core, options: DemoOptions): Promise<Result<Omit<DemoResult, 'durationMs'>>> {
  const { say, directory } = options;
  // Nobody needs it again: the profile of a demo is thrown away, or kept for a look at its files.
  const passphrase = new TextEncoder().encode(randomBytes(24).toString('base64'));
  const vault = await core.invoke('vault.create', { passphrase });
  if (!vault.ok) return vault;
  say('vault created, signing key and dataset recipient made');

  const data = await inspectData(core, options);
  if (!data.ok) return data;
  const nodes = await verifyNodes(core, options);
  if (!nodes.ok) return nodes;
  const verified = nodes.value.filter(({ trust }) => trust === 'verified');
  const refused = nodes.value.filter(({ trust }) => trust === 'refused');
  for (const node of verified) say(`  verified  ${node.name}, SIMULATED ${node.gpuModel}, ${node.city}`);
  for (const node of refused) say(`  refused   ${node.name}: ${node.reason ?? 'no reason given'}`);
  if (verified.length === 0) return err('denied_by_policy', 'No node of the local network verified.');

  const sealed = await sealData(core, options, data.value);
  if (!sealed.ok) return sealed;
  const dataset = sealed.value;
  const { target } = data.value;
  say(`sealed ${dataset.name}: ${dataset.sealedBytes} bytes in ${dataset.parts} parts, to learn ${target}`);

  const policies = await core.invoke('policies.list', {});
  if (!policies.ok) return policies;
  const policy = policies.value.find(({ builtin }) => builtin);
  if (policy === undefined) return err('internal', 'Nacre has no built-in policy.');
  const program = programFor(target);
  const draft = draftOf(dataset, program, policy.policy.id);
  const launched = await core.invoke('jobs.launch', { draft });
  if (!launched.ok) return launched;
  const run = await options.followRun(core, launched.value.runId);
  if (!run.ok) return run;
  if (run.value.state !== 'succeeded') {
    const { error, state } = run.value;
    return err('unavailable', `The run ${state}: ${error?.message ?? 'no reason given'}`, {
      ...(error?.hint === undefined ? {} : { hint: error.hint }),
      ...(error === undefined ? {} : { details: { code: error.code } }),
    });
  }
  const pack = await core.invoke('reports.exportPack', {
    runId: run.value.id,
    path: join(directory, 'demo.nacre-pack'),
  });
  if (!pack.ok) return pack;
  const model = await core.invoke('runs.exportModel', { id: run.value.id, directory: join(directory, 'model') });
  if (!model.ok) return model;
  say(`trained: held-out accuracy ${(run.value.heldOutAccuracy ?? 0).toFixed(4)}`);
  return ok({
    status: run.value.state,
    simulated: true,
    accuracy: run.value.heldOutAccuracy ?? 0,
    epochs: program.epochs,
    verified: verified.map(({ name }) => name),
    refused: refused.map(({ name, reason }) => ({ node: name, reason: reason ?? 'unknown' })),
    sealedBytes: dataset.sealedBytes,
    pack: pack.value.path,
    model: model.value.directory,
  });
}

async function verifyNodes(core: Core, options: DemoOptions): Promise<Result<NodeView[]>> {
  options.say('starting the local network: its hardware is SIMULATED');
  const start = await core.invoke('network.start', {});
  if (!start.ok) return start;
  const running = await options.followTask(core, start.value);
  if (!running.ok) return running;
  const task = await core.invoke('nodes.verify', {});
  if (!task.ok) return task;
  const checked = await options.followTask(core, task.value);
  return checked.ok ? core.invoke('nodes.list', {}) : checked;
}

/** Before anything is started: a table that cannot be learnt from is named at once. */
async function inspectData(core: Core, options: DemoOptions): Promise<Result<{ name: string; target: string }>> {
  const chosen = options.target === undefined ? {} : { target: options.target };
  const preview = await core.invoke('datasets.preview', { path: options.data, ...chosen });
  if (!preview.ok) return preview;
  const { csv, problems, name } = preview.value;
  const [problem] = problems;
  if (problem !== undefined) return err('invalid_input', problem);
  if (csv === undefined) return err('invalid_input', `${options.data} is not a CSV table, which the demo trains on.`);
  return ok({ name, target: csv.target });
}

async function sealData(
  core: Core,
  options: DemoOptions,
  { name, target }: { name: string; target: string },
): Promise<Result<DatasetView>> {
  const task = await core.invoke('datasets.seal', { path: options.data, name, target });
  if (!task.ok) return task;
  const sealed = await options.followTask(core, task.value);
  if (!sealed.ok) return sealed;
  const all = await core.invoke('datasets.list', {});
  if (!all.ok) return all;
  const made = all.value.find(({ id }) => id === sealed.value.resultId);
  if (made === undefined) return err('internal', 'The sealed dataset is not in the list.');
  return ok(made);
}

/** Enough for both bundled tables: 0.94 and 0.93 are exceeded with room to spare in seconds. */
function programFor(target: string): BuiltinProgram {
  return {
    type: 'builtin',
    trainer: 'csv-classification',
    target,
    hidden: [32],
    epochs: 25,
    batchSize: 32,
    learningRate: 0.01,
    heldOutShare: 0.2,
    seed: 7,
  };
}

function draftOf(dataset: DatasetView, program: BuiltinProgram, policyId: string): JobDraft {
  return {
    name: `demo: ${dataset.name}`,
    datasetId: dataset.id,
    program,
    nodes: [],
    policyId,
    budget: { maximumUsd: 5, maximumSeconds: 600 },
    checkpointEverySteps: 100,
    evidenceRenewSeconds: 15,
  };
}
