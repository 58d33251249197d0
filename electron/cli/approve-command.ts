import { resolve } from 'node:path';
import type { ApprovalView } from '../contract/approval.ts';
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
import { formatTable, printable } from './format.ts';
import { withCore } from './session.ts';

const usage = `nacre approve list
nacre approve show REQUEST
nacre approve sign REQUEST
nacre approve refuse REQUEST [--why TEXT]
nacre approve withdraw REQUEST
nacre approve remove REQUEST
nacre approve request-override --evidence ID --reason TEXT [--hours N] [--job ID]
nacre approve export REQUEST --out FILE [--qr] [--answer]
nacre approve import FILE...
  each with [--profile DIR] [--passphrase-fd N] [--json]

Requests for the approval of custodians, and their answers. A request is made by what
needs it: launching a job, changing a policy, exporting a key or a model. REQUEST is
the beginning of its digest, six hex digits or more.

  show      everything that would be signed, in plain words
  sign      shows the same and approves it with this vault's key
  refuse    refuses it; one refusal ends a request
  withdraw  takes an own request back
  remove    takes a request of another desk out of this profile
  request-override
            asks custodians to let the node of refused evidence through, past exactly
            the checks that did not pass. A bad signature, a debug guest, a missing
            binding, other code or a revocation can never be overridden. Good for one
            release, for 24 hours unless --hours says otherwise, and only to a node
            that proves itself afresh with the same measurements
  export    writes the request for custodians; with --answer, this vault's answer to
            it. With --qr a PNG picture of QR codes (BC-UR) instead of a file
  import    takes in a request, an answer, or the members' rule, from one file or from
            PNG or JPEG pictures that together hold all of its codes

Exit code 1 when an answer may not be given or does not count.
`;

type Action = (core: Core, io: CommandIo, input: ActionInput) => Promise<Result<ApprovalView | object>>;
interface ActionInput {
  readonly words: readonly string[];
  readonly id: string;
  readonly out: string | undefined;
  readonly qr: boolean;
  readonly answer: boolean;
  readonly why: string | undefined;
}

const overrideHours = 24;

const actions: Readonly<Record<string, Action>> = {
  show: (core, _io, { id }) => core.invoke('approvals.get', { id }),
  sign: (core, io, input) => answer(core, io, input, 'approve'),
  refuse: (core, io, input) => answer(core, io, input, 'refuse'),
  withdraw: (core, _io, { id }) => core.invoke('approvals.withdraw', { id }),
  remove: (core, _io, { id }) => core.invoke('approvals.remove', { id }),
  async export(core, io, { id, out, qr, answer: own }) {
    if (out === undefined) return err('invalid_input', '--out FILE is missing.');
    return core.invoke('approvals.export', {
      id,
      what: own ? 'answer' : 'request',
      path: resolve(io.cwd, out),
      form: qr ? 'png' : 'file',
    });
  },
  import: (core, io, { words }) =>
    core.invoke('approvals.import', { paths: words.map((word) => resolve(io.cwd, word)) }),
};

