import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { err } from '../contract/result.ts';
import { exitCodes, parseOptions, printJson, reportError, type Command } from './command.ts';
import { runDemo } from './demo-run.ts';
import { followRun } from './launch-command.ts';
import { followTask } from './session.ts';

const usage = `nacre demo --data FILE.csv [--target COLUMN] [--keep DIR] [--json]

The whole main job on this machine, in a throw-away profile: makes a vault, starts the local
network, verifies its nodes, seals the table, releases the key to one verified node, trains
there, and writes the auditor pack and the opened model.

The hardware of the local network is SIMULATED: the formats, the verification and the
encryption are real, the chips are software.

  --target COLUMN  the column to learn; guessed from the table unless told
  --keep DIR       work in DIR and keep everything; otherwise pack and model stay in a new
                   temporary folder and the profile is deleted
  --json           one JSON object at the end, nothing else on standard output
`;

export const demoCommand: Command = {
  name: 'demo',
  summary: 'the whole main job on the local network (SIMULATED hardware)',
  usage,
  async run(args, io) {
    const parsed = parseOptions(
      'demo',
      args,
      { data: { type: 'string' }, target: { type: 'string' }, keep: { type: 'string' }, json: { type: 'boolean' } },
      { names: [] },
    );
    if (!parsed.ok) return reportError(io, parsed.error);
    const { options } = parsed.value;
    if (options.data === undefined) return reportError(io, err('invalid_input', '--data FILE.csv is missing.').error);
    const kept = options.keep === undefined ? undefined : resolve(io.cwd, options.keep);
    if (kept !== undefined) await mkdir(kept, { recursive: true, mode: 0o700 });
    const directory = kept ?? (await mkdtemp(join(tmpdir(), 'nacre-demo-')));
    const { createCore } = await import('../core/create-core.ts');
    const result = await runDemo({
      openCore: (profile) => createCore({ profile, host: 'cli' }),
      directory,
      data: resolve(io.cwd, options.data),
      ...(options.target === undefined ? {} : { target: options.target }),
      followTask: (core, task) => followTask(core, io, task),
      followRun: (core, runId) => followRun(core, io, runId),
      say: (line) => io.note(`${line}\n`),
      clock: Date.now,
    });
    // Sealed data, keys and logs of a demo are of no use to anyone once pack and model are out.
    if (kept === undefined) await rm(join(directory, 'profile'), { recursive: true, force: true });
    if (!result.ok) {
      if (kept === undefined) await rm(directory, { recursive: true, force: true });
      return reportError(io, result.error);
    }
    if (options.json === true) printJson(io, result.value);
    else {
      const { accuracy, verified, refused, pack, model, durationMs } = result.value;
      io.out(`accuracy ${accuracy.toFixed(4)} on held-out rows, in ${(durationMs / 1000).toFixed(1)} s\n`);
      io.out(`${verified.length} nodes verified, ${refused.length} refused, all of them SIMULATED\n`);
      io.out(`model ${model}\npack  ${pack}\ncheck it with: nacre verify ${pack}\n`);
    }
    return exitCodes.ok;
  },
};
