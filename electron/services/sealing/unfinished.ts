import { createHash, timingSafeEqual } from 'node:crypto';
import { constants, readFileSync } from 'node:fs';
import { lstat, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { sha256Hex } from '../../contract/sealed.ts';

/**
 * What lies beside a `.partial` file while it is written, so that a later run can go on with it or clear it away.
 *
 * It holds no key: the file key is in the partial file's own header, wrapped for its recipients, and going on takes an
 * identity of one of them. Threats, and what stops them, for someone who can write to the folder but has no identity:
 * - a planted file whose header wraps a key they know, so that we seal under it: `mark` is an HMAC by the identity over
 *   the header's digest, which they cannot make;
 * - an old pair of files put back after the content changed, so that one key seals two contents: `mark` also covers the
 *   stamps (inode, size, change time) of all that was sealed, and those are looked at anew;
 * - a planted link or a file of theirs in place of the partial one: only a regular file of this user with one name is
 *   taken.
 * A passphrase makes no mark: an HMAC under it would be guessed much faster than the age header allows.
 */
const unfinishedSchema = z.strictObject({
  version: z.literal(1),
  kind: z.enum(['seal', 'open']),
  /** Of what it is made from: stamps and names, or the sealed file. */
  source: sha256Hex,
  /** Of header and payload nonce. */
  prefix: sha256Hex,
  prefixBytes: z
    .int()
    .min(1)
    .max(1024 * 1024),
  mark: sha256Hex.optional(),
  host: z.string().max(256),
  process: z.int().min(1),
  /** Tells a process from a later one with its number; empty where the system does not say. */
  processStart: z.string().max(64),
});
export type Unfinished = z.infer<typeof unfinishedSchema>;

/** What a run writes down of itself. */
export type UnfinishedFacts = Pick<Unfinished, 'kind' | 'source' | 'prefix' | 'prefixBytes'>;

/** An interrupted run's file, which nobody else works on. */
export interface Leftover {
  readonly partial: string;
  readonly state: Unfinished;
}

const stateSuffix = '.state';
const stateMaximum = 16 * 1024;

/** The text that `mark` is made of. */
export function markedText(facts: UnfinishedFacts): Uint8Array {
  const { kind, source, prefix, prefixBytes } = facts;
  return Buffer.from(`nacre/unfinished/v1\n${kind}\n${source}\n${prefix}\n${prefixBytes}\n`);
}

/** Whether a state carries this mark. */
export function markedBy(state: Unfinished, mark: Uint8Array | undefined): boolean {
  if (state.mark === undefined || mark?.length !== 32) return false;
  return timingSafeEqual(Buffer.from(state.mark, 'hex'), mark);
}

export const sha256Of = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Writes the state of a partial file, before that file is made: so no partial file is ever without one. Throws errno. */
export async function writeState(partial: string, facts: UnfinishedFacts, mark: Uint8Array | undefined): Promise<void> {
  const state: Unfinished = {
    version: 1,
    ...facts,
    ...(mark === undefined ? {} : { mark: Buffer.from(mark).toString('hex') }),
    ...ownProcess(),
  };
  await writeFile(`${partial}${stateSuffix}`, JSON.stringify(state), { flag: 'wx', mode: 0o600 });
}

/** Removes a partial file and its state. */
export async function removePartial(partial: string): Promise<void> {
  await rm(partial, { force: true });
  await rm(`${partial}${stateSuffix}`, { force: true });
}

/**
 * Looks for what dead runs left of one target, takes over the newest usable one and removes the rest. Files of a running
 * process, or of another machine on the same share, are left alone.
 * @param prefix start of their names; see `partialName`.
 * @param usable whether this run can go on with it.
 * @param freshName a name that no run uses, for the one taken.
 * @returns the one taken, and how many were removed, of them damaged ones.
 */
export async function takeLeftover(
  folder: string,
  prefix: string,
  usable: (state: Unfinished) => boolean,
  freshName: () => string,
): Promise<{ readonly taken: Leftover | undefined; readonly removed: number; readonly damaged: number }> {
  let taken: Leftover | undefined;
  let removed = 0;
  let damaged = 0;
  const names = await readdir(folder).catch(() => []);
  const rest = /^[0-9a-f]{12}\.partial\.state$/;
  const found = names.filter((name) => name.startsWith(prefix) && rest.test(name.slice(prefix.length)));
  for (const name of found.slice(0, 64)) {
    const stateFile = path.join(folder, name);
    const partial = stateFile.slice(0, -stateSuffix.length);
    const state = await readState(stateFile);
    if (state === 'gone' || (typeof state === 'object' && !abandoned(state))) continue;
    const good = typeof state === 'object' && (await ownFile(partial)) && taken === undefined && usable(state);
    if (good && typeof state === 'object') {
      const moved = freshName();
      // Whoever moves the state has the file: of two runs that find it, one fails here.
      const mine = await takeOver(stateFile, partial, moved, state);
      if (mine !== undefined) taken = mine;
      continue;
    }
    await removePartial(partial);
    removed += 1;
    if (state === 'damaged') damaged += 1;
  }
  return { taken, removed, damaged };
}

async function takeOver(
  stateFile: string,
  partial: string,
  moved: string,
  state: Unfinished,
): Promise<Leftover | undefined> {
  try {
    await rename(stateFile, `${moved}${stateSuffix}`);
    await rename(partial, moved);
    const mine = { ...state, ...ownProcess() };
    await writeFile(`${moved}${stateSuffix}`, JSON.stringify(mine), { mode: 0o600 });
    return { partial: moved, state: mine };
  } catch {
    return undefined;
  }
}

async function readState(file: string): Promise<Unfinished | 'damaged' | 'gone'> {
  try {
    const stats = await lstat(file);
    if (!stats.isFile() || stats.size > stateMaximum) return 'damaged';
    const parsed = unfinishedSchema.safeParse(JSON.parse(await readFile(file, 'utf8')));
    return parsed.success ? parsed.data : 'damaged';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'gone' : 'damaged';
  }
}

/** A regular file of this user that has no second name: not a link to somewhere, and not somebody's trap. */
async function ownFile(file: string): Promise<boolean> {
  const handle = await open(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0)).catch(() => undefined);
  if (handle === undefined) return false;
  try {
    const stats = await handle.stat();
    return stats.isFile() && stats.nlink === 1 && (process.getuid === undefined || stats.uid === process.getuid());
  } finally {
    await handle.close();
  }
}

function ownProcess(): Pick<Unfinished, 'host' | 'process' | 'processStart'> {
  return { host: hostname().slice(0, 256), process: process.pid, processStart: startOf(process.pid) };
}

function abandoned(state: Unfinished): boolean {
  if (state.host !== hostname().slice(0, 256)) return false;
  try {
    process.kill(state.process, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
  return state.processStart !== startOf(state.process);
}

/** Boot and start time of a process, where Linux tells. */
function startOf(pid: number): string {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}/${fields[19] ?? ''}`.slice(0, 64);
  } catch {
    return '';
  }
}
