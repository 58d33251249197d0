import { resolve } from 'node:path';
import { err, ok } from '../contract/result.ts';
import { exitCodes, parseOptions, printJson, profileOptions, reportError, type Command } from './command.ts';
import { formatBytes } from './format.ts';
import { withCore } from './session.ts';

const usage = `nacre model export RUN --out DIR [--profile DIR] [--passphrase-fd N] [--json]

Opens the sealed model of a run into a new folder on this machine. The files are
checked against the receipt first; opening is logged.
`;

export const modelCommand: Command = {
  name: 'model',
  summary: 'open the model of a run',
  usage,
  async run(args, io) {
    const parsed = parseOptions(
      'model',
      args,
      { ...profileOptions, json: { type: 'boolean' }, out: { type: 'string' } },
      { names: ['ACTION', 'RUN'] },
    );
    if (!parsed.ok) return reportError(io, parsed.error);
    const { options, words } = parsed.value;
    const [action, id = ''] = words;
    const { out } = options;
    if (action !== 'export') {
      return reportError(
        io,
        err('invalid_input', `model does not know ${JSON.stringify(action)}; it knows export.`).error,
      );
    }
    if (out === undefined) return reportError(io, err('invalid_input', '--out DIR is missing.').error);
    return withCore(io, options, 'unlocked', async (core) => {
      const model = await core.invoke('runs.exportModel', { id, directory: resolve(io.cwd, out) });
      if (!model.ok) return model;
      if (options.json === true) printJson(io, model.value);
      else {
        io.out(`${model.value.directory}\n`);
        for (const file of model.value.files) {
          io.out(`  ${file.fileName}  ${formatBytes(file.bytes)}  sha256 ${file.sha256}\n`);
        }
      }
      return ok(exitCodes.ok);
    });
  },
};
