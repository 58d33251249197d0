import { resolve } from 'node:path';
import { evidenceFamilies, type Check, type EvidenceFamily } from '../contract/evidence.ts';
import type {
  CertificateView,
  FileVerification,
  FileVerificationOptions,
  InspectedFile,
} from '../contract/evidence-files.ts';
import { err, ok, type Result } from '../contract/result.ts';
import { defaultProfile } from '../core/default-profile.ts';
import {
  collateralFromFile,
  collateralOfProfile,
  inspectEvidenceFile,
  readPolicyFile,
  testRootsOfFile,
  verifyEvidenceFiles,
} from '../core/evidence/offline-evidence.ts';
import {
  exitCodes,
  parseOptions,
  printJson,
  profileOptions,
  reportError,
  type Command,
  type CommandIo,
} from './command.ts';
import { printable } from './format.ts';
import { withCore } from './session.ts';

const usage = `nacre evidence verify FILE… [--family NAME] [--collateral FILE] [--policy FILE]
                      [--test-roots FILE] [--at TIME] [--nonce HEX] [--profile DIR] [--json]
nacre evidence inspect FILE [--json]
nacre evidence keep FILE… [--family NAME] [--policy-id ID] [--test-roots FILE] [--at TIME]
                    [--nonce HEX] [--profile DIR] [--passphrase-fd N] [--json]
nacre evidence kept [--profile DIR] [--passphrase-fd N] [--json]

  verify   judges evidence that lies in files: quotes, reports, attestation documents, tokens,
           event logs, with certificates, revocation lists, OCSP answers, manifests and
           collateral beside them. What a file is, is told from its content. Needs no vault and
           no network.
  inspect  shows every field of a file with its offset, length, value and meaning, and
           verifies nothing
  keep     verifies with the collateral and a policy of the profile, and keeps files and verdict
           there, with an entry in the log; kept lists what was kept

  --family NAME      say what the evidence is; one of
                     ${evidenceFamilies.slice(0, 6).join(', ')},
                     ${evidenceFamilies.slice(6).join(', ')}
  --collateral FILE  a collateral bundle, or Intel collateral as JSON; else what stands beside
                     the evidence, else what was imported into the profile
  --policy FILE      a policy (JSON); else a strict one without reference values
  --policy-id ID     a policy of the profile; else a strict one without reference values
  --test-roots FILE  root certificates of a test authority that you trust for this once. Vendors'
                     roots then do not count, and the verdict is SIMULATED whatever it says
  --at TIME          the time to judge at, 2026-06-29T02:06:37Z; else now
  --nonce HEX        what the evidence must answer; else freshness is not checked
  --profile DIR      whose imported collateral is used, where there is any
  --json             one JSON value

Exit code 0 when affirmed, 1 when refused, 2 for files that hold no evidence or wrong use.
No key is released on such a verdict: there was no challenge and no connection.
`;

export const evidenceCommand: Command = {
  name: 'evidence',
  summary: 'verify or take apart evidence that lies in files',
  usage,
  async run(args, io) {
    const [action, ...rest] = args;
    if (action === 'verify') return verify(rest, io);
    if (action === 'inspect') return inspect(rest, io);
    if (action === 'keep') return keep(rest, io);
    if (action === 'kept') return listKept(rest, io);
    const message = action === undefined ? 'ACTION is missing.' : `evidence does not know ${JSON.stringify(action)}.`;
    return reportError(io, err('invalid_input', message, { hint: 'It knows verify, inspect, keep and kept.' }).error);
  },
};

const manyFiles = Array.from({ length: 64 }, () => 'FILE');

async function verify(args: readonly string[], io: CommandIo): Promise<number> {
  const parsed = parseOptions(
    'evidence',
    args,
    {
      family: { type: 'string' },
      collateral: { type: 'string' },
      policy: { type: 'string' },
      'test-roots': { type: 'string' },
      at: { type: 'string' },
      nonce: { type: 'string' },
      profile: { type: 'string' },
      json: { type: 'boolean' },
    },
    { names: manyFiles, minimum: 1 },
  );
  if (!parsed.ok) return reportError(io, parsed.error);
  const { options, words } = parsed.value;
  const path = (name: string) => resolve(io.cwd, name);
  const told = parseTold(options);
  if (!told.ok) return reportError(io, told.error);
  const roots = options['test-roots'];
  const anchors = roots === undefined ? ok(undefined) : await testRootsOfFile(path(roots));
  if (!anchors.ok) return reportError(io, anchors.error);
  const policy = options.policy === undefined ? ok(undefined) : await readPolicyFile(path(options.policy));
  if (!policy.ok) return reportError(io, policy.error);
  const collateral =
    options.collateral === undefined
      ? importedCollateral(options.profile === undefined ? defaultProfile() : path(options.profile), io)
      : await collateralFromFile(path(options.collateral));
  if (!collateral.ok) return reportError(io, collateral.error);
  const verdict = await verifyEvidenceFiles(words.map(path), {
    ...told.value,
    ...(anchors.value === undefined ? {} : { anchors: anchors.value }),
    ...(policy.value === undefined ? {} : { policy: policy.value }),
    ...(collateral.value === undefined ? {} : { collateral: collateral.value }),
  });
  if (!verdict.ok) return reportError(io, verdict.error);
  if (options.json === true) printJson(io, verdict.value);
  else printVerdict(io, verdict.value);
  return verdict.value.verification.status === 'affirming' ? exitCodes.ok : exitCodes.refused;
}

