import { resolve } from 'node:path';
import type { PolicyCheck, PolicyView, Reappraisal } from '../contract/policy-document.ts';
import { err, ok, type Result } from '../contract/result.ts';
import {
  checkPolicyText,
  policyTemplateList,
  policyTemplateText,
  readPolicyFile,
} from '../core/policies/offline-policy.ts';
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

const usage = `nacre policy list|templates [--json]
nacre policy show|history ID [--json]
nacre policy check FILE [--against ID] [--json]
nacre policy template ID
nacre policy save FILE [--basis N] [--note TEXT] [--json]
nacre policy retire ID [--note TEXT] [--json]
nacre policy export ID --out FILE [--json]
nacre policy import FILE [--author BASE64] [--json]
nacre policy try FILE --evidence ID [--at then|now] [--json]
            all but check and template: [--profile DIR] [--passphrase-fd N]

  check     reads a policy and says what it demands, what it does not check, and every
            problem with its line and column. Needs no vault, unless with --against
  template  prints a policy for real hardware to start from
  save      signs and logs a new version; --basis is the version the change was made on
            (the newest when left out; 0 for a new policy)
  export    every signed version, for another desk
  import    versions of this organisation as they are; of another one only with its key
  try       judges archived evidence by the policy in FILE and shows which checks change.
            Nothing is stored or released

Exit code 0 when done, 1 when a policy has errors or the evidence does not pass, 2 for wrong use.
`;

type Options = {
  readonly json?: boolean | undefined;
  readonly against?: string | undefined;
  readonly basis?: string | undefined;
  readonly note?: string | undefined;
  readonly out?: string | undefined;
  readonly author?: string | undefined;
  readonly evidence?: string | undefined;
  readonly at?: string | undefined;
  readonly profile?: string | undefined;
  readonly 'passphrase-fd'?: string | undefined;
};
type Action = (word: string, options: Options, io: CommandIo) => Promise<number>;

const actions: Readonly<Record<string, { readonly takes?: string; readonly run: Action }>> = {
  list: { run: (_, options, io) => list(options, io) },
  templates: { run: async (_, options, io) => templates(options, io) },
  template: { takes: 'ID', run: async (word, _, io) => template(word, io) },
  show: { takes: 'ID', run: show },
  history: { takes: 'ID', run: history },
  check: { takes: 'FILE', run: check },
  save: { takes: 'FILE', run: save },
  retire: { takes: 'ID', run: retire },
  export: { takes: 'ID', run: exportFile },
  import: { takes: 'FILE', run: importFile },
  try: { takes: 'FILE', run: tryPolicy },
};

export const policyCommand: Command = {
  name: 'policy',
  summary: 'write, sign, compare and try policies',
  usage,
  async run(args, io) {
    const text = { type: 'string' } as const;
    const parsed = parseOptions(
      'policy',
      args,
      {
        ...profileOptions,
        json: { type: 'boolean' },
        against: text,
        basis: text,
        note: text,
        out: text,
        author: text,
        evidence: text,
        at: text,
      },
      { names: ['ACTION', 'ID or FILE'], minimum: 1 },
    );
    if (!parsed.ok) return reportError(io, parsed.error);
    const [name = '', word] = parsed.value.words;
    const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
    if (action === undefined) {
      return fail(io, `policy does not know ${JSON.stringify(name)}.`, `It knows ${Object.keys(actions).join(', ')}.`);
    }
    if (action.takes !== undefined && word === undefined) return fail(io, `${action.takes} is missing.`);
    if (action.takes === undefined && word !== undefined)
      return fail(io, `policy ${name} does not take ${JSON.stringify(word)}.`);
    return action.run(word ?? '', parsed.value.options, io);
  },
};

function fail(io: CommandIo, message: string, hint = 'nacre policy --help shows what it takes.'): number {
  return reportError(io, err('invalid_input', message, { hint }).error);
}

function list(options: Options, io: CommandIo): Promise<number> {
  return withCore(io, options, 'unlocked', async (core) => {
    const policies = await core.invoke('policies.list', {});
    if (!policies.ok) return policies;
    if (options.json === true) printJson(io, policies.value);
    else {
      const rows = policies.value.map((view) => [
        view.policy.id,
        view.builtin ? 'built in' : `v${view.number}`,
        view.retired ? 'retired' : 'in use',
        view.at ?? '',
        view.digest.slice(0, 16),
        printable(view.policy.name),
      ]);
      io.out(formatTable([['ID', 'VERSION', 'STATE', 'SIGNED', 'DIGEST', 'NAME'], ...rows]));
    }
    return ok(exitCodes.ok);
  });
}

