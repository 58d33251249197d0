import { resolve } from 'node:path';
import { err, ok } from '../contract/result.ts';
import { exitCodes, parseOptions, printJson, profileOptions, reportError, type Command } from './command.ts';
import { formatBytes, formatTable } from './format.ts';
import { followTask, withCore } from './session.ts';

const usage = `nacre dataset inspect PATH [--target COLUMN] [--json]
nacre dataset add PATH --name NAME [--target COLUMN] [--profile DIR] [--passphrase-fd N] [--json]
nacre dataset list [--profile DIR] [--passphrase-fd N] [--json]
nacre dataset verify ID [--profile DIR] [--passphrase-fd N] [--json]

  inspect  reads a file or folder and says what a job would see, and what is wrong with it
  add      seals it into the profile, ready for jobs; the original stays as it is
  list     sealed datasets with their ids and Merkle roots
  verify   reads every part of the sealed file again; exit code 1 when one was changed
`;

export const datasetCommand: Command = {
  name: 'dataset',
  summary: 'inspect data, seal it into the profile, list and verify what is sealed',
  usage,
  async run(args, io) {
    const parsed = parseOptions(
      'dataset',
      args,
      { ...profileOptions, json: { type: 'boolean' }, name: { type: 'string' }, target: { type: 'string' } },
      { names: ['ACTION', 'PATH or ID'], minimum: 1 },
    );
    if (!parsed.ok) return reportError(io, parsed.error);
    const { options, words } = parsed.value;
    const [action = '', word] = words;
    const target = options.target === undefined ? {} : { target: options.target };
    if (!['inspect', 'add', 'list', 'verify'].includes(action)) {
      const message = `dataset does not know ${JSON.stringify(action)}; it knows inspect, add, list and verify.`;
      return reportError(io, err('invalid_input', message).error);
    }
    if (action !== 'list' && word === undefined) {
      return reportError(io, err('invalid_input', `${action === 'verify' ? 'ID' : 'PATH'} is missing.`).error);
    }
    if (action === 'add' && options.name === undefined) {
      return reportError(io, err('invalid_input', '--name NAME is missing.').error);
    }
    return withCore(io, options, 'unlocked', async (core) => {
      if (action === 'inspect') {
        const preview = await core.invoke('datasets.preview', { path: resolve(io.cwd, word ?? ''), ...target });
        if (!preview.ok) return preview;
        const { bytes, files, csv, problems, name } = preview.value;
        if (options.json === true) printJson(io, preview.value);
        else {
          io.out(`${name}: ${formatBytes(bytes)}, ${files} ${files === 1 ? 'file' : 'files'}\n`);
          if (csv !== undefined) {
            io.out(`${csv.rows} rows, ${csv.columns.length} columns, target ${csv.target}\n`);
            io.out(formatTable(csv.classes.map((row) => [`  ${row.name}`, `${row.rows} rows`])));
          }
          for (const problem of problems) io.out(`problem: ${problem}\n`);
        }
        return ok(problems.length === 0 ? exitCodes.ok : exitCodes.refused);
      }
      if (action === 'add') {
        const input = { path: resolve(io.cwd, word ?? ''), name: options.name ?? '', ...target };
        const task = await core.invoke('datasets.seal', input);
        if (!task.ok) return task;
        const done = await followTask(core, io, task.value);
        if (!done.ok) return done;
        const datasets = await core.invoke('datasets.list', {});
        if (!datasets.ok) return datasets;
        const made = datasets.value.find(({ id }) => id === done.value.resultId);
        if (made === undefined) return err('internal', 'The sealed dataset is not in the list.');
        if (options.json === true) printJson(io, made);
        else io.out(`${made.id}  ${formatBytes(made.sealedBytes)} sealed, root ${made.root}\n`);
        return ok(exitCodes.ok);
      }
      if (action === 'verify') {
        const verdict = await core.invoke('datasets.verify', { id: word ?? '' });
        if (!verdict.ok) return verdict;
        const { whole, parts, badParts } = verdict.value;
        if (options.json === true) printJson(io, verdict.value);
        else
          io.out(whole ? `whole: ${parts} parts\n` : `NOT WHOLE: changed parts ${badParts.join(', ')} of ${parts}\n`);
        return ok(whole ? exitCodes.ok : exitCodes.refused);
      }
      const datasets = await core.invoke('datasets.list', {});
      if (!datasets.ok) return datasets;
      if (options.json === true) printJson(io, datasets.value);
      else {
        const rows = datasets.value.map((set) => [
          set.id,
          set.name,
          formatBytes(set.plainBytes),
          set.sealedAt,
          set.root,
        ]);
        io.out(formatTable([['ID', 'NAME', 'SIZE', 'SEALED', 'ROOT'], ...rows]));
      }
      return ok(exitCodes.ok);
    });
  },
};