const keepOptions = {
  ...profileOptions,
  family: { type: 'string' },
  'policy-id': { type: 'string' },
  'test-roots': { type: 'string' },
  at: { type: 'string' },
  nonce: { type: 'string' },
  json: { type: 'boolean' },
} as const;

async function keep(args: readonly string[], io: CommandIo): Promise<number> {
  const parsed = parseOptions('evidence', args, keepOptions, { names: manyFiles, minimum: 1 });
  if (!parsed.ok) return reportError(io, parsed.error);
  const { options, words } = parsed.value;
  const path = (name: string) => resolve(io.cwd, name);
  const told = parseTold(options);
  if (!told.ok) return reportError(io, told.error);
  const roots = options['test-roots'];
  return withCore(io, options, 'unlocked', async (core) => {
    const kept = await core.invoke('evidence.keepFiles', {
      paths: words.map(path),
      ...told.value,
      ...(options['policy-id'] === undefined ? {} : { policyId: options['policy-id'] }),
      ...(roots === undefined ? {} : { testRoots: path(roots) }),
    });
    if (!kept.ok) return kept;
    const { id, result } = kept.value;
    if (options.json === true) printJson(io, kept.value);
    else {
      printVerdict(io, result);
      io.out(`\nkept as ${id}\n`);
    }
    return ok(result.verification.status === 'affirming' ? exitCodes.ok : exitCodes.refused);
  });
}

async function listKept(args: readonly string[], io: CommandIo): Promise<number> {
  const parsed = parseOptions('evidence', args, { ...profileOptions, json: { type: 'boolean' } }, { names: [] });
  if (!parsed.ok) return reportError(io, parsed.error);
  const { options } = parsed.value;
  return withCore(io, options, 'unlocked', async (core) => {
    const kept = await core.invoke('evidence.listKept', {});
    if (!kept.ok) return kept;
    if (options.json === true) printJson(io, kept.value);
    else {
      for (const { id, keptAt, result } of kept.value) {
        const { status, simulated, node } = result.verification;
        io.out(`${id}  ${keptAt}  ${result.family}  ${simulated ? 'SIMULATED ' : ''}${status}  ${printable(node)}\n`);
      }
    }
    return ok(exitCodes.ok);
  });
}

/** What verify and keep are told in the same words. */
function parseTold(options: {
  readonly family?: string | undefined;
  readonly at?: string | undefined;
  readonly nonce?: string | undefined;
}): Result<FileVerificationOptions> {
  const family = parseFamily(options.family);
  if (!family.ok) return family;
  if (options.nonce !== undefined && !/^(?:[0-9a-fA-F]{2}){1,64}$/.test(options.nonce)) {
    return err('invalid_input', '--nonce takes 1 to 64 bytes in hex.');
  }
  return ok({
    ...(family.value === undefined ? {} : { family: family.value }),
    ...(options.at === undefined ? {} : { at: options.at }),
    ...(options.nonce === undefined ? {} : { nonce: options.nonce }),
  });
}

/** A profile that another Nacre holds open is no reason to fail: then only what stands beside the evidence counts. */
function importedCollateral(profile: string, io: CommandIo): ReturnType<typeof collateralOfProfile> {
  const found = collateralOfProfile(profile);
  if (found.ok || found.error.code !== 'in_use') return found;
  io.note(`${found.error.message} Its collateral is not used.\n`);
  return ok(undefined);
}

function parseFamily(text: string | undefined): Result<EvidenceFamily | undefined> {
  if (text === undefined) return ok(undefined);
  // The names that AMD and the test vectors use.
  const name = { 'sev-snp': 'snp', eventlog: 'dstack' }[text] ?? text;
  const family = evidenceFamilies.find((one) => one === name);
  if (family !== undefined) return ok(family);
  return err('invalid_input', `--family does not know ${JSON.stringify(text)}.`, {
    hint: `It knows ${evidenceFamilies.join(', ')}.`,
  });
}

