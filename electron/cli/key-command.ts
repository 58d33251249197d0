import { resolve } from 'node:path';
import {
  keyFormats,
  keyPurposes,
  keyTypes,
  type KeyEffects,
  type KeyFormat,
  type KeyPurpose,
  type KeyType,
  type KeyView,
} from '../contract/keys.ts';
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
import { askAgain, followTask, withCore, type SessionOptions } from './session.ts';

const usage = `nacre key list [--text TEXT] [--purpose PURPOSE] [--json]
nacre key create --purpose PURPOSE --label LABEL [--type TYPE] [--expires TIME]
nacre key label KEY --label LABEL [--expires TIME|never]
nacre key rotate --purpose PURPOSE [--type TYPE] [--to KEY] [--label LABEL]
nacre key rewrap
nacre key effects KEY
nacre key revoke KEY --reason TEXT [--even-if-needed]
nacre key import FILE --label LABEL [--purpose PURPOSE]
nacre key export [KEY] --out FILE [--format FORMAT] [--public]

  list     public keys of this vault, what they are for and how often they were used
  create   a further key; the first of its purpose is active, others stand by
  label    another name or expiry
  rotate   a new key (or --to KEY) becomes active and the old one is retired: datasets
           are rewrapped and manifests signed again, sealed bytes are not touched
  rewrap   goes on with a rewrap that was stopped
  effects  datasets, orders and policies that a revocation of KEY touches
  revoke   KEY does nothing any more; refused while datasets need it
  import   one private key: age identity, PKCS#8 PEM, JWK, OpenSSH, or hex (secp256k1)
  export   one key to a new file (mode 0600). Without KEY: all dataset identities as an
           age identity file. The private part is a secret: whoever has it reads the data.
           Every export is logged first.

PURPOSE is signing, dataset-recipient or wallet; TYPE is ed25519, age-x25519, age-hybrid
or secp256k1; FORMAT is age, pem, jwk, openssh or hex. TIME is UTC: 2027-01-31T00:00:00Z.
All take --profile DIR, --passphrase-fd N and --json. rotate, revoke, import and the
export of a private part ask for the passphrase again: a second line of the descriptor.
`;

const optionTypes = {
  ...profileOptions,
  json: { type: 'boolean' },
  text: { type: 'string' },
  purpose: { type: 'string' },
  type: { type: 'string' },
  label: { type: 'string' },
  expires: { type: 'string' },
  to: { type: 'string' },
  reason: { type: 'string' },
  'even-if-needed': { type: 'boolean' },
  out: { type: 'string' },
  format: { type: 'string' },
  public: { type: 'boolean' },
} as const;

interface KeyOptions extends SessionOptions {
  readonly json?: boolean | undefined;
  readonly text?: string | undefined;
  readonly purpose?: KeyPurpose | undefined;
  readonly type?: KeyType | undefined;
  readonly label?: string | undefined;
  readonly expires?: string | undefined;
  readonly to?: string | undefined;
  readonly reason?: string | undefined;
  readonly 'even-if-needed'?: boolean | undefined;
  readonly out?: string | undefined;
  readonly format?: KeyFormat | undefined;
  readonly public?: boolean | undefined;
}

interface Call {
  readonly io: CommandIo;
  readonly core: Core;
  readonly options: KeyOptions;
  readonly word: string | undefined;
}

type Action = (call: Call) => Promise<Result<number>>;

