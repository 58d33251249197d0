import { lstat, mkdir, open, rename, rm, utimes } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract, type Extract } from 'tar-stream';
import { err, ok, type Result } from '../../contract/result.ts';
import { usedLength } from './compare-written.ts';
import { fileError } from './file-errors.ts';
import { decompressedPieces, plainPieces, Refused } from './open-compressed.ts';
import type { Opened, OpenRequest, OpenTools } from './open.ts';
import { partialName, partialPlace } from './partial-file.ts';

/**
 * Opens a binary age file that holds a tar stream, also one compressed with zstd, and unpacks it into a new folder, which gets its name only when all of
 * it was authenticated. Members that leave the folder, links and devices are refused: the archive may be anyone's.
 * Errors: as `openFile`, and `invalid_input` for a member that is refused or when there is no tar stream inside.
 */
export async function extractTar(request: OpenRequest, tools: OpenTools): Promise<Result<Opened>> {
  const existing = await lstat(request.out).catch(() => undefined);
  if (existing !== undefined) return fileError('Writing', request.out, 'EEXIST');
  const folder = partialName(partialPlace(request.out));
  try {
    await mkdir(folder, { mode: 0o700 });
    const plainBytes = await unpack(request, tools, folder);
    await rename(folder, request.out);
    return ok({ plainBytes, reusedSegments: 0 });
  } catch (error) {
    if (error instanceof Refused) return { ok: false, error: error.reason };
    if (request.signal?.aborted === true) return err('cancelled', 'Cancelled; nothing was kept.');
    const { code } = error as NodeJS.ErrnoException;
    if (code !== undefined) return fileError('Writing', request.out, error);
    return err('invalid_input', `${request.file} does not hold a tar stream.`, { hint: 'Open it without --extract.' });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function unpack(request: OpenRequest, tools: OpenTools, folder: string): Promise<number> {
  const counted = { plainBytes: 0 };
  const archive = extract();
  const feeding = pipeline(
    Readable.from(count(decompressedPieces(plainPieces(request, tools)), counted)),
    archive,
    request.signal === undefined ? {} : { signal: request.signal },
  );
  // Awaited below; until then a failure of the source also ends the loop, and must not count as unhandled.
  feeding.catch(() => undefined);
  try {
    for await (const entry of archive) await writeMember(entry, folder);
  } catch (error) {
    if (error instanceof Refused) throw error;
    // The archive's own error is only the echo when its source failed.
    await feeding;
    throw error;
  }
  await feeding;
  return counted.plainBytes;
}

async function* count(
  content: AsyncGenerator<Uint8Array>,
  counted: { plainBytes: number },
): AsyncGenerator<Uint8Array> {
  for await (const piece of content) {
    counted.plainBytes += piece.length;
    yield piece;
  }
}

/** One file or folder of an archive, as tar-stream gives it. */
type Member = Extract extends AsyncIterable<infer Each> ? Each : never;

async function writeMember(entry: Member, folder: string): Promise<void> {
  const { name, type } = entry.header;
  const target = path.resolve(folder, name);
  const relative = path.relative(folder, target);
  const inside = relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative);
  const itself = relative === '' && type === 'directory';
  if (!inside && !itself) throw refused(name, 'would be written outside of the folder');
  if (type === 'directory') {
    await mkdir(target, { recursive: true });
    entry.resume();
    return;
  }
  if (type !== 'file' && type !== 'contiguous-file') throw refused(name, `is a ${type}, not a file or folder`);
  await mkdir(path.dirname(target), { recursive: true });
  const mode = ((entry.header.mode ?? 0) & 0o100) === 0 ? 0o644 : 0o755;
  await writeSparse(entry as AsyncIterable<Uint8Array>, target, mode);
  const { mtime } = entry.header;
  if (mtime !== undefined && mtime.getTime() > 0) await utimes(target, mtime, mtime);
}

/** Writes a file and leaves out what is zeros: holes of the original, which went into the stream as zeros, are holes again. */
async function writeSparse(content: AsyncIterable<Uint8Array>, target: string, mode: number): Promise<void> {
  const handle = await open(target, 'wx', mode);
  try {
    let position = 0;
    for await (const piece of content) {
      for (let at = usedLength(piece) === 0 ? piece.length : 0; at < piece.length;) {
        at += (await handle.write(piece, at, piece.length - at, position + at)).bytesWritten;
      }
      position += piece.length;
    }
    await handle.truncate(position);
  } finally {
    await handle.close();
  }
}

function refused(name: string, why: string): Refused {
  return new Refused(err('invalid_input', `The member ${JSON.stringify(name)} of the archive ${why}.`).error);
}
