import { err, ok } from '../contract/result.ts';
import {
  exitCodes,
  parseCount,
  parseOptions,
  printJson,
  profileOptions,
  reportError,
  type Command,
} from './command.ts';
import { formatTable, printable } from './format.ts';
import { withCore } from './session.ts';

const usage = `nacre audit list [--after INDEX] [--limit N] [--profile DIR] [--passphrase-fd N] [--json]
nacre audit verify [--profile DIR] [--passphrase-fd N] [--json]

  list    entries of the log in order, at most N (100 unless told)
  verify  reads the whole log again and compares it with its signed checkpoint;
          exit code 1 when an entry was changed, removed or added
`;

export const auditCommand: Command = {
  name: 'audit',
  summary: 'list the audit log, check that it is whole',
  usage,
  async run(args, io) {
    const parsed = parseOptions(
      'audit',
      args,
      { ...profileOptions, json: { type: 'boolean' }, after: { type: 'string' }, limit: { type: 'string' } },
      { names: ['ACTION'] },
    );
    if (!parsed.ok) return reportError(io, parsed.error);
    const { options, words } = parsed.value;
    const after = parseCount('after', options.after);
    if (!after.ok) return reportError(io, after.error);
    const limit = parseCount('limit', options.limit);
    if (!limit.ok) return reportError(io, limit.error);
    if (words[0] === 'list') {
      return withCore(io, options, 'unlocked', async (core) => {
        const page = await core.invoke('audit.list', { after: after.value ?? -1, limit: limit.value ?? 100 });
        if (!page.ok) return page;
        if (options.json === true) printJson(io, page.value);
        else {
          const rows = page.value.entries.map((entry) => [
            String(entry.index),
            entry.at,
            entry.kind,
            entry.simulated ? 'SIMULATED' : '',
            printable(entry.subject),
          ]);
          io.out(formatTable([['INDEX', 'TIME', 'KIND', '', 'SUBJECT'], ...rows]));
          io.out(`size ${page.value.size}, root ${page.value.root}\n`);
        }
        return ok(exitCodes.ok);
      });
    }
    if (words[0] === 'verify') {
      return withCore(io, options, 'unlocked', async (core) => {
        const verdict = await core.invoke('audit.verify', {});
        if (!verdict.ok) return verdict;
        const { whole, size, root, problem } = verdict.value;
        if (options.json === true) printJson(io, verdict.value);
        else io.out(whole ? `whole: ${size} entries, root ${root}\n` : `NOT WHOLE: ${problem ?? 'unknown reason'}\n`);
        return ok(whole ? exitCodes.ok : exitCodes.refused);
      });
    }
    return reportError(
      io,
      err('invalid_input', `audit does not know ${JSON.stringify(words[0])}.`, { hint: 'It knows list and verify.' })
        .error,
    );
  },
};