export const approveCommand: Command = {
  name: 'approve',
  summary: 'requests to custodians: list, show, sign, refuse, carry',
  usage,
  async run(args, io) {
    const parsed = parseOptions(
      'approve',
      args,
      {
        ...profileOptions,
        json: { type: 'boolean' },
        out: { type: 'string' },
        qr: { type: 'boolean' },
        answer: { type: 'boolean' },
        why: { type: 'string' },
        evidence: { type: 'string' },
        reason: { type: 'string' },
        hours: { type: 'string' },
        job: { type: 'string' },
      },
      { names: ['ACTION', ...Array.from({ length: 64 }, () => 'REQUEST')], minimum: 1 },
    );
    if (!parsed.ok) return reportError(io, parsed.error);
    const { options } = parsed.value;
    const [word = '', ...words] = parsed.value.words;
    if (word === 'list') return withCore(io, options, 'unlocked', (core) => list(core, io, options.json === true));
    if (word === 'request-override') {
      const { evidence, reason, hours, job } = options;
      if (evidence === undefined || reason === undefined || words.length > 0) {
        return reportError(io, err('invalid_input', 'request-override takes --evidence ID and --reason TEXT.').error);
      }
      return withCore(io, options, 'unlocked', async (core) => {
        const asked = await core.invoke('approvals.requestOverride', {
          evidenceId: evidence,
          justification: reason,
          hours: hours === undefined ? overrideHours : Number(hours),
          ...(job === undefined ? {} : { jobId: job }),
        });
        if (!asked.ok) return asked;
        if (options.json === true) printJson(io, asked.value);
        else io.out(requestText(asked.value));
        return ok(exitCodes.ok);
      });
    }
    const action = Object.hasOwn(actions, word) ? actions[word] : undefined;
    if (action === undefined) {
      const hint = `It knows list, request-override, ${Object.keys(actions).join(', ')}.`;
      return reportError(io, err('invalid_input', `approve does not know ${JSON.stringify(word)}.`, { hint }).error);
    }
    const [id] = words;
    if (id === undefined || (word !== 'import' && words.length > 1)) {
      const what = word === 'import' ? 'at least one FILE' : 'exactly one REQUEST';
      return reportError(io, err('invalid_input', `approve ${word} takes ${what}.`).error);
    }
    const { out, why } = options;
    const input = { words, id, out, why, qr: options.qr === true, answer: options.answer === true };
    return withCore(io, options, 'unlocked', async (core) => {
      const done = await action(core, io, input);
      if (!done.ok) return done;
      if (options.json === true) printJson(io, done.value);
      else io.out('sections' in done.value ? requestText(done.value) : outcomeText(done.value));
      return ok(exitCodes.ok);
    });
  },
};

async function list(core: Core, io: CommandIo, json: boolean): Promise<Result<number>> {
  const requests = await core.invoke('approvals.list', {});
  if (!requests.ok) return requests;
  if (json) printJson(io, requests.value);
  else {
    const rows = requests.value.map(({ id, state, approvals, expiresAt, title }) => [
      id.slice(0, 12),
      state,
      `${approvals.have} of ${approvals.need}`,
      expiresAt,
      printable(title),
    ]);
    io.out(formatTable([['REQUEST', 'STATE', 'APPROVED', 'EXPIRES', 'WHAT'], ...rows]));
  }
  return ok(exitCodes.ok);
}

/** Signs what was printed: the digest of that very request, not whatever its beginning names a moment later. */
async function answer(
  core: Core,
  io: CommandIo,
  { id, why }: ActionInput,
  decision: 'approve' | 'refuse',
): Promise<Result<ApprovalView>> {
  const shown = await core.invoke('approvals.get', { id });
  if (!shown.ok) return shown;
  io.note(requestText(shown.value));
  return core.invoke('approvals.answer', {
    id: shown.value.id,
    decision,
    ...(why === undefined ? {} : { reason: why }),
  });
}

function outcomeText(value: object): string {
  return Object.entries(value)
    .map(([name, text]) => `${name} ${String(text)}\n`)
    .join('');
}

/** A request with everything in it. */
function requestText(view: ApprovalView): string {
  const lines = [
    `${view.title}${view.simulated ? '  (SIMULATED hardware)' : ''}`,
    `request ${view.id}`,
    `${view.state}, ${view.approvals.have} of ${view.approvals.need} approvals, until ${view.expiresAt}`,
    ...view.warnings.map((warning) => `WARNING: ${warning}`),
  ];
  for (const section of view.sections) {
    lines.push('', section.title);
    for (const { label, value } of section.lines) lines.push(`  ${label}: ${value}`);
  }
  if (view.answers.length > 0) lines.push('', 'Answers');
  for (const { name, decision, at, counts, why, reason } of view.answers) {
    lines.push(
      `  ${name}: ${decision} at ${at}${counts ? '' : `, does not count (${why ?? ''})`}${reason ? `: ${reason}` : ''}`,
    );
  }
  return `${lines.map(printable).join('\n')}\n`;
}
