import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { networkCommandSchema, nodeFaultSchema, type NetworkEvent, type NodeFault } from '../contract/local-network.ts';
import { readJsonLines } from './lines.ts';
import { LocalNetwork } from './network.ts';
import { nodeDefinitions } from './nodes.ts';

/**
 * The local network: six agents with SIMULATED hardware, and the directory of them.
 *
 *   node electron/localnet/main.ts --directory FOLDER [--fault NODE=FAULT]…
 *
 * stdout, one JSON object a line (networkEventSchema, contract/local-network.ts):
 *   {"event":"progress","ready":2,"total":7}         while it starts
 *   {"event":"ready","directory":"…/directory.json"} all agents listen and the file is whole
 *   {"event":"fault-set","node":"…","fault":"…"}     answer to set-fault
 *   {"event":"agent-ended","node":"…","code":1}      an agent ended by itself
 *   {"event":"error","message":"…"}                  a command that could not be done, or the reason of exit code 1
 *
 * stdin, one JSON object a line (networkCommandSchema):
 *   {"command":"set-fault","node":"…","fault":"relay"}   see nodeFaultSchema; "none" ends it
 *   {"command":"stop","wipe":false}                      ends; wipe also removes stored data and the SIMULATED keys
 *
 * When stdin ends, or on SIGTERM, it stops. When it is killed, its agents see the end of their stdin and stop.
 */
const say = (event: NetworkEvent): void => void process.stdout.write(`${JSON.stringify(event)}\n`);
const log = (line: string): void => void process.stderr.write(`${line}\n`);

function readArguments(): { folder: string; faults: Map<string, NodeFault> } | string {
  try {
    const { values } = parseArgs({
      options: { directory: { type: 'string' }, fault: { type: 'string', multiple: true } },
    });
    if (values.directory === undefined) return 'Name the folder of the network: --directory FOLDER.';
    const faults = new Map<string, NodeFault>();
    for (const text of values.fault ?? []) {
      const [node = '', name] = text.split('=');
      const fault = nodeFaultSchema.safeParse(name);
      if (!nodeDefinitions.some((definition) => definition.name === node)) return `--fault: there is no node ${node}.`;
      if (!fault.success) return `--fault: one of ${nodeFaultSchema.options.join(', ')} is expected after ${node}=.`;
      faults.set(node, fault.data);
    }
    return { folder: resolve(values.directory), faults };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function run(): Promise<void> {
  const input = readArguments();
  if (typeof input === 'string') {
    say({ event: 'error', message: input });
    process.exit(2);
  }
  const network = new LocalNetwork({ ...input, memoryFolder: '/dev/shm', say, log });
  let ending: Promise<void> | undefined;
  const end = (code: number, wipe = false): void => {
    ending ??= network.stop(wipe).finally(() => process.exit(code));
  };
  process.on('SIGTERM', () => end(0));
  process.on('SIGINT', () => end(0));
  process.stdout.on('error', () => end(1));
  const reading = readJsonLines(
    process.stdin,
    (value) => {
      const command = networkCommandSchema.safeParse(value);
      if (!command.success) say({ event: 'error', message: 'A line on stdin is no command.' });
      else if (command.data.command === 'stop') end(0, command.data.wipe);
      else void setFault(network, command.data.node, command.data.fault);
    },
    () => say({ event: 'error', message: 'A line on stdin is not JSON.' }),
  ).then(() => end(0));
  try {
    await network.start();
  } catch (error) {
    say({ event: 'error', message: error instanceof Error ? error.message : String(error) });
    end(1);
  }
  await reading;
}

async function setFault(network: LocalNetwork, node: string, fault: NodeFault): Promise<void> {
  if (await network.setFault(node, fault)) say({ event: 'fault-set', node, fault });
  else say({ event: 'error', message: `There is no node ${JSON.stringify(node)}.` });
}

await run();