function templates(options: Options, io: CommandIo): number {
  const all = policyTemplateList();
  if (options.json === true) printJson(io, all);
  for (const one of options.json === true ? [] : all) {
    io.out(
      `${one.policy.id}: ${one.name}\n  ${one.about}\n${one.missing.map((line) => `  bring: ${line}\n`).join('')}`,
    );
  }
  return exitCodes.ok;
}

function template(id: string, io: CommandIo): number {
  const found = policyTemplateText(id);
  if (found === undefined) {
    const known = policyTemplateList().map(({ policy }) => policy.id);
    return fail(io, `There is no template ${JSON.stringify(id)}.`, `There are ${known.join(', ')}.`);
  }
  io.out(found.text);
  for (const line of found.missing) io.note(`bring: ${line}\n`);
  return exitCodes.ok;
}

function show(id: string, options: Options, io: CommandIo): Promise<number> {
  return withCore(io, options, 'unlocked', async (core) => {
    const policies = await core.invoke('policies.list', {});
    if (!policies.ok) return policies;
    const view = policies.value.find(({ policy }) => policy.id === id);
    if (view === undefined) return err('not_found', `There is no policy ${JSON.stringify(id)}.`);
    if (options.json === true) printJson(io, view);
    else printView(io, view);
    return ok(exitCodes.ok);
  });
}

function history(id: string, options: Options, io: CommandIo): Promise<number> {
  return withCore(io, options, 'unlocked', async (core) => {
    const versions = await core.invoke('policies.history', { id });
    if (!versions.ok) return versions;
    if (options.json === true) printJson(io, versions.value);
    for (const version of options.json === true ? [] : versions.value) {
      const state = version.retired ? ', retired' : '';
      io.out(`v${version.number}${state}, ${version.at}, policy ${version.digest.slice(0, 16)}\n`);
      io.out(`  signed by ${version.author}\n`);
      if (version.note !== '') io.out(`  ${printable(version.note)}\n`);
      printChanges(io, version.changes);
    }
    return ok(exitCodes.ok);
  });
}

async function check(word: string, options: Options, io: CommandIo): Promise<number> {
  const text = await readPolicyFile(resolve(io.cwd, word));
  if (!text.ok) return reportError(io, text.error);
  const { against } = options;
  if (against === undefined) return printCheck(io, checkPolicyText(text.value), word, options);
  return withCore(io, options, 'unlocked', async (core) => {
    const checked = await core.invoke('policies.check', { text: text.value, against });
    return checked.ok ? ok(printCheck(io, checked.value, word, options)) : checked;
  });
}

function printCheck(io: CommandIo, found: PolicyCheck, word: string, { json, against }: Options): number {
  if (json === true) printJson(io, found);
  else {
    for (const { severity, place, message, line, column } of found.problems) {
      const where = line === undefined ? word : `${word}:${line}:${column ?? 1}`;
      io.out(`${where}: ${severity}: ${place === '' ? '' : `${place}: `}${printable(message)}\n`);
    }
    if (found.summary !== undefined) printSummary(io, found.summary);
    if (against !== undefined && found.policy !== undefined) {
      io.out(`\nAgainst ${against}:\n`);
      printChanges(io, found.changes);
      if (found.changes.length === 0) io.out('  nothing changes\n');
    }
  }
  return found.policy === undefined ? exitCodes.refused : exitCodes.ok;
}

async function save(word: string, options: Options, io: CommandIo): Promise<number> {
  const text = await readPolicyFile(resolve(io.cwd, word));
  if (!text.ok) return reportError(io, text.error);
  const basis = options.basis === undefined ? undefined : Number(options.basis);
  if (basis !== undefined && !/^\d{1,4}$/.test(options.basis ?? '')) return fail(io, '--basis takes a whole number.');
  return withCore(io, options, 'unlocked', async (core) => {
    const id = checkPolicyText(text.value).policy?.id;
    const policies = await core.invoke('policies.list', {});
    if (!policies.ok) return policies;
    const newest = policies.value.find(({ policy }) => policy.id === id)?.number ?? 0;
    const note = options.note === undefined ? {} : { note: options.note };
    return shown(
      io,
      options,
      await core.invoke('policies.save', { text: text.value, basis: basis ?? newest, ...note }),
    );
  });
}

