import { settingsSchema } from '../contract/methods.ts';
import { err, ok } from '../contract/result.ts';
import { exitCodes, parseOptions, printJson, profileOptions, reportError, type Command } from './command.ts';
import { withCore } from './session.ts';

const usage = `nacre settings [NAME=VALUE…] [--profile DIR] [--passphrase-fd N] [--json]

Shows the settings, after changing the named ones. Changing needs the passphrase.
Names: ${Object.keys(settingsSchema.shape).join(', ')}
`;

export const settingsCommand: Command = {
  name: 'settings',
  summary: 'show and change settings',
  usage,
  async run(args, io) {
    const names = args.filter((word) => !word.startsWith('-'));
    const parsed = parseOptions(
      'settings',
      args,
      { ...profileOptions, json: { type: 'boolean' } },
      { names: names.map(() => 'NAME=VALUE'), minimum: 0 },
    );
    if (!parsed.ok) return reportError(io, parsed.error);
    const { options, words } = parsed.value;
    const changes: Record<string, unknown> = {};
    for (const word of words) {
      const equals = word.indexOf('=');
      const name = word.slice(0, equals);
      if (equals < 1 || !Object.hasOwn(settingsSchema.shape, name)) {
        return reportError(
          io,
          err('invalid_input', `There is no setting in ${JSON.stringify(word)}.`, { hint: usage }).error,
        );
      }
      changes[name] = readValue(word.slice(equals + 1));
    }
    const input = settingsSchema.partial().safeParse(changes);
    if (!input.success) {
      const issue = input.error.issues[0];
      return reportError(io, err('invalid_input', `${issue?.path.join('.')}: ${issue?.message}.`).error);
    }
    const change = words.length > 0;
    return withCore(io, options, change ? 'unlocked' : 'any', async (core) => {
      const settings = change ? await core.invoke('settings.set', input.data) : await core.invoke('settings.get', {});
      if (!settings.ok) return settings;
      if (options.json === true) printJson(io, settings.value);
      else for (const [name, value] of Object.entries(settings.value)) io.out(`${name}=${String(value)}\n`);
      return ok(exitCodes.ok);
    });
  },
};

/** Numbers and booleans as such; the schema says whether they fit. */
function readValue(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^\d{1,9}$/.test(text) ? Number(text) : text;
}
