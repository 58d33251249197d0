import { streams, type StreamName } from '../contract/methods.ts';
import type { Result } from '../contract/result.ts';
import type { Core, KeychainPort } from '../core/types.ts';
import { toCoreSchema, type FromCore, type PortEvent } from './core-messages.ts';
import { createKeychainClient } from './keychain-client.ts';

/** A MessagePort, Electron's kind or any other. */
export interface EventsPort {
  postMessage(message: unknown): void;
  on(event: 'close', listener: () => void): unknown;
  start(): void;
}

export interface CoreServerOptions {
  readonly createCore: (options: {
    profile: string;
    host: 'electron';
    keychain: KeychainPort;
  }) => Promise<Result<Core>>;
  readonly send: (message: FromCore) => void;
  /** The core is closed, the process may end. */
  readonly onClosed: () => void;
  /** A program that runs JavaScript, for agents of the local network; Electron's own binary is locked against it. */
  readonly useNode: (binary: string) => void;
}

/** Serves one core over messages: starts it, answers calls, pours events into every page's port. */
export function createCoreServer(
  options: CoreServerOptions,
): (message: unknown, ports: readonly EventsPort[]) => Promise<void> {
  let core: Core | undefined;
  const keychain = createKeychainClient(options.send);

  const start = async (profile: string) => {
    const made = await options.createCore({
      profile,
      host: 'electron',
      keychain: keychain.port,
    });
    if (!made.ok) {
      const { message, hint } = made.error;
      return options.send({ kind: 'failed', message: hint === undefined ? message : `${message} ${hint}` });
    }
    core = made.value;
    return options.send({ kind: 'ready' });
  };

  return async (raw, ports) => {
    const parsed = toCoreSchema.safeParse(raw);
    if (!parsed.success) return;
    const message = parsed.data;
    if (message.kind === 'start') {
      if (message.nodeBinary !== undefined) options.useNode(message.nodeBinary);
      await start(message.profile);
    } else if (message.kind === 'keychain-answer') {
      keychain.answer(message.id, message.result);
    } else if (message.kind === 'close') {
      await core?.close();
      options.onClosed();
    } else if (core === undefined) {
      // The shell sends nothing else before `ready`; a message that comes anyway has no core to go to.
      return;
    } else if (message.kind === 'call') {
      const result = await core.call(message.method, message.input, { client: 'electron' });
      options.send({ kind: 'answer', id: message.id, result });
    } else {
      const [port] = ports;
      if (port !== undefined) await pour(core, port);
    }
  };
}

/** Events of all streams into one port until its page goes; first the state, so that a page that comes late is right. */
async function pour(core: Core, port: EventsPort): Promise<void> {
  const send = (stream: StreamName, event: unknown) => port.postMessage({ stream, event } satisfies PortEvent);
  const names = Object.keys(streams) as StreamName[];
  const stops = names.map((stream) => core.subscribe(stream, (event) => send(stream, event)));
  port.on('close', () => {
    for (const stop of stops) stop();
  });
  port.start();
  const state = await core.call('app.state', {});
  if (state.ok) send('app.changed', state.value);
}
