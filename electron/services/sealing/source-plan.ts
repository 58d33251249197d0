import { lstatSync, type BigIntStats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate as otherWork } from 'node:timers/promises';
import { err, ok, type Result } from '../../contract/result.ts';
import { fileError } from './file-errors.ts';
import { stampOf } from './source-reader.ts';
import type { SourceEntry, SourceLayout } from './segment-task.ts';
import { paddedSize, tarHeaderLength, tarTrailer } from './tar-header.ts';

/** What is to be sealed, looked at but not yet read. */
export interface SourcePlan {
  readonly layout: SourceLayout;
  readonly kind: 'file' | 'folder';
  /** Last part of the path. */
  readonly name: string;
  /** Regular files in it. */
  readonly files: number;
  /** Bytes of those files, without tar headers. */
  readonly fileBytes: number;
}

/** The most files and folders of one dataset: each thread holds their plan in memory. */
export const memberMaximum = 200_000;

/**
 * Plans the plaintext of a file, or of a folder as one tar stream: members sorted by name in byte order, owners
 * and, unless they are to be kept, times fixed. Every offset follows from sizes alone, so that workers read and seal any part of it on their own.
 * Errors: `not_found`, `not_permitted`; `invalid_input` for symbolic links, sockets and devices inside a folder and for
 * names that are not UTF-8, each with its path; `cancelled`.
 */
export async function planSource(source: string, signal?: AbortSignal, keepTimes = false): Promise<Result<SourcePlan>> {
  const name = path.basename(path.resolve(source));
  let stats: BigIntStats;
  try {
    stats = await stat(source, { bigint: true });
  } catch (error) {
    return fileError('Reading', source, error);
  }
  if (stats.isFile()) {
    const size = Number(stats.size);
    const root = path.dirname(path.resolve(source));
    const entry = { start: 0, headLength: 0, name, size, executable: false, stamp: stampOf(stats) };
    const layout = { root, plainBytes: size, entries: [entry] };
    return ok({ layout, kind: 'file', name, files: 1, fileBytes: size });
  }
  if (!stats.isDirectory()) return err('invalid_input', `${source} is neither a file nor a folder.`);
  const members = await listFolder(source, signal);
  if (!members.ok) return members;
  const entries: SourceEntry[] = [];
  let start = 0;
  let files = 0;
  let fileBytes = 0;
  for (const { name: memberName, stats: member } of members.value) {
    const directory = member.isDirectory();
    const size = directory ? 0 : Number(member.size);
    const executable = (member.mode & 0o100n) !== 0n;
    const kind = directory ? 'directory' : 'file';
    const headLength = tarHeaderLength({ name: memberName, size, kind, executable });
    const time = keepTimes ? { time: Number(member.mtimeNs / 1_000_000_000n) } : {};
    entries.push({ start, headLength, name: memberName, size, executable, stamp: stampOf(member), ...time });
    start += headLength + paddedSize(size);
    files += directory ? 0 : 1;
    fileBytes += size;
  }
  if (files === 0) return err('invalid_input', `The folder ${source} holds no files.`);
  return ok({
    layout: { root: path.resolve(source), plainBytes: start + tarTrailer, entries },
    kind: 'folder',
    name,
    files,
    fileBytes,
  });
}

/**
 * How long files are looked at before other work of the thread gets its turn. Looking is synchronous because asking the
 * thread pool for each of thousands of files takes five times as long as the answers.
 */
const sliceMilliseconds = 8;

interface Member {
  readonly name: string;
  readonly stats: BigIntStats;
}

async function listFolder(root: string, signal: AbortSignal | undefined): Promise<Result<Member[]>> {
  const members: Member[] = [];
  const folders = [''];
  let started = performance.now();
  const stopped = (): boolean => signal?.aborted === true;
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    if (stopped()) return err('cancelled', 'Cancelled while the folder was listed.');
    const location = path.join(root, folder);
    let names: string[];
    try {
      names = await readdir(location);
    } catch (error) {
      return fileError('Reading', location, error);
    }
    for (const name of names) {
      if (performance.now() - started > sliceMilliseconds) {
        await otherWork();
        if (stopped()) return err('cancelled', 'Cancelled while the folder was listed.');
        started = performance.now();
      }
      const member = inspectMember(root, folder, name);
      if (!member.ok) return member;
      members.push(member.value);
      if (member.value.stats.isDirectory()) folders.push(member.value.name);
    }
    if (members.length > memberMaximum) {
      return err('invalid_input', `The folder ${root} holds more than ${memberMaximum.toLocaleString('en')} entries.`, {
        hint: 'Pack it into larger files first.',
      });
    }
  }
  return ok(members.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name))));
}

function inspectMember(root: string, folder: string, name: string): Result<Member> {
  const relative = `${folder}${name}`;
  const location = path.join(root, relative);
  if (name.includes('\uFFFD')) {
    return err('invalid_input', `${location}: the name is not valid UTF-8.`, { hint: 'Rename the file.' });
  }
  let stats: BigIntStats;
  try {
    stats = lstatSync(location, { bigint: true });
  } catch (error) {
    return fileError('Reading', location, error);
  }
  if (stats.isSymbolicLink()) {
    return err('invalid_input', `${location} is a symbolic link; links are not sealed.`, {
      hint: 'Replace it by what it points to, or leave it out.',
      details: { path: location, reason: 'symbolic-link' },
    });
  }
  if (!stats.isFile() && !stats.isDirectory()) {
    return err('invalid_input', `${location} is neither a file nor a folder.`, {
      details: { path: location, reason: 'special-file' },
    });
  }
  return ok({ name: stats.isDirectory() ? `${relative}/` : relative, stats });
}
