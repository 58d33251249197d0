import { resolve } from 'node:path';
import { auditKinds, type AuditKind } from '../contract/audit.ts';
import { err, ok, type Result } from '../contract/result.ts';
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
import { askAgain, withCore } from './session.ts';

const usage = `nacre audit list [--after INDEX] [--limit N] [FILTERS]
nacre audit verify
nacre audit export --out FILE [FILTERS]
nacre audit set-aside

  list       entries of the log in order, at most N (100 unless told)
  verify     reads the whole log again and compares it with its signed checkpoint;
             exit code 1 when an entry was changed, removed or added
  export     the entries that fit, with proofs and the signed checkpoint, to a new file
  set-aside  when the log was changed and the vault refuses to open over it: keeps the
             old one in the store for good and begins a new one, whose first entry
             names the old head and the damage

FILTERS: --kind KIND (again for more), --key KEY, --job JOB, --since TIME, --until TIME.
All take --profile DIR, --passphrase-fd N and --json.
`;

export const auditCommand: Command = {
  name: 'audit',
  summary: 'list, filter, verify and export the audit log',
  usage,
  async run(args, io) {
    const parsed = parseOptions(
      'audit',
      args,
      {
        ...profileOptions,
        json: { type: 'boolean' },
        after: { type: 'string' },
        limit: { type: 'string' },
        kind: { type: 'string', multiple: true },
        key: { type: 'string' },
        job: { type: 'string' },
        since: { type: 'string' },
        until: { type: 'string' },
        out: { type: 'string' },
      },
      { names: ['ACTION'] },
    );
    if (!parsed.ok) return reportError(io, parsed.error);
    const { options, words } = parsed.value;
    const after = parseCount('after', options.after);
    if (!after.ok) return reportError(io, after.error);
    const limit = parseCount('limit', options.limit);
    if (!limit.ok) return reportError(io, limit.error);
    const filter = filterOf(options);
    if (!filter.ok) return reportError(io, filter.error);
    if (words[0] === 'list') {
      return withCore(io, options, 'unlocked', async (core) => {
        const page = await core.invoke('audit.list', {
          after: after.value ?? -1,
          limit: limit.value ?? 100,
          ...filter.value,
        });
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
    if (words[0] === 'export') {
      const { out } = options;
      if (out === undefined) return reportError(io, err('invalid_input', '--out FILE is missing.').error);
      return withCore(io, options, 'unlocked', async (core) => {
        const written = await core.invoke('audit.export', { path: resolve(io.cwd, out), ...filter.value });
        if (!written.ok) return written;
        if (options.json === true) printJson(io, written.value);
        else io.out(`${written.value.path}: ${written.value.entries} entries\n`);
        return ok(exitCodes.ok);
      });
    }
    if (words[0] === 'set-aside') {
      return withCore(io, options, 'any', async (core) => {
        const passphrase = await askAgain(io, options, undefined);
        if (!passphrase.ok) return passphrase;
        const begun = await core.invoke('audit.setAside', { passphrase: passphrase.value });
        if (!begun.ok) return begun;
        if (options.json === true) printJson(io, begun.value);
        else io.out('The old log is kept in the store; a new one has begun, and its first entry says why.\n');
        return ok(exitCodes.ok);
      });
    }
    return reportError(
      io,
      err('invalid_input', `audit does not know ${JSON.stringify(words[0])}.`, {
        hint: 'It knows list, verify, export and set-aside.',
      }).error,
    );
  },
};

interface FilterOptions {
  readonly kind?: string[] | undefined;
  readonly key?: string | undefined;
  readonly job?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

/** Errors: `invalid_input`, naming the option. */
function filterOf({ kind, key, job, since, until }: FilterOptions) {
  const kinds: AuditKind[] = [];
  for (const name of kind ?? []) {
    const known = auditKinds.find((other) => other === name);
    if (known === undefined) {
      return err('invalid_input', `--kind does not know ${JSON.stringify(name)}.`, {
        hint: `It knows ${auditKinds.join(', ')}.`,
      });
    }
    kinds.push(known);
  }
  const from = timeOf('since', since);
  if (!from.ok) return from;
  const to = timeOf('until', until);
  if (!to.ok) return to;
  return ok({
    ...(kinds.length === 0 ? {} : { kinds }),
    ...(key === undefined ? {} : { key }),
    ...(job === undefined ? {} : { job }),
    ...(from.value === undefined ? {} : { since: from.value }),
    ...(to.value === undefined ? {} : { until: to.value }),
  });
}

function timeOf(option: string, text: string | undefined): Result<string | undefined> {
  if (text === undefined) return ok(undefined);
  const time = Date.parse(text);
  return Number.isNaN(time)
    ? err('invalid_input', `--${option} takes a time, for example 2026-11-22T10:00:00Z.`)
    : ok(new Date(time).toISOString());
}
