import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { jobDraftSchema, type JobDraft } from '../contract/job.ts';
import { err, ok, type Result } from '../contract/result.ts';
import type { RunView } from '../contract/views.ts';
import type { Core } from '../core/types.ts';
import {
  exitCodes,
  parseOptions,
  printJson,
  profileOptions,
  reportError,
  type Command,
  type CommandIo,
} from './command.ts';
import { createProgress, transferWords } from './format.ts';
import { createTransferProgress } from './seal-progress.ts';
import { startNetwork } from './nodes-command.ts';
import { withCore } from './session.ts';

const usage = `nacre launch JOB.json [--pack FILE] [--model DIR] [--profile DIR] [--passphrase-fd N] [--json]
nacre launch --resume RUN [--pack FILE] [--model DIR] [--profile DIR] [--passphrase-fd N] [--json]

Launches a job on the local network (SIMULATED hardware) and follows it to its end:
verifies nodes, uploads the sealed data, releases the key to nodes that verified, and
shows progress. JOB.json is a job draft; "nacre dataset list" shows dataset ids.
With "workers": {"count": 2, "minimum": 1} a command trains on several nodes; with
"network": ID, on those of an added Ray cluster ("nacre network list"). What workers
send each other is not encrypted.

  --resume RUN  takes up a run that waited for the approval of custodians
  --pack FILE   afterwards writes the auditor pack
  --model DIR   afterwards opens the model into a new folder

A run that needs approval is left waiting, with exit code 1: "nacre approve" shows and
sends its request; when enough answers are in, --resume goes on.
Exit code 0 when the run succeeded. Ctrl-C stops the run and keeps what it has; what was uploaded is not sent again by
the next launch on that node.
`;

/** Bytes of a job file at most. */
const jobFileMaximum = 1_048_576;
const ended: ReadonlySet<RunView['state']> = new Set(['succeeded', 'failed', 'stopped']);

export const launchCommand: Command = {
  name: 'launch',
  summary: 'launch a job file and follow it',
  usage,
  async run(args, io) {
    const parsed = parseOptions(
      'launch',
      args,
      {
        ...profileOptions,
        json: { type: 'boolean' },
        pack: { type: 'string' },
        model: { type: 'string' },
        resume: { type: 'string' },
      },
      { names: ['JOB.json'], minimum: 0 },
    );
    if (!parsed.ok) return reportError(io, parsed.error);
    const { options, words } = parsed.value;
    const [file] = words;
    if ((file === undefined) === (options.resume === undefined)) {
      return reportError(
        io,
        err('invalid_input', file === undefined ? 'JOB.json is missing.' : 'Give JOB.json or --resume RUN, not both.')
          .error,
      );
    }
    const draft = file === undefined ? undefined : await readJob(resolve(io.cwd, file));
    if (draft?.ok === false) return reportError(io, draft.error);
    return withCore(io, options, 'unlocked', async (core) => {
      const network = await startNetwork(core, io);
      if (!network.ok) return network;
      const runId = await launchOrResume(core, draft?.value, options.resume);
      if (!runId.ok) return runId;
      const run = await followRun(core, io, runId.value);
      if (!run.ok) return run;
      if (run.value.approval !== undefined) {
        const { requestId, have, need, expiresAt } = run.value.approval;
        if (options.json === true) printJson(io, { run: run.value });
        io.note(`nacre: run ${run.value.id} waits for approval: ${have} of ${need}, until ${expiresAt}\n`);
        io.note(`hint: nacre approve export ${requestId.slice(0, 12)} --out FILE; nacre approve import ANSWER; `);
        io.note(`nacre launch --resume ${run.value.id}\ncode: approval_missing\n`);
        return ok(exitCodes.refused);
      }
      if (run.value.state !== 'succeeded') {
        if (options.json === true) printJson(io, { run: run.value });
        io.note(`nacre: the run ${run.value.state}: ${run.value.error?.message ?? 'no reason given'}\n`);
        if (run.value.error?.hint !== undefined) io.note(`hint: ${run.value.error.hint}\n`);
        return ok(exitCodes.refused);
      }
      const { id } = run.value;
      const pack =
        options.pack === undefined
          ? undefined
          : await core.invoke('reports.exportPack', { runId: id, path: resolve(io.cwd, options.pack) });
      if (pack?.ok === false) return pack;
      const model =
        options.model === undefined
          ? undefined
          : await core.invoke('runs.exportModel', { id, directory: resolve(io.cwd, options.model) });
      if (model?.ok === false) return model;
      if (options.json === true) {
        printJson(io, { run: run.value, pack: pack?.value.path ?? null, model: model?.value.directory ?? null });
      } else {
        const { heldOutAccuracy } = run.value;
        io.out(
          `run ${id} succeeded${heldOutAccuracy === undefined ? '' : `, accuracy ${heldOutAccuracy.toFixed(4)}`}\n`,
        );
        if (run.value.transfer !== undefined) io.out(`transfer: ${transferWords(run.value.transfer)}\n`);
        if (pack !== undefined) io.out(`pack ${pack.value.path}\n`);
        if (model !== undefined) io.out(`model ${model.value.directory}\n`);
        if (run.value.simulated) io.out('SIMULATED: the hardware that ran this is software.\n');
      }
      return ok(exitCodes.ok);
    });
  },
};

