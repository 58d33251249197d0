import { resolve } from 'node:path';
import { networkDangers, type NetworkView } from '../contract/networks.ts';
import { err, ok, type Result } from '../contract/result.ts';
import { exitCodes, parseOptions, printJson, profileOptions, reportError, type Command } from './command.ts';
import { formatTable, printable } from './format.ts';
import { withCore } from './session.ts';

const usage = `nacre network connect ray URL [--token-file FILE] [--agents FILE] [--accept DANGER]...
nacre network list
nacre network disconnect ID
  each with [--profile DIR] [--passphrase-fd N] [--json]

Networks beside the local one. A Ray cluster is added by the address of its dashboard and
the file with its token, which is kept in the vault. Ray does not part its nodes from
each other: keys and data go to verified agents only, never through Ray.

  --agents FILE               directory.json of the SIMULATED agents beside its nodes, as "ray:up"
                              prints it; they take the place of those of the local network
  --accept plain-http         the token goes unencrypted to another machine
  --accept no-authentication  an open Ray dashboard is remote code execution
`;

type Danger = (typeof networkDangers)[number];

export const networkCommand: Command = {
  name: 'network',
  summary: 'add, list and remove Ray clusters',
  usage,
  async run(args, io) {
    const own = {
      json: { type: 'boolean' },
      'token-file': { type: 'string' },
      agents: { type: 'string' },
      accept: { type: 'string', multiple: true },
    } as const;
    const names = ['ACTION', 'KIND or ID', 'URL'];
    const parsed = parseOptions('network', args, { ...profileOptions, ...own }, { names, minimum: 1 });
    if (!parsed.ok) return reportError(io, parsed.error);
    const { options, words } = parsed.value;
    const [action, second, url] = words;
    const accept = (options.accept ?? []).filter((name): name is Danger => networkDangers.some((own) => own === name));
    if (accept.length !== (options.accept ?? []).length) {
      return reportError(io, err('invalid_input', `--accept takes ${networkDangers.join(' or ')}.`).error);
    }
    if (action === 'connect' && second === 'ray' && url !== undefined) {
      const file = options['token-file'];
      const tokenPath = file === undefined ? {} : { tokenPath: resolve(io.cwd, file) };
      const agents = options.agents === undefined ? {} : { agents: resolve(io.cwd, options.agents) };
      return withCore(io, options, 'unlocked', async (core): Promise<Result<number>> => {
        const added = await core.invoke('networks.connect', { kind: 'ray', url, accept, ...tokenPath, ...agents });
        if (!added.ok) return added;
        if (options.json === true) printJson(io, added.value);
        else io.out(networkText(added.value));
        return ok(exitCodes.ok);
      });
    }
    if (action === 'list' && second === undefined) {
      return withCore(io, options, 'unlocked', async (core): Promise<Result<number>> => {
        const listed = await core.invoke('networks.list', {});
        if (!listed.ok) return listed;
        if (options.json === true) printJson(io, listed.value);
        else io.out(listed.value.length === 0 ? 'no network was added\n' : listed.value.map(networkText).join('\n'));
        return ok(exitCodes.ok);
      });
    }
    if (action === 'disconnect' && second !== undefined && url === undefined) {
      return withCore(io, options, 'unlocked', async (core): Promise<Result<number>> => {
        const removed = await core.invoke('networks.disconnect', { id: second });
        if (!removed.ok) return removed;
        if (!removed.value) return err('not_found', `There is no network ${JSON.stringify(second)}.`);
        if (options.json === true) printJson(io, { removed: second });
        return ok(exitCodes.ok);
      });
    }
    const hint = 'nacre network --help shows what it takes.';
    return reportError(
      io,
      err('invalid_input', 'network takes connect ray URL, list, or disconnect ID.', { hint }).error,
    );
  },
};

function networkText({ id, url, state, version, error, accepted, nodes }: NetworkView): string {
  const rows = nodes.map(({ id: node, head, state: alive, message, agent }) => [
    node.slice(0, 12),
    head ? 'head' : 'worker',
    alive,
    agent === undefined ? 'no known agent' : `${agent.node}: ${agent.trust}${agent.simulated ? ' (SIMULATED)' : ''}`,
    printable(message ?? ''),
  ]);
  const risks = accepted.length === 0 ? '' : `, accepted: ${accepted.join(', ')}`;
  const what = error === undefined ? `Ray ${printable(version ?? '')}` : printable(error.message);
  return `${id}  ${printable(url)}  ${state}  ${what}${risks}\n${rows.length === 0 ? '' : formatTable([['NODE', 'ROLE', 'STATE', 'AGENT', ''], ...rows])}`;
}