async function inspect(args: readonly string[], io: CommandIo): Promise<number> {
  const parsed = parseOptions('evidence', args, { json: { type: 'boolean' } }, { names: ['FILE'] });
  if (!parsed.ok) return reportError(io, parsed.error);
  const { options, words } = parsed.value;
  const found = await inspectEvidenceFile(resolve(io.cwd, words[0] ?? ''));
  if (!found.ok) return reportError(io, found.error);
  if (options.json === true) printJson(io, found.value);
  else printFields(io, found.value);
  return exitCodes.ok;
}

const marks = { pass: '✓', fail: '✗', unknown: '?' } as const;

function printVerdict(io: CommandIo, result: FileVerification): void {
  const { verification, family, files, chains, collateral } = result;
  if (verification.simulated) io.out('SIMULATED: judged under roots of a test authority\n');
  const verdict =
    verification.status === 'affirming' ? 'AFFIRMED' : `REFUSED: ${verification.reason ?? verification.status}`;
  io.out(`${verdict}${verification.reasonDetail === undefined ? '' : `: ${printable(verification.reasonDetail)}`}\n`);
  io.out(
    `${family}, judged at ${verification.verifiedAt} under "${printable(verification.policyId)}", collateral from ${printable(collateral)}\n`,
  );
  for (const { name, kind, bytes, used } of files) {
    io.out(`  ${printable(name)}  ${kind}, ${bytes} bytes${used ? '' : ', not used'}\n`);
  }
  for (const { name, family: kind, status, checks, measurements } of verification.submodules) {
    io.out(`\n${printable(name)} (${kind}): ${status}\n`);
    for (const check of checks) printCheck(io, check);
    for (const [register, value] of Object.entries(measurements))
      io.out(`  = ${printable(register)}  ${printable(value)}\n`);
  }
  if (verification.binding.length > 0) {
    io.out('\ntogether\n');
    for (const check of verification.binding) printCheck(io, check);
  }
  if (result.differences !== undefined) io.out('\nwhy measurements differ\n');
  for (const { attester, sentence } of result.differences ?? [])
    io.out(`  ${printable(attester)}: ${printable(sentence)}\n`);
  for (const { name, certificates } of chains) printChain(io, name, certificates);
  const notChecked = [...verification.notChecked, ...verification.submodules.flatMap((one) => one.notChecked)];
  io.out('\nNot checked:\n');
  for (const sentence of new Set(notChecked)) io.out(`  - ${printable(sentence)}\n`);
}

function printCheck(io: CommandIo, { outcome, title, required, reason, detail, expected, found }: Check): void {
  const side = required ? '' : ' (not required)';
  io.out(`  ${marks[outcome]} ${printable(title)}${side}${outcome === 'pass' ? '' : `: ${reason ?? 'unknown'}`}\n`);
  if (outcome === 'pass') return;
  if (detail !== undefined) io.out(`      ${printable(detail)}\n`);
  if (expected !== undefined) io.out(`      expected ${printable(expected)}\n`);
  if (found !== undefined) io.out(`      found    ${printable(found)}\n`);
}

function printChain(io: CommandIo, name: string, certificates: readonly CertificateView[]): void {
  if (certificates.length === 0) return;
  io.out(`\ncertificates of ${printable(name)}\n`);
  for (const { subject, key, notBefore, notAfter, sha256, pinned } of certificates) {
    io.out(`  ${printable(subject)}\n`);
    io.out(`      ${key}, ${notBefore} to ${notAfter}, SHA-256 ${sha256}${pinned ? ', pinned root' : ''}\n`);
  }
}

function printFields(io: CommandIo, file: InspectedFile): void {
  io.out(`${printable(file.name)}: ${file.family ?? 'no family'}, ${file.bytes} bytes, SHA-256 ${file.sha256}\n`);
  for (const part of file.parts) {
    const wrapping = part.wrapping.length === 0 ? '' : ` (${part.wrapping.join(' in ')})`;
    io.out(`\n${printable(part.name)}: ${part.kind}${wrapping}, ${part.bytes} bytes\n`);
    const width = Math.min(40, Math.max(0, ...part.fields.map(({ name }) => name.length)));
    for (const { name, offset, length, value, meaning } of part.fields) {
      const place = offset === undefined ? '' : `${offset}+${length ?? 0}`;
      const shown = value.length > 192 ? `${value.slice(0, 192)}… (--json shows all)` : value;
      const words = meaning === undefined ? '' : `  # ${printable(meaning)}`;
      io.out(`  ${place.padStart(12)}  ${printable(name).padEnd(width)}  ${printable(shown)}${words}\n`);
    }
    if (part.problem !== undefined) {
      const place = part.problem.offset === undefined ? '' : ` (offset ${part.problem.offset})`;
      io.out(`  STOPPED: ${printable(part.problem.detail)}${place}\n`);
    }
    printChain(io, part.name, part.certificates);
  }
}
