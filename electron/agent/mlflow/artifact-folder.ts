import { createReadStream, createWriteStream } from 'node:fs';
import { lstat, mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { err, ok, type Result } from '../../contract/result.ts';

/** A file or folder as MLflow lists it. */
export interface ListedArtifact {
  /** Below the listed folder. */
  readonly path: string;
  readonly is_dir: boolean;
  readonly file_size?: number;
}

/** Largest artifact, and all of them together: they lie in memory. Bytes. */
const artifactMaximum = 2 * 1024 ** 3;
const pathCharacters = 512;

/** Artifacts of a job below one folder of its memory-backed output: they are sealed with the model. */
export interface ArtifactFolder {
  /** Errors: `invalid_input`, `disk_full`, `unavailable` when it cannot be written. */
  write(path: string, body: Readable): Promise<Result<void>>;
  /** Errors: `invalid_input`, `not_found`. */
  read(path: string): Promise<Result<{ readonly size: number; readonly stream: Readable }>>;
  /** Names in a folder in order; none when there is no such folder. Errors: `invalid_input`. */
  list(path: string): Promise<Result<readonly ListedArtifact[]>>;
}

export function createArtifactFolder(folder: string): ArtifactFolder {
  let written = 0;
  const place = (path: string): Result<string> => {
    const full = resolve(folder, path);
    const inside = full === folder || full.startsWith(folder + sep);
    if (path.length > pathCharacters || path.includes('\0') || path.split(/[/\\]/).includes('..') || !inside) {
      return err('invalid_input', 'An artifact path must stay inside of its run.');
    }
    return ok(full);
  };
  return {
    async write(path, body) {
      const full = place(path);
      if (!full.ok) return full;
      if (full.value === folder) return err('invalid_input', 'An artifact needs a name.');
      let tooMuch = false;
      try {
        await mkdir(dirname(full.value), { recursive: true, mode: 0o700 });
        await pipeline(
          body,
          async function* (pieces: AsyncIterable<Buffer>) {
            for await (const piece of pieces) {
              written += piece.length;
              tooMuch = written > artifactMaximum;
              if (tooMuch) throw new RangeError('beyond the limit');
              yield piece;
            }
          },
          createWriteStream(full.value, { mode: 0o600 }),
        );
        return ok(undefined);
      } catch (error) {
        await rm(full.value, { force: true });
        if (tooMuch) return err('disk_full', `The artifacts of this job are larger than ${artifactMaximum} bytes.`);
        const code = (error as NodeJS.ErrnoException).code ?? 'cut off';
        return err(code === 'ENOSPC' ? 'disk_full' : 'unavailable', `The artifact could not be written (${code}).`);
      }
    },
    async read(path) {
      const full = place(path);
      if (!full.ok) return full;
      const found = await lstat(full.value).catch(() => undefined);
      if (found === undefined || !found.isFile()) return err('not_found', 'There is no such artifact.');
      return ok({ size: found.size, stream: createReadStream(full.value) });
    },
    async list(path) {
      const full = place(path);
      if (!full.ok) return full;
      const names = await readdir(full.value).catch((): string[] => []);
      const listed: ListedArtifact[] = [];
      for (const name of names.sort()) {
        const found = await lstat(join(full.value, name));
        if (found.isDirectory()) listed.push({ path: name, is_dir: true });
        else if (found.isFile()) listed.push({ path: name, is_dir: false, file_size: found.size });
      }
      return ok(listed);
    },
  };
}