const actions: Readonly<Record<string, Action>> = {
  async list({ core, io, options }) {
    const { text, purpose } = options;
    return showKeys(io, options, await core.invoke('keys.list', { ...given({ text, purpose }) }));
  },
  async create({ core, io, options }) {
    const { purpose, label, type, expires } = options;
    if (purpose === undefined) return missing('--purpose PURPOSE');
    if (label === undefined) return missing('--label LABEL');
    const expiresAt = timeOf(expires);
    return showKey(io, options, await core.invoke('keys.create', { purpose, label, ...given({ type, expiresAt }) }));
  },
  async label({ core, io, options, word }) {
    if (word === undefined) return missing('KEY');
    const { label, expires } = options;
    if (label === undefined && expires === undefined) return missing('--label LABEL or --expires TIME');
    const expiresAt = expires === 'never' ? null : timeOf(expires);
    return showKey(io, options, await core.invoke('keys.change', { id: word, ...given({ label, expiresAt }) }));
  },
  async rotate({ core, io, options }) {
    const { purpose, type, to, label } = options;
    if (purpose === undefined) return missing('--purpose PURPOSE');
    const passphrase = await askAgain(io, options, 'to rotate a key');
    if (!passphrase.ok) return passphrase;
    const rotated = await core.invoke('keys.rotate', {
      passphrase: passphrase.value,
      purpose,
      ...given({ type, to, label }),
    });
    if (!rotated.ok) return rotated;
    const { key, task } = rotated.value;
    const done = task === undefined ? ok(undefined) : await followTask(core, io, task);
    return done.ok ? showKey(io, options, ok(key)) : done;
  },
  async rewrap({ core, io }) {
    const task = await core.invoke('keys.rewrap', {});
    if (!task.ok) return task;
    const done = await followTask(core, io, task.value);
    return done.ok ? ok(exitCodes.ok) : done;
  },
  async effects({ core, io, options, word }) {
    if (word === undefined) return missing('KEY');
    return showEffects(io, options, await core.invoke('keys.effects', { id: word }));
  },
  async revoke({ core, io, options, word }) {
    if (word === undefined) return missing('KEY');
    if (options.reason === undefined) return missing('--reason TEXT');
    const passphrase = await askAgain(io, options, 'to revoke a key');
    if (!passphrase.ok) return passphrase;
    const revoked = await core.invoke('keys.revoke', {
      passphrase: passphrase.value,
      id: word,
      reason: options.reason,
      evenIfNeeded: options['even-if-needed'] === true,
    });
    return showEffects(io, options, revoked);
  },
  async import({ core, io, options, word }) {
    if (word === undefined) return missing('FILE');
    if (options.label === undefined) return missing('--label LABEL');
    const passphrase = await askAgain(io, options, 'to import a key');
    if (!passphrase.ok) return passphrase;
    const imported = await core.invoke('keys.import', {
      passphrase: passphrase.value,
      path: resolve(io.cwd, word),
      label: options.label,
      ...given({ purpose: options.purpose }),
    });
    return showKey(io, options, imported);
  },
  async export({ core, io, options, word }) {
    if (options.out === undefined) return missing('--out FILE');
    const path = resolve(io.cwd, options.out);
    const written = await writeExport(io, core, options, word, path);
    if (!written.ok) return written;
    if (options.json === true) printJson(io, written.value);
    else io.out(`${written.value.path}\n`);
    return ok(exitCodes.ok);
  },
};

async function writeExport(io: CommandIo, core: Core, options: KeyOptions, id: string | undefined, path: string) {
  if (options.public === true) {
    if (id === undefined) return missing('KEY');
    return core.invoke('keys.export', { id, path, format: options.format ?? 'pem', part: 'public' });
  }
  const passphrase = await askAgain(io, options, 'to export a secret key');
  if (!passphrase.ok) return passphrase;
  if (id === undefined) return core.invoke('keys.exportIdentity', { passphrase: passphrase.value, path });
  const format = options.format ?? 'pem';
  return core.invoke('keys.export', { id, path, format, part: 'private', passphrase: passphrase.value });
}

