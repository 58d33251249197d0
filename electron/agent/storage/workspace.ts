import { randomBytes } from 'node:crypto';
import { lstat, mkdir, open, readdir, rename, rm, rmdir, statfs, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { err, ok, type Result } from '../../contract/result.ts';
import { Guard } from './guard.ts';

/** `f_type` of tmpfs and ramfs (statfs(2)): memory, never a disk. */
const memoryFileSystems = new Set([0x01021994, 0x858458f6]);
const prefix = 'nacre-agent-';
const zeros = new Uint8Array(1024 * 1024);

/**
 * Memory-backed storage for plaintext. On a system without it (`root` undefined) nothing is ever written in the clear:
 * the built-in trainer keeps its data in the process, and command jobs are refused.
 */
export class Workspace {
  readonly #root: string | undefined;
  readonly #guard: Guard | undefined;

  private constructor(root: string | undefined) {
    this.#root = root;
    this.#guard = root === undefined ? undefined : new Guard(root);
  }

  /**
   * Makes this process's own folder under `memory` (normally `/dev/shm`), mode 0700, after wiping what agents that are
   * gone have left there. A guard wipes it when this process is killed; where that was killed too, or the power went, the
   * next start does.
   */
  static async open(memory: string): Promise<Workspace> {
    if (!(await isMemory(memory))) return new Workspace(undefined);
    await wipeLeftovers(memory);
    const root = join(memory, `${prefix}${process.pid}-${randomBytes(6).toString('hex')}`);
    await mkdir(root, { mode: 0o700 });
    return new Workspace(root);
  }

  /** A fresh folder for one job. Errors: `unavailable` where there is no memory-backed storage. */
  async createFolder(name: string): Promise<Result<string>> {
    if (this.#root === undefined) {
      return err(
        'unavailable',
        'This node has no memory-backed storage, so it cannot give a command its data in files.',
        {
          hint: 'Use the built-in trainer, which keeps the data in memory, or a node on Linux with /dev/shm.',
        },
      );
    }
    const folder = join(this.#root, name);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return ok(folder);
  }

  /** A process group that works on plaintext: it ends with this process, however that ends. */
  guard(group: number): void {
    this.#guard?.add(group);
  }

  /** The group has ended. */
  release(group: number): void {
    this.#guard?.remove(group);
  }

  /** Overwrites and removes everything. */
  async close(): Promise<void> {
    if (this.#root !== undefined) await wipe(this.#root);
    this.#guard?.dismiss();
  }
}

async function isMemory(folder: string): Promise<boolean> {
  try {
    return memoryFileSystems.has((await statfs(folder)).type);
  } catch {
    return false;
  }
}

async function wipeLeftovers(memory: string): Promise<void> {
  for (const name of await readdir(memory)) {
    const [, owner, rest] = /^nacre-agent-(\d+)-([0-9a-f]{12})$/.exec(name) ?? [];
    if (owner === undefined || rest === undefined || isAlive(Number(owner))) continue;
    // Agents that start together find the same leftovers: whoever takes the folder over wipes it, alone.
    const mine = join(memory, `nacre-agent-${process.pid}-${rest}`);
    const taken = await rename(join(memory, name), mine).then(
      () => true,
      () => false,
    );
    if (taken) await wipe(mine);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: someone else's process, so someone else's folder.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Overwrites every regular file below `path` with zeros and unlinks it; links are removed, never followed. */
export async function wipe(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (found.isDirectory()) {
    for (const name of await readdir(path)) await wipe(join(path, name));
    await rmdir(path);
  } else if (found.isFile() && found.nlink === 1) {
    await overwrite(path, found.size);
    await unlink(path);
  } else {
    await rm(path, { force: true });
  }
}

async function overwrite(path: string, size: number): Promise<void> {
  const file = await open(path, 'r+').catch(() => undefined);
  if (file === undefined) return;
  try {
    for (let at = 0; at < size; at += zeros.length) {
      await file.write(zeros, 0, Math.min(zeros.length, size - at), at);
    }
  } finally {
    await file.close();
  }
}
