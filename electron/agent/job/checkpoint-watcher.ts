import { createReadStream } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactFile } from '../storage/artifact-store.ts';

const intervalMs = 500;

/**
 * Looks for files that appear in a command's CHECKPOINT_DIR. A file counts as written when two looks in a row find it
 * with the same size and time; a later change makes it a new checkpoint.
 */
export class CheckpointWatcher {
  readonly #folder: string;
  readonly #seal: (file: ArtifactFile) => Promise<void>;
  readonly #seen = new Map<string, string>();
  readonly #sealed = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(folder: string, seal: (file: ArtifactFile) => Promise<void>) {
    this.#folder = folder;
    this.#seal = seal;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#looking = this.#looking.then(() => this.#look(false));
    }, intervalMs);
  }

  /** A last look, when the command has ended and every file is whole. */
  async finish(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
    await this.#look(true);
  }

  async #look(last: boolean): Promise<void> {
    for (const name of (await readdir(this.#folder)).sort()) {
      const path = join(this.#folder, name);
      const found = await lstat(path).catch(() => undefined);
      if (found === undefined || !found.isFile()) continue;
      const state = `${found.size} ${found.mtimeMs}`;
      const steady = last || this.#seen.get(name) === state;
      this.#seen.set(name, state);
      if (!steady || this.#sealed.get(name) === state) continue;
      this.#sealed.set(name, state);
      const { size } = found;
      await this.#seal({
        name,
        size,
        // A program may still append: the tar holds the bytes that were there when the file was taken.
        read: () => firstBytes(path, size),
      });
    }
  }
}

async function* firstBytes(path: string, size: number): AsyncGenerator<Uint8Array> {
  if (size > 0) yield* createReadStream(path, { start: 0, end: size - 1 }) as AsyncIterable<Uint8Array>;
}
