import type { MessagePortMain, UtilityProcess } from 'electron';
import { err, type Result } from '../contract/result.ts';
import { wipeSecrets } from '../contract/secret-bytes.ts';
import { fromCoreSchema, type KeychainRequest, type ToCore } from './core-messages.ts';

export interface CoreHostOptions {
  readonly profile: string;
  readonly nodeBinary?: string | undefined;
  readonly fork: () => UtilityProcess;
  /** The system's keychain, for the vault alone. */
  readonly keychain: (request: KeychainRequest) => Promise<Result<unknown>>;
  /** The core runs (again): pages must be given a new events port. */
  readonly onReady: () => void;
  /** The core cannot start, in a sentence for the person. */
  readonly onFailed: (message: string) => void;
}

export interface CoreHost {
  call(method: string, input: unknown): Promise<Result<unknown>>;
  /** Gives the core one end of a channel to a page. */
  connect(port: MessagePortMain): void;
  close(): Promise<void>;
}

const restartAfterMs = [250, 1000, 2000, 5000, 10_000] as const;
const closeWithinMs = 5000;

const gone = () =>
  err('unavailable', 'The core of Nacre stopped and is being started again.', {
    hint: 'The vault is locked now. Running jobs go on at their nodes; unlock to follow them.',
  });

/**
 * Keeps the core's process alive: what was asked of a process that died is answered `unavailable`, and a new one starts,
 * later each time it dies early. A new core starts with a locked vault.
 */
export function startCoreHost(options: CoreHostOptions): CoreHost {
  const waiting = new Map<number, (result: Result<unknown>) => void>();
  const queued: ToCore[] = [];
  let nextId = 0;
  let deaths = 0;
  let closing = false;
  let ready = false;
  let child: UtilityProcess | undefined;

  const post = (message: ToCore, ports: MessagePortMain[] = []) => {
    child?.postMessage(message, ports);
    // Posting copies at once: the secrets of a call are wiped here and stay with the core alone.
    if (message.kind === 'call') wipeSecrets(message.input);
  };
  const receive = (raw: unknown) => {
    const parsed = fromCoreSchema.safeParse(raw);
    if (!parsed.success) return;
    const message = parsed.data;
    if (message.kind === 'ready') {
      ready = true;
      deaths = 0;
      for (const call of queued.splice(0)) post(call);
      options.onReady();
    } else if (message.kind === 'failed') {
      closing = true;
      options.onFailed(message.message);
    } else if (message.kind === 'keychain') {
      void options.keychain(message).then((result) => post({ kind: 'keychain-answer', id: message.id, result }));
    } else {
      waiting.get(message.id)?.(message.result as Result<unknown>);
      waiting.delete(message.id);
    }
  };
  const start = () => {
    const started = options.fork();
    child = started;
    started.on('message', receive);
    started.on('exit', () => {
      ready = false;
      child = undefined;
      for (const call of queued.splice(0)) wipeSecrets(call);
      for (const answer of waiting.values()) answer(gone());
      waiting.clear();
      if (closing) return;
      setTimeout(start, restartAfterMs[Math.min(deaths, restartAfterMs.length - 1)]);
      deaths += 1;
    });
    const { profile, nodeBinary } = options;
    post({ kind: 'start', profile, ...(nodeBinary === undefined ? {} : { nodeBinary }) });
  };
  start();

  return {
    call(method, input) {
      if (child === undefined) {
        wipeSecrets(input);
        return Promise.resolve(gone());
      }
      const id = nextId++;
      const message: ToCore = { kind: 'call', id, method, input };
      if (ready) post(message);
      else queued.push(message);
      return new Promise((resolve) => {
        waiting.set(id, resolve);
      });
    },
    connect(port) {
      if (ready) post({ kind: 'events' }, [port]);
      else port.close();
    },
    async close() {
      closing = true;
      const running = child;
      if (running === undefined) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => running.kill(), closeWithinMs);
        running.on('exit', () => {
          clearTimeout(timer);
          resolve();
        });
        post({ kind: 'close' });
      });
    },
  };
}
