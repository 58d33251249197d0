import { resolve } from 'node:path';
import type { FailedAttempt } from '../contract/attempts.ts';
import { err } from '../contract/result.ts';
import type { PackVerdict } from '../contract/views.ts';
import { verifyPackFile } from '../core/offline.ts';
import { exitCodes, parseOptions, printJson, reportError, type Command, type CommandIo } from './command.ts';
import { printable } from './format.ts';

const usage = `nacre verify PACK [--organisation-key BASE64] [--json]

Checks an auditor pack: order, dataset root, policy, evidence (verified again), attestation
results, key releases, telemetry chains, receipt, model digest and log proofs; of attempts
that a node ended, their failure receipts: class, steps lost, time and cost are computed
again. A pack of a run that did not succeed says so in its second line. Needs no vault and no
network, and writes nothing.

  --organisation-key BASE64  the Ed25519 key you expect the pack to be signed by; without it
                             the verdict says whose key the pack claims
  --json                     the whole verdict as one JSON value

Exit code 0 when every required check passed, 1 when one did not (named on the first line),
2 or 3 when the file cannot be read. A pack of a simulated network says SIMULATED: it is whole
and consistent, and proves nothing about hardware.
`;

export const verifyCommand: Command = {
  name: 'verify',
  summary: 'check an auditor pack, with no vault and no network',
  usage,
  async run(args, io) {
    const parsed = parseOptions(
      'verify',
      args,
      { json: { type: 'boolean' }, 'organisation-key': { type: 'string' } },
      { names: ['PACK'] },
    );
    if (!parsed.ok) return reportError(io, parsed.error);
    const { options, words } = parsed.value;
    const key = options['organisation-key'];
    const expected = key === undefined ? undefined : Buffer.from(key, 'base64');
    if (expected !== undefined && (expected.length !== 32 || expected.toString('base64') !== key)) {
      return reportError(
        io,
        err('invalid_input', '--organisation-key takes 32 bytes in base64, as "nacre key list" shows them.').error,
      );
    }
    const verdict = await verifyPackFile(
      resolve(io.cwd, words[0] ?? ''),
      expected === undefined ? {} : { expectedOrganisationKey: new Uint8Array(expected) },
    );
    if (!verdict.ok) return reportError(io, verdict.error);
    if (options.json === true) printJson(io, verdict.value);
    else printVerdict(io, verdict.value);
    return verdict.value.status === 'contraindicated' ? exitCodes.refused : exitCodes.ok;
  },
};

function printVerdict(io: CommandIo, verdict: PackVerdict): void {
  const broken = verdict.checks.filter(({ required, outcome }) => required && outcome !== 'pass');
  const first = broken[0];
  const { summary } = verdict;
  if (first !== undefined) io.out(`REFUSED: ${printable(first.detail ?? first.title)}\n`);
  else if (verdict.simulated) io.out('WHOLE AND CONSISTENT, on SIMULATED hardware\n');
  else if (summary !== undefined && summary.outcome !== 'succeeded') io.out('WHOLE AND CONSISTENT\n');
  else io.out('AFFIRMED\n');
  if (summary !== undefined && summary.outcome !== 'succeeded') {
    io.out(`THE RUN DID NOT SUCCEED (${summary.outcome}): no model, no receipt\n`);
  }
  if (summary !== undefined) {
    io.out(`run ${printable(summary.run)}, job ${summary.jobId}\n`);
    io.out(`dataset root ${summary.datasetRoot}\n`);
    if (summary.modelSha256 !== undefined) io.out(`model sha256 ${summary.modelSha256}\n`);
    const accuracy =
      summary.heldOutAccuracy === undefined ? '' : `, held-out accuracy ${summary.heldOutAccuracy.toFixed(4)}`;
    io.out(`${summary.frames} telemetry frames${accuracy}\n`);
    for (const attempt of summary.attempts ?? []) io.out(`${printable(attemptLine(attempt))}\n`);
  }
  io.out('\n');
  for (const check of verdict.checks) {
    io.out(`${check.outcome.padEnd(7)}  ${printable(check.title)}\n`);
    if (check.outcome !== 'pass' && check.detail !== undefined) io.out(`         ${printable(check.detail)}\n`);
  }
  io.out('\nNot checked:\n');
  for (const item of verdict.notChecked) io.out(`  - ${printable(item)}\n`);
}

function attemptLine({ number, node, failureClass, lastStep, lostSteps, seconds, costUsd }: FailedAttempt): string {
  return `attempt ${number} on ${node} failed (${failureClass}) at step ${lastStep}: ${lostSteps} steps lost, ${seconds.toFixed(0)} s, $${costUsd.toFixed(4)}`;
}
