import { resolve } from 'node:path';
import { err, ok } from '../contract/result.ts';
import { exitCodes, parseOptions, printJson, profileOptions, reportError, type Command } from './command.ts';
import { formatTable } from './format.ts';
import { passphraseDescriptor, withCore } from './session.ts';

const usage = `nacre keys list [--profile DIR] [--passphrase-fd N] [--json]
nacre keys export --out FILE [--profile DIR] [--passphrase-fd N]

  list    public keys of this vault, what they are for and how often they were used
  export  writes the dataset identity as an age identity file (mode 0600), so that
          "age -d -i FILE" opens what was sealed to you. It is a secret: whoever has
          it reads the data. The export is logged.
`;

export const keysCommand: Command = {
  name: 'keys',
  summary: 'list keys, export the dataset identity',
  usage,
  async run(args, io) {
    const parsed = parseOptions(
      'keys',
      args,
      { ...profileOptions, json: { type: 'boolean' }, out: { type: 'string' } },
      { names: ['ACTION'] },
    );
    if (!parsed.ok) return reportError(io, parsed.error);
    const { options, words } = parsed.value;
    if (words[0] === 'list') {
      return withCore(io, options, 'unlocked', async (core) => {
        const keys = await core.invoke('keys.list', {});
        if (!keys.ok) return keys;
        if (options.json === true) printJson(io, keys.value);
        else {
          const rows = keys.value.map((key) => [key.label, key.type, key.purpose, `${key.uses} uses`, key.publicKey]);
          io.out(formatTable([['LABEL', 'TYPE', 'PURPOSE', 'USED', 'PUBLIC KEY'], ...rows]));
        }
        return ok(exitCodes.ok);
      });
    }
    if (words[0] === 'export') {
      const { out } = options;
      if (out === undefined) return reportError(io, err('invalid_input', '--out FILE is missing.').error);
      return withCore(io, options, 'unlocked', async (core) => {
        const descriptor = passphraseDescriptor(options);
        if (!descriptor.ok) return descriptor;
        const passphrase = await io.secret('Passphrase again, to export a secret key', descriptor.value);
        if (!passphrase.ok) return passphrase;
        const path = resolve(io.cwd, out);
        const written = await core.invoke('keys.exportIdentity', { passphrase: passphrase.value, path });
        if (!written.ok) return written;
        if (options.json === true) printJson(io, written.value);
        else io.out(`${written.value.path}\n`);
        return ok(exitCodes.ok);
      });
    }
    return reportError(
      io,
      err('invalid_input', `keys does not know ${JSON.stringify(words[0])}.`, { hint: 'It knows list and export.' })
        .error,
    );
  },
};
