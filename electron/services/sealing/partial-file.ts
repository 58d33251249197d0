import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { link, lstat, open, rename, rm, statfs, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { err, ok, type Result } from '../../contract/result.ts';
import { fileError } from './file-errors.ts';
import { removePartial, sha256Of, writeState, type Leftover, type UnfinishedFacts } from './unfinished.ts';

/**
 * A file that gets its name only when it is whole: written beside its place under a hidden `.partial` name, synced, then
 * moved. Whatever happens before leaves nothing under the name; only a killed process leaves the `.partial` file and its
 * state (unfinished.ts), with which the next run goes on.
 */
export interface PartialFile {
  readonly descriptor: number;
  /** Writes small things, such as a header; bulk goes through the descriptor. */
  write(bytes: Uint8Array, position: number): Promise<Result<void>>;
  /** Syncs and names it, cut to the size when it is now known. Errors: `already_exists`, `disk_full` and others of the file system; then it is gone. */
  commit(size?: number): Promise<Result<void>>;
  /** Removes it; does nothing after `commit`. */
  discard(): Promise<void>;
}

export interface PartialFileOptions {
  /** Bytes it will have; refused at once when the disk has less. */
  readonly size: number;
  /** Replace a file of that name. */
  readonly overwrite: boolean;
  readonly mode: number;
  /** Where its `.partial` file is: `partialPlace`. */
  readonly place: PartialPlace;
  /** What lies beside it until it is whole. */
  readonly state: { readonly facts: UnfinishedFacts; readonly mark: Uint8Array | undefined };
  /** Goes on with this file instead of a new one. */
  readonly leftover?: Leftover;
}

/** Folder and start of the names of all partial files of one target. */
export interface PartialPlace {
  readonly folder: string;
  readonly prefix: string;
}

/** @param name what runs that may go on with each other's work agree on; the target's own name unless given. */
export function partialPlace(target: string, name = path.basename(path.resolve(target))): PartialPlace {
  const short = Buffer.byteLength(name) > 120 ? sha256Of(name).slice(0, 40) : name;
  return { folder: path.dirname(path.resolve(target)), prefix: `.${short}.` };
}

/** Creates a `PartialFile` for `target`. Errors: `already_exists`, `disk_full`, `not_permitted`, `not_found`. */
export async function createPartialFile(target: string, options: PartialFileOptions): Promise<Result<PartialFile>> {
  const { place, leftover } = options;
  const { folder } = place;
  const temporary = leftover?.partial ?? partialName(place);
  let handle: FileHandle;
  try {
    if (!options.overwrite && (await exists(target))) return fileError('Writing', target, 'EEXIST');
    const space = await statfs(folder);
    // Some network and overlay file systems report no blocks at all; there the writes themselves will tell.
    const taken = leftover === undefined ? 0 : (await lstat(temporary)).blocks * 512;
    const free = space.bavail * space.bsize + taken;
    if (space.blocks > 0 && free < options.size) {
      return err('disk_full', `${target} needs ${mebibytes(options.size)}; its disk has ${mebibytes(free)} free.`, {
        hint: 'Free some space or choose another disk.',
        details: { path: target, needed: options.size, free },
      });
    }
    if (leftover === undefined) await writeState(temporary, options.state.facts, options.state.mark);
    const flags = leftover === undefined ? constants.O_CREAT | constants.O_EXCL : 0;
    handle = await open(temporary, constants.O_RDWR | flags | (constants.O_NOFOLLOW ?? 0), options.mode);
    // Its last byte may be a hole; and an earlier run's file may be longer by what somebody added.
    await handle.truncate(options.size);
  } catch (error) {
    await removePartial(temporary);
    return fileError('Writing', target, error);
  }
  let finished = false;
  async function discard(): Promise<void> {
    if (finished) return;
    finished = true;
    await handle.close().catch(() => undefined);
    await removePartial(temporary);
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
    async commit(size) {
      try {
        if (size !== undefined) await handle.truncate(size);
        await handle.sync();
        if (options.overwrite) await rename(temporary, target);
        else await linkOver(temporary, target);
        finished = true;
        await handle.close();
        await removePartial(temporary);
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

/** A hidden name that no other run uses. */
export function partialName({ folder, prefix }: PartialPlace): string {
  return path.join(folder, `${prefix}${randomBytes(6).toString('hex')}.partial`);
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