function retire(id: string, options: Options, io: CommandIo): Promise<number> {
  return withCore(io, options, 'unlocked', async (core) => {
    const policies = await core.invoke('policies.list', {});
    if (!policies.ok) return policies;
    const basis = policies.value.find(({ policy }) => policy.id === id)?.number ?? 0;
    const note = options.note === undefined ? {} : { note: options.note };
    return shown(io, options, await core.invoke('policies.retire', { id, basis, ...note }));
  });
}

async function exportFile(id: string, options: Options, io: CommandIo): Promise<number> {
  const { out } = options;
  if (out === undefined) return fail(io, '--out FILE is missing.');
  return withCore(io, options, 'unlocked', async (core) => {
    const written = await core.invoke('policies.export', { id, path: resolve(io.cwd, out) });
    if (!written.ok) return written;
    const { downloadId: _downloadId, ...file } = written.value;
    if (options.json === true) printJson(io, file);
    else io.out(`${file.path}\nsha256 ${file.sha256}\n`);
    return ok(exitCodes.ok);
  });
}

function importFile(word: string, options: Options, io: CommandIo): Promise<number> {
  return withCore(io, options, 'unlocked', async (core) => {
    const author = options.author === undefined ? {} : { author: options.author };
    return shown(io, options, await core.invoke('policies.import', { path: resolve(io.cwd, word), ...author }));
  });
}

async function tryPolicy(word: string, options: Options, io: CommandIo): Promise<number> {
  const { evidence, at = 'then' } = options;
  if (evidence === undefined) return fail(io, '--evidence ID is missing.');
  if (at !== 'then' && at !== 'now') return fail(io, '--at takes "then" or "now".');
  const text = await readPolicyFile(resolve(io.cwd, word));
  if (!text.ok) return reportError(io, text.error);
  return withCore(io, options, 'unlocked', async (core) => {
    const tried = await core.invoke('evidence.reappraise', { id: evidence, text: text.value, at });
    if (!tried.ok) return tried;
    if (options.json === true) printJson(io, tried.value);
    else printReappraisal(io, tried.value);
    return ok(tried.value.after.status === 'affirming' ? exitCodes.ok : exitCodes.refused);
  });
}

function shown(io: CommandIo, options: Options, result: Result<PolicyView>): Result<number> {
  if (!result.ok) return result;
  if (options.json === true) printJson(io, result.value);
  else printView(io, result.value);
  return ok(exitCodes.ok);
}

function printView(io: CommandIo, view: PolicyView): void {
  const state = view.builtin ? 'built in' : `v${view.number}${view.retired ? ', retired' : ''}`;
  io.out(`${view.policy.id}, ${printable(view.policy.name)}, ${state}\npolicy sha256 ${view.digest}\n`);
  printSummary(io, view.summary);
  for (const { place, message } of view.problems) io.out(`caution: ${place}: ${printable(message)}\n`);
}

function printSummary(io: CommandIo, { demands, notChecked }: PolicyView['summary']): void {
  io.out('\nDemands:\n');
  for (const line of demands) io.out(`  - ${printable(line)}\n`);
  io.out('\nNot checked:\n');
  for (const line of notChecked) io.out(`  - ${printable(line)}\n`);
  if (notChecked.length === 0) io.out('  nothing that a policy can ask for\n');
}

function printChanges(io: CommandIo, changes: PolicyCheck['changes']): void {
  for (const { effect, title, before, after } of changes) {
    io.out(`  ${effect.padEnd(9)}  ${title}: ${printable(before)} -> ${printable(after)}\n`);
  }
}

function printReappraisal(io: CommandIo, found: Reappraisal): void {
  const { before, after } = found;
  if (found.simulated) io.out('SIMULATED hardware\n');
  io.out(`${found.node}, evidence ${found.evidenceId}, judged as of ${found.at}\n`);
  io.out(`before: ${before.status} under ${before.policyId}\nafter:  ${after.status} under ${after.policyId}\n`);
  if (after.reasonDetail !== undefined) io.out(`        ${printable(after.reasonDetail)}\n`);
  io.out(`\n${found.changes.length} checks change, ${found.unchanged} do not:\n`);
  for (const row of found.changes) {
    io.out(`  ${`${row.before} -> ${row.after}`.padEnd(18)}  ${row.part}  ${printable(row.title)}\n`);
  }
  for (const { attester, sentence, found: value } of found.differences) {
    io.out(`\n${attester}: ${printable(sentence)}\n`);
    if (value !== undefined) io.out(`  found ${printable(value)}\n`);
  }
  io.out('\nNothing was stored or released.\n');
}
