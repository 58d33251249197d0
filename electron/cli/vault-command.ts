import { err, ok, type Result } from '../contract/result.ts';
import type { VaultState } from '../contract/views.ts';
import {
  parseOptions,
  printJson,
  profileOptions,
  reportError,
  exitCodes,
  type Command,
  type CommandIo,
} from './command.ts';
import { passphraseDescriptor, withCore, type SessionOptions } from './session.ts';

const usage = `nacre vault status|create|passphrase [--profile DIR] [--passphrase-fd N] [--json]

  status      says whether there is a vault and whether it can be opened
  create      makes a vault, an organisation signing key and a dataset recipient
  passphrase  changes the passphrase; keys and data stay as they are

The passphrase is asked for without echo, or read as lines from file descriptor N:
one line for create, the old and the new one for passphrase. It is never taken
from an argument or the environment.
`;

export const vaultCommand: Command = {
  name: 'vault',
  summary: 'create the vault, see its state, change its passphrase',
  usage,
  async run(args, io) {
    const parsed = parseOptions('vault', args, { ...profileOptions, json: { type: 'boolean' } }, { names: ['ACTION'] });
    if (!parsed.ok) return reportError(io, parsed.error);
    const { options, words } = parsed.value;
    switch (words[0]) {
      case 'status':
        return withCore(io, options, 'any', async (core) => show(io, options, await core.invoke('vault.state', {})));
      case 'create':
        return withCore(io, options, 'any', async (core) => {
          const passphrase = await newPassphrase(io, options);
          if (!passphrase.ok) return passphrase;
          return show(io, options, await core.invoke('vault.create', { passphrase: passphrase.value }));
        });
      case 'passphrase':
        return withCore(io, options, 'any', async (core) => {
          const descriptor = passphraseDescriptor(options);
          if (!descriptor.ok) return descriptor;
          const current = await io.secret('Current passphrase', descriptor.value);
          if (!current.ok) return current;
          const next = await newPassphrase(io, options);
          if (!next.ok) return next;
          return show(
            io,
            options,
            await core.invoke('vault.changePassphrase', { current: current.value, next: next.value }),
          );
        });
      default:
        return reportError(
          io,
          err('invalid_input', `vault does not know ${JSON.stringify(words[0])}.`, {
            hint: 'It knows status, create and passphrase.',
          }).error,
        );
    }
  },
};

function show(io: CommandIo, options: { json?: boolean | undefined }, state: Result<VaultState>): Result<number> {
  if (!state.ok) return state;
  if (options.json === true) printJson(io, state.value);
  else {
    const { kdf, path, state: word } = state.value;
    io.out(`vault ${word}: ${path}\n`);
    if (kdf !== undefined) io.out(`Argon2id, ${kdf.memoryMib} MiB, ${kdf.passes} passes\n`);
  }
  return ok(exitCodes.ok);
}

/** Asked twice at a terminal, where a slip of the finger cannot be seen; a descriptor gives it once. */
async function newPassphrase(io: CommandIo, options: SessionOptions): Promise<Result<string>> {
  const descriptor = passphraseDescriptor(options);
  if (!descriptor.ok) return descriptor;
  const first = await io.secret('New passphrase', descriptor.value);
  if (!first.ok || descriptor.value !== undefined) return first;
  const again = await io.secret('The same again', undefined);
  if (!again.ok) return again;
  return first.value === again.value ? first : err('invalid_input', 'The two passphrases are not the same.');
}