/** A job file from anywhere. Errors: `not_found`, `invalid_input` naming the place, unknown keys included. */
export async function readJob(path: string): Promise<Result<JobDraft>> {
  const text = await readText(path, jobFileMaximum);
  if (!text.ok) return text;
  let json: unknown;
  try {
    json = JSON.parse(text.value);
  } catch {
    return err('invalid_input', `${path} is not JSON.`);
  }
  const draft = jobDraftSchema.safeParse(json);
  if (draft.success) return ok(draft.data);
  const issue = draft.error.issues[0];
  const place = issue?.path.map(String).join('.');
  return err('invalid_input', `${path}: ${place === '' || place === undefined ? '' : `${place}: `}${issue?.message}.`);
}

async function readText(path: string, maximum: number): Promise<Result<string>> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      if (size > maximum) return err('invalid_input', `${path} has ${size} bytes; a job file has at most ${maximum}.`);
      return ok(await file.readFile('utf8'));
    } finally {
      await file.close();
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    return err('not_found', `${path} cannot be read (${code}).`);
  }
}

async function launchOrResume(
  core: Core,
  draft: JobDraft | undefined,
  id: string | undefined,
): Promise<Result<string>> {
  if (draft !== undefined) {
    const launched = await core.invoke('jobs.launch', { draft });
    return launched.ok ? ok(launched.value.runId) : launched;
  }
  const resumed = await core.invoke('runs.resume', { id: id ?? '' });
  return resumed.ok ? ok(resumed.value.id) : resumed;
}

/** Follows a run to its end, or to where it waits for approval, printing its events. Ctrl-C stops the run. */
export async function followRun(core: Core, io: CommandIo, id: string): Promise<Result<RunView>> {
  const progress = createProgress(io);
  const unsubscribe = core.subscribe('run.event', ({ runId, event }) => {
    if (runId === id)
      progress.show(`${event.kind}${event.node === undefined ? '' : ` ${event.node}`}: ${event.message}`);
  });
  const bar = createTransferProgress(io);
  const unfollow = core.subscribe('task.changed', ({ subjectId, title, progress: moved, state }) => {
    if (subjectId === id && moved !== undefined && state === 'running') bar.show(title, moved);
  });
  const stop = (): void => void core.invoke('runs.stop', { id });
  io.signal.addEventListener('abort', stop, { once: true });
  try {
    for (;;) {
      const run = await core.invoke('runs.get', { id });
      if (!run.ok || ended.has(run.value.state) || run.value.approval !== undefined) return run;
      await new Promise((wake) => setTimeout(wake, 200));
    }
  } finally {
    unsubscribe();
    unfollow();
    io.signal.removeEventListener('abort', stop);
    progress.end();
    bar.end();
  }
}
