import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NodeFault } from '../../contract/local-network.ts';
import type { RunView, TaskView } from '../../contract/views.ts';
import type { Result } from '../../contract/result.ts';
import type { AgentClient } from '../../networks/agent-client/agent-client.ts';
import { startLocalNetwork, type LocalNetwork } from '../../networks/local/local-network.ts';
import type { CoreOptions } from '../core-options.ts';
import { createCore } from '../create-core.ts';
import type { Core } from '../types.ts';
import { testKdf } from './test-kdf.ts';

const passphrase = 'correct horse battery staple';

/** A passphrase as the core takes it: bytes for one call, which wipes them. That of the test vaults when none is named. */
export const secret = (text = passphrase): Uint8Array => new TextEncoder().encode(text);

/** A real local network of child processes that several cores may use, one after the other. */
export interface TestNetwork {
  readonly directory: string;
  setFault(node: string, fault: NodeFault): Promise<void>;
  /** Ends all agents and starts them anew on the same hardware and disks, with other ports and TLS keys. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export async function startTestNetwork(): Promise<TestNetwork> {
  const folder = await mkdtemp(join(tmpdir(), 'nacre-network-'));
  const start = async (): Promise<LocalNetwork> =>
    value(
      await startLocalNetwork(
        {
          entry: fileURLToPath(new URL('../../localnet/main.ts', import.meta.url)),
          folder,
          onLog: () => undefined,
          onEnded: () => undefined,
        },
        () => undefined,
        new AbortController().signal,
      ),
    );
  let network = await start();
  return {
    directory: join(folder, 'directory.json'),
    setFault: async (node, fault) => value(await network.setFault(node, fault)),
    async restart() {
      await network.stop();
      network = await start();
    },
    async stop() {
      await network.stop({ wipe: true });
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** One call to a node: what the desk really sent. */
export interface Sent {
  readonly node: string;
  readonly call: keyof AgentClient;
}

export interface TestCore {
  readonly core: Core;
  readonly profile: string;
  /** Calls to all nodes, in order. */
  readonly sent: Sent[];
  /** Trouble that went to the log; a test that expects none looks here. */
  readonly troubles: unknown[];
  /** Closes the core and deletes its profile. */
  end(): Promise<void>;
}

export async function openTestCore(options: Partial<CoreOptions> = {}): Promise<TestCore> {
  const profile = options.profile ?? (await mkdtemp(join(tmpdir(), 'nacre-core-')));
  const sent: Sent[] = [];
  const troubles: unknown[] = [];
  const core = value(
    await createCore({
      host: 'test',
      kdf: testKdf,
      kdfFloor: testKdf,
      wrapClient: (client) => recording(client, sent),
      onTrouble: (what, problem) => troubles.push({ what, problem }),
      ...options,
      profile,
    }),
  );
  return {
    core,
    profile,
    sent,
    troubles,
    async end() {
      await core.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}

/** A core with a vault and the nodes of a network, nothing verified yet. */
export async function openReadyCore(
  network: Pick<TestNetwork, 'directory'>,
  options: Partial<CoreOptions> = {},
): Promise<TestCore> {
  const test = await openTestCore({ externalNetwork: network.directory, ...options });
  value(await test.core.invoke('vault.create', { passphrase: secret() }));
  await waitFor(async () => value(await test.core.invoke('network.state', {})).state === 'running');
  return test;
}

function recording(client: AgentClient, sent: Sent[]): AgentClient {
  return new Proxy(client, {
    get(target, property, receiver) {
      const member: unknown = Reflect.get(target, property, receiver);
      if (typeof member !== 'function' || property === 'metrics' || property === 'observedKey') return member;
      return (...input: unknown[]) => {
        sent.push({ node: target.node, call: property as keyof AgentClient });
        return (member as (...input: unknown[]) => unknown)(...input);
      };
    },
  });
}

/** The value of a result; a test that meets an error fails with its sentence. */
export function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
}

export async function waitFor(condition: () => Promise<boolean>, timeoutMs = 20_000): Promise<void> {
  const until = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > until) throw new Error('waited in vain');
    await new Promise((wake) => setTimeout(wake, 50));
  }
}

export async function taskEnd(core: Core, task: TaskView, timeoutMs?: number): Promise<TaskView> {
  let view = task;
  await waitFor(async () => {
    view = value(await core.invoke('tasks.list', {})).find(({ id }) => id === task.id) ?? view;
    return view.state !== 'running';
  }, timeoutMs);
  return view;
}

export async function runEnd(core: Core, runId: string, timeoutMs = 30_000): Promise<RunView> {
  let view = value(await core.invoke('runs.get', { id: runId }));
  await waitFor(async () => {
    view = value(await core.invoke('runs.get', { id: runId }));
    return view.state === 'succeeded' || view.state === 'failed' || view.state === 'stopped';
  }, timeoutMs);
  return view;
}
