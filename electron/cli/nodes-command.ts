import { ok, type Result } from '../contract/result.ts';
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
import { followTask, withCore } from './session.ts';

const usage = `nacre nodes [--node NAME] [--profile DIR] [--passphrase-fd N] [--json]

Starts the local network (SIMULATED hardware), asks every node for fresh evidence,
verifies it here, and lists verdicts with their reasons. No key is released.

  --node NAME   one node only
  --json        an array of nodes

Exit code 0 when at least one listed node verified, 1 when none did.
`;

export const nodesCommand: Command = {
  name: 'nodes',
  summary: 'verify the nodes of the local network and list them',
  usage,
  async run(args, io) {
    const parsed = parseOptions(
      'nodes',
      args,
      { ...profileOptions, json: { type: 'boolean' }, node: { type: 'string' } },
      { names: [] },
    );
    if (!parsed.ok) return reportError(io, parsed.error);
    const { options } = parsed.value;
    return withCore(io, options, 'unlocked', async (core) => {
      const started = await startNetwork(core, io);
      if (!started.ok) return started;
      const task = await core.invoke('nodes.verify', options.node === undefined ? {} : { node: options.node });
      if (!task.ok) return task;
      const verified = await followTask(core, io, task.value);
      if (!verified.ok) return verified;
      const listed = await core.invoke('nodes.list', {});
      if (!listed.ok) return listed;
      const nodes = listed.value.filter(({ name }) => options.node === undefined || name === options.node);
      if (options.json === true) printJson(io, nodes);
      else {
        const rows = nodes.map((node) => [
          node.name,
          `${node.gpuCount} x ${node.gpuModel}`,
          node.city,
          `$${node.usdPerHour.toFixed(2)}/h`,
          node.trust,
          node.reason ?? '',
          printable(node.reasonDetail ?? ''),
        ]);
        io.out(formatTable([['NODE', 'GPU', 'CITY', 'PRICE', 'TRUST', 'REASON', ''], ...rows]));
        if (nodes.some(({ simulated }) => simulated))
          io.out('SIMULATED: the hardware of the local network is software.\n');
      }
      return ok(nodes.some(({ trust }) => trust === 'verified') ? exitCodes.ok : exitCodes.refused);
    });
  },
};

/** Starts the local network unless it runs already. */
export async function startNetwork(core: Core, io: CommandIo): Promise<Result<null>> {
  const state = await core.invoke('network.state', {});
  if (!state.ok) return state;
  if (state.value.state === 'running') return ok(null);
  const task = await core.invoke('network.start', {});
  if (!task.ok) return task;
  const done = await followTask(core, io, task.value);
  return done.ok ? ok(null) : done;
}
