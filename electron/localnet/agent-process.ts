import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { agentEventSchema, type AgentCommand, type AgentConfig, type NodeFault } from '../contract/local-network.ts';
import { readJsonLines } from './lines.ts';

/** How long an agent may take to start, and to end by itself: milliseconds. */
const startMs = 60_000;
const endMs = 10_000;

/** In the sources the agent's module is TypeScript; beside a bundled local network it is bundled too. */
const agentEntry = new URL(import.meta.url.endsWith('.ts') ? '../agent/main.ts' : '../agent/main.js', import.meta.url);

/** One agent as a child process; see electron/agent/main.ts for the lines between them. */
export class AgentProcess {
  readonly node: string;
  readonly #child: ChildProcess;
  readonly #ready = Promise.withResolvers<string>();
  readonly #faultWaiters: (() => void)[] = [];
  /** The exit code, null after a signal. */
  readonly ended: Promise<number | null>;

  /** @param log takes what the agent writes to stderr and lines that are no events. */
  constructor(config: AgentConfig, log: (line: string) => void) {
    this.node = config.node;
    this.#child = spawn(process.execPath, [fileURLToPath(agentEntry)], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: agentEnvironment(),
      windowsHide: true,
    });
    this.ended = new Promise((resolve) => {
      this.#child.once('exit', (code) => resolve(code));
      this.#child.once('error', () => resolve(null));
    });
    // An agent that ends while it is written to shows that by `ended`.
    this.#child.stdin?.on('error', () => undefined);
    this.#read(log);
    this.#send(config);
  }

  /** The agent's address, when it listens. Rejects when it ends before, or takes too long. */
  async ready(): Promise<string> {
    const timer = setTimeout(
      () => this.#ready.reject(new Error(`agent ${this.node} did not start in ${startMs / 1000} s`)),
      startMs,
    );
    try {
      return await this.#ready.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Changes how the agent misbehaves; resolves when it does. */
  async setFault(fault: NodeFault): Promise<void> {
    const done = new Promise<void>((resolve) => this.#faultWaiters.push(resolve));
    this.#send({ command: 'set-fault', fault });
    await Promise.race([done, this.ended]);
  }

  /** Closes the agent's stdin, at which it wipes its plaintext and ends; kills it when it does not. */
  async stop(): Promise<void> {
    this.#child.stdin?.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), endMs);
    await this.ended;
    clearTimeout(timer);
  }

  #send(value: AgentConfig | AgentCommand): void {
    this.#child.stdin?.write(`${JSON.stringify(value)}\n`);
  }

  #read(log: (line: string) => void): void {
    const { stdout, stderr } = this.#child;
    if (stdout === null || stderr === null) return;
    const take = (value: unknown): void => {
      const event = agentEventSchema.safeParse(value);
      if (!event.success) log(`${this.node}: a line that is no event`);
      else if (event.data.event === 'ready') this.#ready.resolve(event.data.url);
      else if (event.data.event === 'fault-set') this.#faultWaiters.shift()?.();
      else log(`${this.node}: ${event.data.message}`);
    };
    const other = (line: string): void => log(`${this.node}: ${line}`);
    const reading = [
      readJsonLines(stdout, take, other),
      readJsonLines(stderr, (value) => other(JSON.stringify(value)), other),
    ];
    Promise.all([...reading, this.ended]).then(
      () => this.#ready.reject(new Error(`agent ${this.node} ended before it was ready`)),
      (error: unknown) => this.#ready.reject(error),
    );
    // A rejection that nobody waits for is not unhandled: `ended` tells the same.
    this.#ready.promise.catch(() => undefined);
  }
}

/**
 * What Node and the programs of command jobs need to start; nothing else of the desk's environment. Node's own cache of
 * compiled modules halves what the start of six agents from the sources costs.
 */
function agentEnvironment(): NodeJS.ProcessEnv {
  const node = ['ELECTRON_RUN_AS_NODE', 'NODE_COMPILE_CACHE'];
  const kept = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'TEMP', 'TMP', 'SYSTEMROOT', ...node];
  return Object.fromEntries(
    kept.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}
