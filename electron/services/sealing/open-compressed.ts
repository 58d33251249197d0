import { createReadStream } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createZstdDecompress } from 'node:zlib';
import { err, ok, type NacreError, type Result } from '../../contract/result.ts';
import { createOpener } from '../../domain/sealed/opener.ts';
import { fileError } from './file-errors.ts';
import type { Opened, OpenRequest, OpenTools } from './open.ts';
import { createPartialFile, partialPlace, type PartialFile } from './partial-file.ts';
import { createProgressMeter } from './progress.ts';
import { sha256Of } from './unfinished.ts';

/** Carries a refusal out of a stream; never leaves the opening code. */
export class Refused extends Error {
  readonly reason: NacreError;
  constructor(reason: NacreError) {
    super(reason.message);
    this.reason = reason;
  }
}

const zstdMagic = 0xfd2fb528;

/** Verified plaintext of an age file in order; throws `Refused`. Until it ends well the file is not known to be whole. */
export async function* plainPieces(request: OpenRequest, tools: OpenTools): AsyncGenerator<Uint8Array> {
  const opener = createOpener({ fileKey: request.fileKey, cipher: tools.cipher });
  let pieces: Uint8Array[] = [];
  const keep = (plain: Uint8Array): void => void pieces.push(plain.slice());
  const { size } = await lstat(request.file).catch((error: unknown) => {
    throw new Refused(fileError('Reading', request.file, error).error);
  });
  const meter = createProgressMeter(size, tools.clock, request.onProgress);
  let read = 0;
  for await (const sealed of readable(request.file)) {
    read += sealed.length;
    meter.report(read);
    const pushed = opener.push(sealed, keep);
    if (!pushed.ok) throw new Refused(pushed.error);
    yield* pieces;
    pieces = [];
  }
  const ended = opener.end(keep);
  if (!ended.ok) throw new Refused(ended.error);
  yield* pieces;
  meter.finish();
}

async function* readable(name: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of createReadStream(name, { highWaterMark: 1024 * 1024 })) yield piece as Uint8Array;
  } catch (error) {
    throw new Refused(fileError('Reading', name, error).error);
  }
}

/** The same content, decompressed when it begins as zstd does; a tar stream never does. Throws `Refused`. */
export async function* decompressedPieces(content: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  const first = await content.next();
  if (first.done === true) return;
  const head = first.value;
  async function* whole(): AsyncGenerator<Uint8Array> {
    yield head;
    yield* content;
  }
  const compressed = head.length >= 4 && new DataView(head.buffer, head.byteOffset).getUint32(0, true) === zstdMagic;
  if (!compressed) {
    yield* whole();
    return;
  }
  const source = Readable.from(whole());
  const decompressor = createZstdDecompress();
  source.once('error', (error) => decompressor.destroy(error));
  source.pipe(decompressor);
  try {
    for await (const piece of decompressor) yield piece as Uint8Array;
  } catch (error) {
    if (error instanceof Refused || (error as Error).name === 'AbortError') throw error;
    throw new Refused(err('integrity', 'The zstd stream in the sealed file is damaged.').error);
  } finally {
    source.destroy();
    decompressor.destroy();
  }
}

/**
 * Opens a binary age file and undoes zstd, into a new file: all of it, or nothing under that name. Content that is not
 * compressed is written as it is. Errors: as `openFile`; `integrity` for a damaged zstd stream.
 */
export async function openDecompressed(request: OpenRequest, tools: OpenTools): Promise<Result<Opened>> {
  const mark = sha256Of('decompressed');
  const file = await createPartialFile(request.out, {
    size: 0,
    overwrite: request.overwrite,
    mode: 0o600,
    place: partialPlace(request.out),
    state: { facts: { kind: 'open', source: mark, prefix: mark, prefixBytes: 1 }, mark: undefined },
  });
  if (!file.ok) return file;
  try {
    const filled = await fill(request, tools, file.value);
    if (!filled.ok) return filled;
    const committed = await file.value.commit();
    return committed.ok ? ok({ plainBytes: filled.value, reusedSegments: 0 }) : committed;
  } catch (error) {
    if (error instanceof Refused) return { ok: false, error: error.reason };
    throw error;
  } finally {
    await file.value.discard();
  }
}

async function fill(request: OpenRequest, tools: OpenTools, file: PartialFile): Promise<Result<number>> {
  let position = 0;
  for await (const piece of decompressedPieces(plainPieces(request, tools))) {
    if (request.signal?.aborted === true) return err('cancelled', 'Cancelled; nothing was kept.');
    const written = await file.write(piece, position);
    if (!written.ok) return written;
    position += piece.length;
  }
  return ok(position);
}
