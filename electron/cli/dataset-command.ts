import { resolve } from 'node:path';
import { err, ok, type Result } from '../contract/result.ts';
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
import { inspectFile, printManifest, printVerdict, verifyFile } from './dataset-keyless.ts';
import { formatBytes, formatTable } from './format.ts';
import { followTask, withCore } from './session.ts';

const usage = `nacre dataset preview PATH [--target COLUMN] [--json]
nacre dataset add PATH --name NAME [--target COLUMN] [--profile DIR] [--passphrase-fd N] [--json]
nacre dataset list [--profile DIR] [--passphrase-fd N] [--json]
nacre dataset inspect ID | FILE [--manifest FILE [--owner KEY]] [--json]
nacre dataset verify ID | FILE --manifest FILE [--owner KEY] [--json]

  preview  reads a file or folder and says what a job would see, and what is wrong with it
  add      seals it into the profile, ready for jobs; the original stays as it is
  list     sealed datasets with their ids and Merkle roots
  inspect  recipients, sizes, parts, root and columns of what is sealed; opens nothing
  verify   reads every part again on all processors and checks it against the signed manifest; exit code 1 when one
           was changed

  inspect and verify take the id of a dataset of the profile, or any sealed file with its manifest: then they need
  no vault and no key. --owner is the raw Ed25519 key, base64, that must have signed the manifest; without it the
  signature is not checked, and that is said.
`;

const actions = ['preview', 'add', 'list', 'inspect', 'verify'];
/** Ids of datasets; anything else is a path. */
const datasetId = /^data-[0-9a-f]{16}$/;

export const datasetCommand: Command = {
  name: 'dataset',
  summary: 'preview data, seal it into the profile; list, inspect and verify what is sealed',
  usage,
  async run(args, io) {
    const parsed = parseOptions(
      'dataset',
      args,
      {
        ...profileOptions,
        json: { type: 'boolean' },
        name: { type: 'string' },
        target: { type: 'string' },
        manifest: { type: 'string' },
        owner: { type: 'string' },
      },
      { names: ['ACTION', 'PATH or ID'], minimum: 1 },
    );
    if (!parsed.ok) return reportError(io, parsed.error);
    const { options, words } = parsed.value;
    const [action = '', word] = words;
    const json = options.json === true;
    const target = options.target === undefined ? {} : { target: options.target };
    if (!actions.includes(action)) {
      const message = `dataset does not know ${JSON.stringify(action)}; it knows ${actions.join(', ')}.`;
      return reportError(io, err('invalid_input', message).error);
    }
    if (action !== 'list' && word === undefined) {
      const what = action === 'inspect' || action === 'verify' ? 'ID or FILE' : 'PATH';
      return reportError(io, err('invalid_input', `${what} is missing.`).error);
    }
    if (action === 'add' && options.name === undefined) {
      return reportError(io, err('invalid_input', '--name NAME is missing.').error);
    }
    const id = word ?? '';
    if ((action === 'inspect' || action === 'verify') && !datasetId.test(id)) {
      const keyless = { file: id, manifest: options.manifest, owner: options.owner, json };
      const code = await (action === 'inspect' ? inspectFile(io, keyless) : verifyFile(io, keyless));
      return code.ok ? code.value : reportError(io, code.error);
    }
    return withCore(io, options, 'unlocked', async (core) => {
      switch (action) {
        case 'preview':
          return preview(core, io, { path: resolve(io.cwd, id), ...target }, json);
        case 'add':
          return add(core, io, { path: resolve(io.cwd, id), name: options.name ?? '', ...target }, json);
        case 'inspect':
          return inspect(core, io, id, json);
        case 'verify':
          return verify(core, io, id, json);
        default:
          return list(core, io, json);
      }
    });
  },
};

async function preview(core: Core, io: CommandIo, input: { path: string; target?: string }, json: boolean) {
  const seen = await core.invoke('datasets.preview', input);
  if (!seen.ok) return seen;
  const { bytes, files, csv, problems, name } = seen.value;
  if (json) printJson(io, seen.value);
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

async function add(
  core: Core,
  io: CommandIo,
  input: { path: string; name: string; target?: string },
  json: boolean,
): Promise<Result<number>> {
  const task = await core.invoke('datasets.seal', input);
  if (!task.ok) return task;
  const done = await followTask(core, io, task.value);
  if (!done.ok) return done;
  const datasets = await core.invoke('datasets.list', {});
  if (!datasets.ok) return datasets;
  const made = datasets.value.find((set) => set.id === done.value.resultId);
  if (made === undefined) return err('internal', 'The sealed dataset is not in the list.');
  if (json) printJson(io, made);
  else io.out(`${made.id}  ${formatBytes(made.sealedBytes)} sealed, root ${made.root}\n`);
  return ok(exitCodes.ok);
}

async function inspect(core: Core, io: CommandIo, id: string, json: boolean): Promise<Result<number>> {
  const seen = await core.invoke('datasets.inspect', { id });
  if (!seen.ok) return seen;
  const { sealedBytes, plainBytes, recipientKinds, manifest } = seen.value;
  if (json) printJson(io, seen.value);
  else {
    io.out(`age v1, ${formatBytes(sealedBytes)} sealed, ${formatBytes(plainBytes)} inside\n`);
    io.out(`recipients: ${recipientKinds.join(', ')}\nheader SHA-256 ${manifest.ageHeaderSha256}\n`);
    printManifest(io, manifest);
  }
  return ok(exitCodes.ok);
}

async function verify(core: Core, io: CommandIo, id: string, json: boolean): Promise<Result<number>> {
  const verdict = await core.invoke('datasets.verify', { id });
  if (!verdict.ok) return verdict;
  const seen = await core.invoke('datasets.list', {});
  if (!seen.ok) return seen;
  const root = seen.value.find((set) => set.id === id)?.root ?? '';
  if (json) printJson(io, { ...verdict.value, root });
  else printVerdict(io, { ...verdict.value, root });
  return ok(verdict.value.whole ? exitCodes.ok : exitCodes.refused);
}

async function list(core: Core, io: CommandIo, json: boolean): Promise<Result<number>> {
  const datasets = await core.invoke('datasets.list', {});
  if (!datasets.ok) return datasets;
  if (json) printJson(io, datasets.value);
  else {
    const rows = datasets.value.map((set) => [set.id, set.name, formatBytes(set.plainBytes), set.sealedAt, set.root]);
    io.out(formatTable([['ID', 'NAME', 'SIZE', 'SEALED', 'ROOT'], ...rows]));
  }
  return ok(exitCodes.ok);
}
