import { ok } from '../contract/result.ts';
import { exitCodes, parseOptions, printJson, profileOptions, reportError, type Command } from './command.ts';
import { formatTable, transferWords } from './format.ts';
import { withCore } from './session.ts';

const usage = `nacre runs [RUN] [--profile DIR] [--passphrase-fd N] [--json]

Lists the runs of this profile, or shows one with its events.
`;

export const runsCommand: Command = {
  name: 'runs',
  summary: 'list runs, show one',
  usage,
  async run(args, io) {
    const parsed = parseOptions(
      'runs',
      args,
      { ...profileOptions, json: { type: 'boolean' } },
      { names: ['RUN'], minimum: 0 },
    );
    if (!parsed.ok) return reportError(io, parsed.error);
    const { options, words } = parsed.value;
    const id = words[0];
    return withCore(io, options, 'unlocked', async (core) => {
      if (id !== undefined) {
        const run = await core.invoke('runs.get', { id });
        if (!run.ok) return run;
        const events = await core.invoke('runs.events', { id });
        if (!events.ok) return events;
        if (options.json === true) printJson(io, { run: run.value, events: events.value });
        else {
          io.out(`${run.value.name}: ${run.value.state}${run.value.simulated ? ', SIMULATED hardware' : ''}\n`);
          io.out(`job ${run.value.jobId}\n`);
          if (run.value.transfer !== undefined) io.out(`transfer: ${transferWords(run.value.transfer)}\n`);
          io.out(formatTable(events.value.map((event) => [event.at, event.kind, event.node ?? '', event.message])));
        }
        return ok(exitCodes.ok);
      }
      const runs = await core.invoke('runs.list', {});
      if (!runs.ok) return runs;
      if (options.json === true) printJson(io, runs.value);
      else {
        const rows = runs.value.map((run) => [
          run.id,
          run.name,
          run.state,
          run.simulated ? 'SIMULATED' : '',
          run.heldOutAccuracy === undefined ? '' : `accuracy ${run.heldOutAccuracy.toFixed(4)}`,
          run.createdAt,
        ]);
        io.out(formatTable([['RUN', 'NAME', 'STATE', '', 'RESULT', 'CREATED'], ...rows]));
      }
      return ok(exitCodes.ok);
    });
  },
};
