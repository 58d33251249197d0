import { spawn, type ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { networkEventSchema, type NetworkCommand, type NodeFault } from '../../contract/local-network.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { directorySchema, type Directory } from '../../contract/wire.ts';

/** How the process of the local network is started; a packaged app gives its own. */
export type SpawnNode = (entry: string, args: readonly string[]) => ChildProcess;

export interface LocalNetworkOptions {
  /** Path of electron/localnet/main.ts, or of its bundle. */
  readonly entry: string;
  /** Folder in the profile for the simulated keys, the agents' disks and directory.json. */
  readonly folder: string;
  readonly spawnNode?: SpawnNode;
  /** Faults from the start, for tests and demonstrations. */
  readonly faults?: ReadonlyMap<string, NodeFault>;
  /** One line of trouble from the process, for the log. */
  readonly onLog: (line: string) => void;
  /** A node's agent ended, or the whole process did (`node` undefined). */
  readonly onEnded: (node: string | undefined) => void;
}

/** The SIMULATED network as a child process that ends with the core. */
export interface LocalNetwork {
  readonly directory: Directory;
  setFault(node: string, fault: NodeFault): Promise<Result<void>>;
  /** Ends all agents. Resolves when the process is gone. */
  stop(options?: { wipe: boolean }): Promise<void>;
}

const startMs = 60_000;
const stopMs = 8000;
const faultMs = 5000;

/**
 * Starts the network and reads its directory. Errors: `unavailable` (it ended or said why not), `timeout`, `cancelled`,
 * `damaged` (its directory cannot be read).
 */
export async function startLocalNetwork(
  options: LocalNetworkOptions,
  onProgress: (ready: number, total: number) => void,
  signal: AbortSignal,
): Promise<Result<LocalNetwork>> {
  const faults = [...(options.faults ?? [])].flatMap(([node, fault]) => ['--fault', `${node}=${fault}`]);
  const child = (options.spawnNode ?? spawnNode)(options.entry, ['--directory', options.folder, ...faults]);
  const process = follow(child, options);
  const started = Promise.withResolvers<Result<string>>();
  const timer = setTimeout(() => started.resolve(err('timeout', 'The local network did not start in time.')), startMs);
  const cancel = () => started.resolve(err('cancelled', 'Starting the local network was cancelled.'));
  signal.addEventListener('abort', cancel, { once: true });
  const unwatch = process.watch((event) => {
    if (event.event === 'progress') onProgress(event.ready, event.total);
    if (event.event === 'ready') started.resolve(ok(event.directory));
    if (event.event === 'error') started.resolve(err('unavailable', `The local network: ${event.message}`));
  });
  void process.ended.then((why) => started.resolve(err('unavailable', `The local network ended: ${why}.`)));
  const path = await started.promise;
  clearTimeout(timer);
  signal.removeEventListener('abort', cancel);
  unwatch();
  const directory = path.ok ? await readDirectory(path.value) : path;
  if (!directory.ok) {
    await process.stop(false);
    return directory;
  }
  process.announce = options.onEnded;
  return ok({
    directory: directory.value,
    stop: (how) => process.stop(how?.wipe ?? false),
    async setFault(node, fault) {
      const set = Promise.withResolvers<Result<void>>();
      const timer = setTimeout(() => set.resolve(err('timeout', 'The local network does not answer.')), faultMs);
      const unwatch = process.watch((event) => {
        if (event.event === 'fault-set' && event.node === node && event.fault === fault) set.resolve(ok(undefined));
        if (event.event === 'error') set.resolve(err('invalid_input', event.message));
      });
      process.send({ command: 'set-fault', node, fault });
      const answer = await set.promise;
      clearTimeout(timer);
      unwatch();
      return answer;
    },
  });
}

/** Reads what a local network published. Errors: `damaged`, `not_found`. */
export async function readDirectory(path: string): Promise<Result<Directory>> {
  try {
    const parsed = directorySchema.safeParse(JSON.parse(await readFile(path, 'utf8')));
    if (parsed.success) return ok(parsed.data);
    const issue = parsed.error.issues[0];
    return err(
      'damaged',
      `${path} is no directory: ${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? ''}.`,
    );
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'not JSON';
    return err(code === 'ENOENT' ? 'not_found' : 'damaged', `${path} cannot be read (${code}).`);
  }
}

type NetworkEvent = ReturnType<typeof networkEventSchema.parse>;

function follow(child: ChildProcess, options: LocalNetworkOptions) {
  const listeners = new Set<(event: NetworkEvent) => void>();
  const end = Promise.withResolvers<string>();
  let stopping = false;
  const state = {
    ended: end.promise,
    announce: undefined as ((node: string | undefined) => void) | undefined,
    watch(listener: (event: NetworkEvent) => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    send(command: NetworkCommand) {
      if (child.stdin?.writable === true) child.stdin.write(`${JSON.stringify(command)}\n`);
    },
    async stop(wipe: boolean) {
      stopping = true;
      state.send({ command: 'stop', wipe });
      child.stdin?.end();
      const timer = setTimeout(() => child.kill('SIGKILL'), stopMs);
      await end.promise;
      clearTimeout(timer);
    },
  };
  child.once('error', (error) => end.resolve(error.message));
  child.once('exit', (code, signal) => {
    end.resolve(signal === null ? `exit code ${code ?? 'unknown'}` : `signal ${signal}`);
    if (!stopping) state.announce?.(undefined);
  });
  // The pipe breaks when the process ends first; its end is reported by `exit`.
  child.stdin?.on('error', () => undefined);
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const event = networkEventSchema.safeParse(parse(line));
      if (!event.success) {
        options.onLog(line.slice(0, 500));
        return;
      }
      if (event.data.event === 'agent-ended') state.announce?.(event.data.node);
      for (const listener of listeners) listener(event.data);
    });
  }
  if (child.stderr !== null) {
    createInterface({ input: child.stderr }).on('line', (line) => options.onLog(line.slice(0, 500)));
  }
  return state;
}

/** The Node of the core, with its cache of compiled modules; inside Electron its binary acts as Node when told so. */
const spawnNode: SpawnNode = (entry, args) => {
  const { PATH = '', NODE_COMPILE_CACHE: cache } = process.env;
  const env: NodeJS.ProcessEnv = { PATH };
  if (cache !== undefined) env['NODE_COMPILE_CACHE'] = cache;
  if ('electron' in process.versions) env['ELECTRON_RUN_AS_NODE'] = '1';
  return spawn(process.execPath, [entry, ...args], { stdio: ['pipe', 'pipe', 'pipe'], env });
};

function parse(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}
