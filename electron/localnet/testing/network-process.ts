import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import {
  networkEventSchema,
  type NetworkCommand,
  type NetworkEvent,
  type NodeFault,
} from '../../contract/local-network.ts';
import { directorySchema, type Directory } from '../../contract/wire.ts';

const entry = fileURLToPath(new URL('../main.ts', import.meta.url));

/** The local network as a child process, as the core runs it. */
export class NetworkProcess {
  readonly child: ChildProcess;
  readonly events: NetworkEvent[] = [];
  readonly exited: Promise<number | null>;
  readonly #folder: string;
  #wake: (() => void) | undefined;

  constructor(folder: string, ...extra: string[]) {
    this.#folder = folder;
    this.child = spawn(process.execPath, [entry, '--directory', folder, ...extra], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.exited = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.stdin?.on('error', () => undefined);
    if (this.child.stdout !== null) {
      createInterface({ input: this.child.stdout }).on('line', (line) => {
        this.events.push(networkEventSchema.parse(JSON.parse(line)));
        this.#wake?.();
      });
    }
    void this.exited.then(() => this.#wake?.());
  }

  /** Waits for an event that fits. */
  async event(fits: (event: NetworkEvent) => boolean): Promise<NetworkEvent> {
    for (;;) {
      const found = this.events.find(fits);
      if (found !== undefined) return found;
      if (this.child.exitCode !== null || this.child.signalCode !== null) {
        throw new Error(`the local network ended: ${JSON.stringify(this.events.at(-1))}`);
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async directory(): Promise<Directory> {
    await this.event(({ event }) => event === 'ready');
    return directorySchema.parse(JSON.parse(readFileSync(join(this.#folder, 'directory.json'), 'utf8')));
  }

  send(command: NetworkCommand): void {
    this.child.stdin?.write(`${JSON.stringify(command)}\n`);
  }

  async setFault(node: string, fault: NodeFault): Promise<void> {
    this.events.length = 0;
    this.send({ command: 'set-fault', node, fault });
    await this.event((event) => event.event === 'fault-set' && event.node === node && event.fault === fault);
  }
}
