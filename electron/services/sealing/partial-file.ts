import { randomBytes } from 'node:crypto';
import { link, lstat, open, rename, rm, statfs, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { err, ok, type Result } from '../../contract/result.ts';
import { fileError } from './file-errors.ts';

/**
 * A file that gets its name only when it is whole: written beside its place under a hidden `.partial` name, synced, then
 * moved. Whatever happens before leaves nothing under the name; only a killed process leaves the `.partial` file.
 */
export interface PartialFile {
  readonly descriptor: number;
  /** Writes small things, such as a header; bulk goes through the descriptor. */
  write(bytes: Uint8Array, position: number): Promise<Result<void>>;
  /** Syncs and names it. Errors: `already_exists`, `disk_full` and others of the file system; then it is gone. */
  commit(): Promise<Result<void>>;
  /** Removes it; does nothing after `commit`. */
  discard(): Promise<void>;
}

export interface PartialFileOptions {
  /** Bytes it will have; refused at once when the disk has less. */
  readonly size: number;
  /** Replace a file of that name. */
  readonly overwrite: boolean;
  readonly mode: number;
}

/** Creates a `PartialFile` for `target`. Errors: `already_exists`, `disk_full`, `not_permitted`, `not_found`. */
export async function createPartialFile(target: string, options: PartialFileOptions): Promise<Result<PartialFile>> {
  const folder = path.dirname(path.resolve(target));
  const temporary = partialName(target);
  let handle: FileHandle;
  try {
    if (!options.overwrite && (await exists(target))) return fileError('Writing', target, 'EEXIST');
    const space = await statfs(folder);
    // Some network and overlay file systems report no blocks at all; there the writes themselves will tell.
    const free = space.bavail * space.bsize;
    if (space.blocks > 0 && free < options.size) {
      return err('disk_full', `${target} needs ${mebibytes(options.size)}; its disk has ${mebibytes(free)} free.`, {
        hint: 'Free some space or choose another disk.',
        details: { path: target, needed: options.size, free },
      });
    }
    handle = await open(temporary, 'wx+', options.mode);
  } catch (error) {
    return fileError('Writing', target, error);
  }
  let finished = false;
  async function discard(): Promise<void> {
    if (finished) return;
    finished = true;
    await handle.close().catch(() => undefined);
    await rm(temporary, { force: true });
  }
  return ok({
    descriptor: handle.fd,
    discard,
    async write(bytes, position) {
      try {
        for (let at = 0; at < bytes.length;) {
          at += (await handle.write(bytes, at, bytes.length - at, position + at)).bytesWritten;
        }
        return ok(undefined);
      } catch (error) {
        return fileError('Writing', target, error);
      }
    },
    async commit() {
      try {
        await handle.sync();
        if (options.overwrite) await rename(temporary, target);
        else await linkOver(temporary, target);
        finished = true;
        await handle.close();
        await syncFolder(folder);
        return ok(undefined);
      } catch (error) {
        await discard();
        return fileError('Writing', target, error);
      }
    },
  });
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

/** A hidden name beside the target that no other run uses. */
export function partialName(target: string): string {
  const absolute = path.resolve(target);
  const base = path.basename(absolute).slice(0, 200);
  return path.join(path.dirname(absolute), `.${base}.${randomBytes(6).toString('hex')}.partial`);
}

/** Gives the second name without ever replacing what has it: `rename` would. */
async function linkOver(temporary: string, target: string): Promise<void> {
  try {
    await link(temporary, target);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // FAT and some network file systems have no hard links; the check before is then all there is.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error;
    if (await exists(target)) throw Object.assign(new Error('exists'), { code: 'EEXIST' });
    await rename(temporary, target);
    return;
  }
  await rm(temporary, { force: true });
}

async function exists(target: string): Promise<boolean> {
  return lstat(target).then(
    () => true,
    () => false,
  );
}

async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open a folder; there the move is durable with the file.
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}
