import { resolve } from 'node:path';
import { err, ok } from '../contract/result.ts';
import { exitCodes, parseOptions, printJson, profileOptions, reportError, type Command } from './command.ts';
import { formatBytes, formatTable } from './format.ts';
import { withCore } from './session.ts';

const usage = `nacre report list [--profile DIR] [--passphrase-fd N] [--json]
nacre report pack RUN --out FILE.nacre-pack [--profile DIR] [--passphrase-fd N] [--json]
nacre report pdf RUN --out FILE.pdf [--profile DIR] [--passphrase-fd N] [--json]

  list  finished runs and the packs written for them
  pack  writes the auditor pack: everything "nacre verify" needs, with no data, model or key in it
  pdf   writes the summary for people; where it differs from the pack, the pack is right
`;

export const reportCommand: Command = {
  name: 'report',
  summary: 'write the auditor pack or the PDF report of a run',
  usage,
  async run(args, io) {
    const parsed = parseOptions(
      'report',
      args,
      { ...profileOptions, json: { type: 'boolean' }, out: { type: 'string' } },
      { names: ['ACTION', 'RUN'], minimum: 1 },
    );
    if (!parsed.ok) return reportError(io, parsed.error);
    const { options, words } = parsed.value;
    const [action, runId] = words;
    if (action === 'list') {
      return withCore(io, options, 'unlocked', async (core) => {
        const reports = await core.invoke('reports.list', {});
        if (!reports.ok) return reports;
        if (options.json === true) printJson(io, reports.value);
        else {
          const rows = reports.value.map((report) => [
            report.runId,
            report.name,
            report.state,
            report.simulated ? 'SIMULATED' : '',
            report.packPath ?? 'no pack yet',
          ]);
          io.out(formatTable([['RUN', 'NAME', 'STATE', '', 'PACK'], ...rows]));
        }
        return ok(exitCodes.ok);
      });
    }
    if (action !== 'pack' && action !== 'pdf') {
      const message = `report does not know ${JSON.stringify(action)}; it knows list, pack and pdf.`;
      return reportError(io, err('invalid_input', message).error);
    }
    if (runId === undefined) return reportError(io, err('invalid_input', 'RUN is missing.').error);
    const { out } = options;
    if (out === undefined) return reportError(io, err('invalid_input', '--out FILE is missing.').error);
    return withCore(io, options, 'unlocked', async (core) => {
      const input = { runId, path: resolve(io.cwd, out) };
      const file = await core.invoke(action === 'pack' ? 'reports.exportPack' : 'reports.exportPdf', input);
      if (!file.ok) return file;
      if (options.json === true) printJson(io, file.value);
      else io.out(`${file.value.path}  ${formatBytes(file.value.bytes)}  sha256 ${file.value.sha256}\n`);
      return ok(exitCodes.ok);
    });
  },
};
