import { err, ok } from '../contract/result.ts';
import { exitCodes, parseOptions, printJson, profileOptions, reportError, type Command } from './command.ts';
import { withCore } from './session.ts';

const usage = `nacre custody init --profile DIR [--json]
nacre custody show [--profile DIR] [--json]

An offline custody profile is for a machine without a network: it holds a custodian's
key, reads requests, shows what they would do, and signs answers. It never opens a
socket, and cannot be made an ordinary profile again.

  init  makes a new, empty profile one; then "nacre vault create --profile DIR"
  show  whether a profile is one
`;

export const custodyCommand: Command = {
  name: 'custody',
  summary: 'offline profiles for custodians',
  usage,
  async run(args, io) {
    const parsed = parseOptions(
      'custody',
      args,
      { ...profileOptions, json: { type: 'boolean' } },
      { names: ['ACTION'] },
    );
    if (!parsed.ok) return reportError(io, parsed.error);
    const { options, words } = parsed.value;
    const [action] = words;
    if (action !== 'init' && action !== 'show') {
      const hint = 'It knows init and show.';
      return reportError(io, err('invalid_input', `custody does not know ${JSON.stringify(action)}.`, { hint }).error);
    }
    // Not by accident of what happens to be the default folder.
    if (action === 'init' && options.profile === undefined) {
      return reportError(io, err('invalid_input', 'custody init takes --profile DIR, an empty folder.').error);
    }
    return withCore(io, options, 'any', async (core) => {
      const state = await core.invoke(action === 'init' ? 'custody.makeOffline' : 'custody.state', {});
      if (!state.ok) return state;
      const { offline } = state.value;
      if (options.json === true) printJson(io, { offline });
      else io.out(offline ? 'offline custody profile\n' : 'ordinary profile\n');
      return ok(exitCodes.ok);
    });
  },
};
