import { resolve } from 'node:path';
import type { ConformanceRow } from '../contract/conformance.ts';
import { checkConformance } from '../core/evidence/offline-evidence.ts';
import { exitCodes, parseOptions, printJson, reportError, type Command } from './command.ts';
import { printable } from './format.ts';

const usage = `nacre conformance DIR [--json]

Runs the evidence verifier over a folder of test vectors: one row a vector, with what the
vector expects, what Nacre says and why, and how the two reasons stand to each other
(exact, finer, other). Each vector is judged at the time it names (evaluate_at), under the
default policy, against the pinned vendor roots. Needs no vault and no network.

  --json  {rows, passed, failed} as one JSON value

A vector is a folder with a meta.json; INDEX.json may list them. Exit code 0 when every
vector agrees on valid or invalid, 1 when one does not or cannot be read, 2 when there are
no vectors.
`;

export const conformanceCommand: Command = {
  name: 'conformance',
  summary: 'run the evidence verifier over a folder of test vectors',
  usage,
  async run(args, io) {
    const parsed = parseOptions('conformance', args, { json: { type: 'boolean' } }, { names: ['DIR'] });
    if (!parsed.ok) return reportError(io, parsed.error);
    const { options, words } = parsed.value;
    const folder = resolve(io.cwd, words[0] ?? '');
    const asTable = options.json !== true;
    const report = await checkConformance(folder, asTable ? (row) => io.out(line(row)) : undefined);
    if (!report.ok) return reportError(io, report.error);
    const { passed, failed } = report.value;
    if (asTable) io.out(`\n${passed} passed, ${failed} failed\n`);
    else printJson(io, report.value);
    return failed === 0 ? exitCodes.ok : exitCodes.refused;
  },
};

function line({ name, expected, verdict, agreement, passed, detail }: ConformanceRow): string {
  const reason = agreement === 'none' ? '' : `  (${agreement})`;
  const cells = [passed ? 'pass' : 'FAIL', name.padEnd(46), expected.padEnd(34), printable(verdict)];
  const why = passed || detail === undefined ? '' : `      ${printable(detail)}\n`;
  return `${cells.join('  ')}${reason}\n${why}`;
}
