import { resolve } from 'node:path';
import type { CollateralBundleView, CollateralImport, CollateralView } from '../contract/collateral.ts';
import { err, ok, type Result } from '../contract/result.ts';
import { inspectCollateralBundle } from '../core/evidence/offline-evidence.ts';
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
import { formatSeconds, formatTable, printable } from './format.ts';
import { withCore } from './session.ts';

const usage = `nacre collateral import FILE… [--signer KEYID] [--source URL] [PROFILE OPTIONS] [--json]
nacre collateral export FILE [--note TEXT] [PROFILE OPTIONS] [--json]
nacre collateral list [PROFILE OPTIONS] [--json]
nacre collateral inspect FILE [--json]

What hardware vendors publish and sign: TCB info, QE identities, revocation lists, reference
manifests, OCSP answers, and the key sets of NVIDIA's attestation service. Nothing is fetched:
files come in, and go out as one signed bundle for other desks, also for offline ones.

  import   takes a bundle of this desk, or of the one whose key id you give with --signer; or
           vendors' own files with the certificates that sign them. An item that is older than
           one seen before, or not signed by its vendor, is refused by name (exit code 1).
  export   writes all that is kept as one bundle, signed by this desk
  list     what is kept, with its age, and whether it is still valid
  inspect  looks into a bundle: whose it is, and what is in it; needs no vault

  --signer KEYID   64 hex digits that the owner of the bundle read out to you
  --source URL     where vendors' files were fetched; needed for key sets
  --note TEXT      a line for whoever gets the bundle
  PROFILE OPTIONS  [--profile DIR] [--passphrase-fd N]
`;

const optionTypes = {
  ...profileOptions,
  json: { type: 'boolean' },
  signer: { type: 'string' },
  source: { type: 'string' },
  note: { type: 'string' },
} as const;

export const collateralCommand: Command = {
  name: 'collateral',
  summary: 'import, export and list what hardware vendors publish',
  usage,
  async run(args, io) {
    const [action, ...rest] = args;
    if (action === undefined || !['import', 'export', 'list', 'inspect'].includes(action)) {
      const message =
        action === undefined ? 'ACTION is missing.' : `collateral does not know ${JSON.stringify(action)}.`;
      return reportError(
        io,
        err('invalid_input', message, { hint: 'It knows import, export, list and inspect.' }).error,
      );
    }
    const names = action === 'import' ? Array.from({ length: 64 }, () => 'FILE') : action === 'list' ? [] : ['FILE'];
    const parsed = parseOptions('collateral', rest, optionTypes, { names, minimum: Math.min(1, names.length) });
    if (!parsed.ok) return reportError(io, parsed.error);
    const { options, words } = parsed.value;
    const paths = words.map((word) => resolve(io.cwd, word));
    const asJson = options.json === true;
    if (action === 'inspect') return inspect(paths[0] ?? '', asJson, io);
    return withCore(io, options, 'unlocked', async (core): Promise<Result<number>> => {
      if (action === 'import') {
        const { signer, source } = options;
        const extra = { ...(signer === undefined ? {} : { signer }), ...(source === undefined ? {} : { source }) };
        return importFiles(core, { paths, ...extra }, asJson, io);
      }
      if (action === 'export') return exportBundle(core, paths[0] ?? '', options.note, asJson, io);
      const listed = await core.invoke('collateral.list', {});
      if (!listed.ok) return listed;
      if (asJson) printJson(io, listed.value);
      else io.out(table(listed.value));
      return ok(exitCodes.ok);
    });
  },
};

async function importFiles(
  core: Core,
  request: { paths: string[]; signer?: string; source?: string },
  asJson: boolean,
  io: CommandIo,
): Promise<Result<number>> {
  const done = await core.invoke('collateral.import', request);
  if (!done.ok) return done;
  if (asJson) printJson(io, done.value);
  else printImport(io, done.value);
  return ok(done.value.items.some(({ outcome }) => outcome === 'refused') ? exitCodes.refused : exitCodes.ok);
}

function printImport(io: CommandIo, { items, signer }: CollateralImport): void {
  if (signer !== undefined) io.out(`bundle of ${signer}\n`);
  for (const { item, outcome, reason, detail } of items) {
    io.out(
      `${outcome.padEnd(8)}  ${item.kind} ${printable(item.id)}${outcome === 'refused' ? '' : `, ${words(item)}`}\n`,
    );
    if (reason !== undefined) io.out(`          ${reason}: ${printable(detail ?? '')}\n`);
  }
}

async function exportBundle(
  core: Core,
  path: string,
  note: string | undefined,
  asJson: boolean,
  io: CommandIo,
): Promise<Result<number>> {
  const written = await core.invoke('collateral.export', { path, ...(note === undefined ? {} : { note }) });
  if (!written.ok) return written;
  if (asJson) printJson(io, written.value);
  else
    io.out(
      `${written.value.path}: ${written.value.items} items, ${written.value.bytes} bytes, SHA-256 ${written.value.sha256}\n`,
    );
  return ok(exitCodes.ok);
}

async function inspect(path: string, asJson: boolean, io: CommandIo): Promise<number> {
  const found = await inspectCollateralBundle(path);
  if (!found.ok) return reportError(io, found.error);
  if (asJson) printJson(io, found.value);
  else printBundle(io, found.value);
  return found.value.signed && found.value.items.every(({ genuine }) => genuine) ? exitCodes.ok : exitCodes.refused;
}

function printBundle(io: CommandIo, { signer, signed, createdAt, note, items }: CollateralBundleView): void {
  if (!signed) {
    io.out(`NOT SIGNED by ${signer}, whom it names: it was changed.\n`);
    return;
  }
  io.out(`signed by ${signer}, ${createdAt}${note === '' ? '' : `: ${printable(note)}`}\n`);
  io.out('Whether to trust that desk is yours to say: compare the key id with what its owner tells you.\n\n');
  io.out(table(items));
  for (const { kind, id, problem } of items)
    if (problem !== undefined) io.out(`NOT GENUINE: ${kind} ${printable(id)}: ${printable(problem)}\n`);
}

function table(items: readonly CollateralView[]): string {
  if (items.length === 0) return 'no collateral\n';
  const rows = items.map((item) => [
    item.kind,
    printable(item.id),
    item.number ?? '',
    item.state.toUpperCase(),
    item.validUntil ?? 'no end stated',
    formatSeconds(Math.max(0, item.ageSeconds)),
    printable(item.source),
  ]);
  return formatTable([['KIND', 'OF', 'NUMBER', 'STATE', 'VALID UNTIL', 'AGE', 'SOURCE'], ...rows]);
}

function words({ state, validUntil }: CollateralView): string {
  return validUntil === undefined ? state : `${state}, until ${validUntil}`;
}
