import { resolve } from 'node:path';
import { err, ok } from '../contract/result.ts';
import { exitCodes, parseOptions, printJson, profileOptions, reportError, type Command } from './command.ts';
import { formatTable, transferWords } from './format.ts';
import { withCore } from './session.ts';

const usage = `nacre runs [RUN] [--profile DIR] [--passphrase-fd N] [--json]
nacre runs receipt RUN --failure N [--out FILE] [--profile DIR] [--passphrase-fd N] [--json]

Lists the runs of this profile, or shows one with its attempts and events. With receipt, writes the signed failure
receipt of attempt N: what a node was asked, how far it came, and who says that it failed.
`;

export const runsCommand: Command = {
  name: 'runs',
  summary: 'list runs, show one',
  usage,
  async run(args, io) {
    const parsed = parseOptions(
      'runs',
      args,
      { ...profileOptions, json: { type: 'boolean' }, failure: { type: 'string' }, out: { type: 'string' } },
      { names: ['RUN', 'RUN'], minimum: 0 },
    );
    if (!parsed.ok) return reportError(io, parsed.error);
    const { options, words } = parsed.value;
    if (words[1] !== undefined && words[0] !== 'receipt') {
      return reportError(io, err('invalid_input', `runs does not take ${JSON.stringify(words[1])}.`).error);
    }
    if (words[0] === 'receipt' || options.failure !== undefined) {
      const attempt = Number(options.failure);
      const [word, run] = words;
      if (word !== 'receipt' || run === undefined || !Number.isSafeInteger(attempt) || attempt < 1) {
        const wrong = err('invalid_input', 'Name a run and an attempt: nacre runs receipt RUN --failure N.');
        return reportError(io, wrong.error);
      }
      return withCore(io, options, 'unlocked', async (core) => {
        const path = options.out === undefined ? {} : { path: resolve(options.out) };
        const file = await core.invoke('runs.failureReceipt', { id: run, attempt, ...path });
        if (!file.ok) return file;
        if (options.json === true) printJson(io, file.value);
        else io.out(`${file.value.path}\nsha256 ${file.value.sha256}\n`);
        return ok(exitCodes.ok);
      });
    }
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
          for (const attempt of run.value.attempts ?? []) {
            const { failureClass, lostSteps, lastSignedAt } = attempt;
            const how = failureClass === undefined ? attempt.outcome : `${failureClass}, ${lostSteps ?? 0} steps lost`;
            const until = lastSignedAt === undefined ? '' : `, signed until ${lastSignedAt}`;
            io.out(
              `attempt ${attempt.number} on ${attempt.nodes.join(', ') || 'no node'}: steps ${attempt.firstStep} to ${attempt.lastStep}, ${how}, $${attempt.costUsd.toFixed(4)}${until}\n`,
            );
          }
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
