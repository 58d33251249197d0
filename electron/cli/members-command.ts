import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { MembersView } from '../contract/approval.ts';
import type { MethodInput } from '../contract/methods.ts';
import { err, ok, type Result } from '../contract/result.ts';
import { exitCodes, parseOptions, printJson, profileOptions, reportError, type Command } from './command.ts';
import { formatTable, printable } from './format.ts';
import { withCore } from './session.ts';

const usage = `nacre members show
nacre members set RULE.json
nacre members export --out FILE [--qr]
  each with [--profile DIR] [--passphrase-fd N] [--json]

Who belongs to the organisation, and how many custodians must approve what. Without a
rule nothing needs approval. A custodian's profile takes the rule with
"nacre approve import FILE".

  show    the rule, and the key of this vault that goes into it
  set     the first rule, or a change of it. A change first asks the custodians of the
          present rule (exit code 1); give the same file again when they have answered
  export  the rule with its history, for other desks

RULE.json: {"organisation": "…",
  "members": [{"name": "…", "publicKey": "BASE64", "roles": ["custodian"]}, …],
  "actions": {"key-release": {"approvals": 2, "requesterCounts": false,
    "validSeconds": 86400}, "members-change": {…}}}
Roles: launcher, admin, custodian, auditor. Actions: key-release, policy-change,
override, export, members-change (always there).
`;

/** Bytes of a rule file at most. */
const ruleFileMaximum = 262_144;

export const membersCommand: Command = {
  name: 'members',
  summary: 'roles of people, and how many must approve',
  usage,
  async run(args, io) {
    const parsed = parseOptions(
      'members',
      args,
      { ...profileOptions, json: { type: 'boolean' }, out: { type: 'string' }, qr: { type: 'boolean' } },
      { names: ['ACTION', 'FILE'], minimum: 1 },
    );
    if (!parsed.ok) return reportError(io, parsed.error);
    const { options, words } = parsed.value;
    const [action, file] = words;
    if (action === 'export') {
      const { out } = options;
      if (out === undefined) return reportError(io, err('invalid_input', '--out FILE is missing.').error);
      return withCore(io, options, 'unlocked', async (core) => {
        const form = options.qr === true ? 'png' : 'file';
        const written = await core.invoke('approvals.export', { what: 'members', path: resolve(io.cwd, out), form });
        if (!written.ok) return written;
        if (options.json === true) printJson(io, written.value);
        else io.out(`${written.value.path}\n`);
        return ok(exitCodes.ok);
      });
    }
    if (action !== 'show' && action !== 'set') {
      const hint = 'It knows show, set and export.';
      return reportError(io, err('invalid_input', `members does not know ${JSON.stringify(action)}.`, { hint }).error);
    }
    if ((action === 'set') === (file === undefined)) {
      return reportError(io, err('invalid_input', 'members set takes RULE.json, members show takes nothing.').error);
    }
    const rule = file === undefined ? undefined : await readRule(resolve(io.cwd, file));
    if (rule?.ok === false) return reportError(io, rule.error);
    return withCore(io, options, 'unlocked', async (core) => {
      const view =
        rule === undefined ? await core.invoke('members.show', {}) : await core.invoke('members.set', rule.value);
      if (!view.ok) return view;
      if (options.json === true) printJson(io, view.value);
      else io.out(membersText(view.value));
      return ok(exitCodes.ok);
    });
  },
};

/** Errors: `not_found`, `invalid_input`; the core names a bad place in it. */
async function readRule(path: string): Promise<Result<MethodInput<'members.set'>>> {
  try {
    if ((await stat(path)).size > ruleFileMaximum) return err('invalid_input', `${path} is too large for a rule.`);
    return ok(JSON.parse(await readFile(path, 'utf8')) as MethodInput<'members.set'>);
  } catch (error) {
    return error instanceof SyntaxError
      ? err('invalid_input', `${path} is not JSON.`)
      : err('not_found', `${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`);
  }
}

function membersText({ rule, sha256, own, offline }: MembersView): string {
  const mine = `this vault: key ${own.publicKey}, ${own.roles.length === 0 ? 'no role' : own.roles.join(', ')}\n`;
  const head = offline ? `offline custody profile\n${mine}` : mine;
  if (rule === undefined || sha256 === undefined) return `${head}no rule: nothing needs approval\n`;
  const actions = Object.entries(rule.actions).map(([name, entry]) => [
    name,
    entry === undefined ? '' : `${entry.approvals} custodians`,
    entry === undefined ? '' : `${entry.validSeconds} s`,
  ]);
  return [
    head,
    `${printable(rule.organisation)}, version ${rule.version}, sha256:${sha256}\n`,
    formatTable(rule.members.map(({ name, roles, publicKey }) => [printable(name), roles.join(', '), publicKey])),
    formatTable(actions),
  ].join('');
}