export const keyCommand: Command = {
  name: 'key',
  summary: 'list, make, rotate, revoke, import and export keys',
  usage,
  async run(args, io) {
    const parsed = parseOptions('key', args, optionTypes, { names: ['ACTION', 'KEY'], minimum: 1 });
    if (!parsed.ok) return reportError(io, parsed.error);
    const { options, words } = parsed.value;
    const action = Object.hasOwn(actions, words[0] ?? '') ? actions[words[0] ?? ''] : undefined;
    if (action === undefined) {
      const hint = `It knows ${Object.keys(actions).join(', ')}.`;
      return reportError(io, err('invalid_input', `key does not know ${JSON.stringify(words[0])}.`, { hint }).error);
    }
    const purpose = oneOf('purpose', options.purpose, keyPurposes);
    if (!purpose.ok) return reportError(io, purpose.error);
    const type = oneOf('type', options.type, keyTypes);
    if (!type.ok) return reportError(io, type.error);
    const format = oneOf('format', options.format, keyFormats);
    if (!format.ok) return reportError(io, format.error);
    const checked = { ...options, purpose: purpose.value, type: type.value, format: format.value };
    return withCore(io, options, 'unlocked', (core) => action({ io, core, options: checked, word: words[1] }));
  },
};

/** The value of an option with a closed list. Errors: `invalid_input`, naming the option. */
function oneOf<T extends string>(name: string, text: string | undefined, known: readonly T[]): Result<T | undefined> {
  if (text === undefined) return ok(undefined);
  const found = known.find((value) => value === text);
  return found === undefined ? err('invalid_input', `--${name} is one of ${known.join(', ')}.`) : ok(found);
}

/** Only the members that were given: the contract's optional fields are absent, never undefined. */
function given<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function timeOf(text: string | undefined): string | undefined {
  const time = text === undefined ? Number.NaN : Date.parse(text);
  // What is no time goes on as it is: the core names it.
  return Number.isNaN(time) ? text : new Date(time).toISOString();
}

const missing = (what: string): Result<never> => err('invalid_input', `${what} is missing.`);

function showKeys(io: CommandIo, options: KeyOptions, keys: Result<KeyView[]>): Result<number> {
  if (!keys.ok) return keys;
  if (options.json === true) printJson(io, keys.value);
  else {
    const rows = keys.value.map((key) => [
      key.id,
      printable(key.label),
      key.type,
      key.purpose,
      key.state,
      `${key.uses} uses`,
      key.address ?? (key.publicKey.length > 80 ? `${key.publicKey.slice(0, 40)}…` : key.publicKey),
    ]);
    io.out(formatTable([['KEY', 'LABEL', 'TYPE', 'PURPOSE', 'STATE', 'USED', 'PUBLIC KEY'], ...rows]));
  }
  return ok(exitCodes.ok);
}

function showKey(io: CommandIo, options: KeyOptions, key: Result<KeyView>): Result<number> {
  if (!key.ok) return key;
  if (options.json !== true) return showKeys(io, options, ok([key.value]));
  printJson(io, key.value);
  return ok(exitCodes.ok);
}

function showEffects(io: CommandIo, options: KeyOptions, effects: Result<KeyEffects>): Result<number> {
  if (!effects.ok) return effects;
  if (options.json === true) {
    printJson(io, effects.value);
    return ok(exitCodes.ok);
  }
  const { key, datasets, orders, policies, notes } = effects.value;
  io.out(`${printable(key.label)} (${key.id}), ${key.purpose}, ${key.state}\n`);
  const section = (name: string, lines: readonly string[]) => {
    io.out(`${name}: ${lines.length === 0 ? 'none' : ''}\n${lines.map((line) => `  ${printable(line)}\n`).join('')}`);
  };
  section(
    'datasets',
    datasets.map(({ id, name }) => `${id} ${name}`),
  );
  section(
    'orders',
    orders.map(({ jobId, name, state }) => `${jobId} ${name} (${state})`),
  );
  section(
    'policies',
    policies.map(({ id, name }) => `${id} ${name}`),
  );
  for (const note of notes) io.out(`note: ${note}\n`);
  return ok(exitCodes.ok);
}
