import { open, type FileHandle } from 'node:fs/promises';
import type { BigIntStats } from 'node:fs';
import { createHash } from 'node:crypto';
import { err, ok, type Result } from '../../contract/result.ts';
import { armorMaximum, decodeArmor, isArmored } from '../../domain/sealed/armor.ts';
import { headerMaximum, parseHeader, type AgeHeader } from '../../domain/sealed/header.ts';
import { payloadNonceSize, plainStreamSize } from '../../domain/sealed/stream.ts';
import { refuse } from '../../domain/sealed/failures.ts';
import { fileError } from './file-errors.ts';

/** An age file that is open and whose header is read. */
export interface AgeFile {
  readonly descriptor: number;
  readonly header: AgeHeader;
  readonly nonce: Uint8Array;
  /** Where the first chunk lies. */
  readonly payloadOffset: number;
  readonly sealedBytes: number;
  /** Undefined when no whole file has this size: it is cut off, or something was added. */
  readonly plainBytes: number | undefined;
  /** The decoded bytes when the file was text (armored); then the descriptor holds no chunks. */
  readonly decoded?: Uint8Array;
  close(): Promise<void>;
}

/** Opens an age file and reads its header. Errors: those of the file system, `damaged`, `integrity` (cut off). */
export async function openAgeFile(path: string): Promise<Result<AgeFile>> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    const stats = await handle.stat({ bigint: true });
    const result = stats.isFile()
      ? await readAgeFile(handle, stats)
      : err('invalid_input', `${path} is not a file.`, { details: { path } });
    if (!result.ok) await handle.close();
    return result;
  } catch (error) {
    await handle?.close();
    return fileError('Reading', path, error);
  }
}

async function readAgeFile(handle: FileHandle, stats: BigIntStats): Promise<Result<AgeFile>> {
  const size = Number(stats.size);
  const start = new Uint8Array(Math.min(size, headerMaximum + payloadNonceSize));
  await readFully(handle, start, 0);
  if (isArmored(start)) return readArmored(handle, size);
  const parsed = readStart(start, size);
  if (!parsed.ok) return parsed;
  return ok({
    ...parsed.value,
    descriptor: handle.fd,
    close: () => handle.close(),
  });
}

async function readArmored(handle: FileHandle, size: number): Promise<Result<AgeFile>> {
  if (size > armorMaximum) return refuse('armor', 'The armored age file is larger than 64 MiB.');
  const text = new Uint8Array(size);
  await readFully(handle, text, 0);
  const decoded = decodeArmor(text);
  if (!decoded.ok) return decoded;
  const parsed = readStart(decoded.value, decoded.value.length);
  if (!parsed.ok) return parsed;
  return ok({
    ...parsed.value,
    descriptor: handle.fd,
    decoded: decoded.value,
    close: () => handle.close(),
  });
}

function readStart(
  start: Uint8Array,
  sealedBytes: number,
): Result<Pick<AgeFile, 'header' | 'nonce' | 'payloadOffset' | 'sealedBytes' | 'plainBytes'>> {
  const header = parseHeader(start);
  if (!header.ok) return header;
  const payloadOffset = header.value.length + payloadNonceSize;
  if (sealedBytes < payloadOffset) return refuse('header', 'The age file ends before its payload nonce.');
  const nonce = start.slice(header.value.length, payloadOffset);
  const plainBytes = plainStreamSize(sealedBytes - payloadOffset);
  return ok({ header: header.value, nonce, payloadOffset, sealedBytes, plainBytes });
}

/** The part of a file that a manifest names `ageHeaderSha256`. */
export function headerDigest(header: Uint8Array): string {
  return createHash('sha256').update(header).digest('hex');
}

/** Reads a range whole; a file that is shorter than it was throws like any other failing read. */
export async function readFully(handle: FileHandle, into: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < into.length;) {
    const { bytesRead } = await handle.read(into, at, into.length - at, position + at);
    if (bytesRead === 0) throw Object.assign(new Error('the file ends early'), { code: 'EIO' });
    at += bytesRead;
  }
}
