import { readFile, stat, writeFile } from 'node:fs/promises';
import jpeg from 'jpeg-js';
import { PNG } from 'pngjs';
import { encodeQR } from 'qr';
import { decodeQRBatch, type Image } from 'qr/decode.js';
import { err, ok, type Result } from '../../contract/result.ts';

const limits = {
  /** Bytes of an image file. */
  fileBytes: 64 * 1_048_576,
  /** Pixels of an image: a camera of 40 megapixels. */
  pixels: 40_000_000,
  codes: 1024,
} as const;
/** Pixels of one module, and quiet modules around a code (ISO/IEC 18004 asks for four). */
const scale = 4;
const quiet = 4;
/** How long a single image may be searched for codes: milliseconds. */
const searchMs = 10_000;

/**
 * One PNG with all codes in rows, for a screen, a printer or a file. Text of letters in either case is written in capitals,
 * which take a third less room.
 */
export function drawCodes(texts: readonly string[]): Uint8Array {
  const codes = texts.map((text) => encodeQR(text.toUpperCase(), 'raw', { ecc: 'medium', border: quiet }));
  const cell = Math.max(...codes.map((code) => code.length)) * scale;
  const columns = Math.ceil(Math.sqrt(codes.length));
  const rows = Math.ceil(codes.length / columns);
  const image = new PNG({ width: columns * cell, height: rows * cell });
  image.data.fill(255);
  codes.forEach((code, index) => {
    const left = (index % columns) * cell;
    const top = Math.floor(index / columns) * cell;
    code.forEach((row, y) =>
      row.forEach((dark, x) => {
        if (!dark) return;
        for (let dy = 0; dy < scale; dy++) {
          const start = ((top + y * scale + dy) * image.width + left + x * scale) * 4;
          for (let i = start; i < start + scale * 4; i += 4) image.data.fill(0, i, i + 3);
        }
      }),
    );
  });
  return PNG.sync.write(image, { colorType: 0, inputHasAlpha: true });
}

/** Writes a new PNG, never over another file. Errors: `already_exists`, `disk_full`, `not_permitted`. */
export async function writeNew(path: string, bytes: Uint8Array): Promise<Result<{ path: string; bytes: number }>> {
  try {
    await writeFile(path, bytes, { flag: 'wx', mode: 0o600 });
    return ok({ path, bytes: bytes.length });
  } catch (error) {
    return fileError(path, error);
  }
}

/** Reads a whole file of at most `maximum` bytes. Errors: `not_found`, `invalid_input` (too large), `not_permitted`. */
export async function readWhole(path: string, maximum: number = limits.fileBytes): Promise<Result<Uint8Array>> {
  try {
    const { size } = await stat(path);
    if (size > maximum) return err('invalid_input', `${path} is larger than ${maximum} bytes.`);
    return ok(await readFile(path));
  } catch (error) {
    return fileError(path, error);
  }
}

export function isImage(bytes: Uint8Array): boolean {
  return isPng(bytes) || isJpeg(bytes);
}

/** The texts of all QR codes in a PNG or JPEG. Errors: `damaged` (no image), `not_found` (no code in it). */
export async function readCodes(bytes: Uint8Array, name: string): Promise<Result<string[]>> {
  const size = imageSize(bytes);
  if (size === undefined) return err('damaged', `${name} is no PNG or JPEG image that can be read.`);
  if (size.width * size.height > limits.pixels) {
    return err('invalid_input', `${name} has more than ${limits.pixels / 1_000_000} million pixels.`);
  }
  let image: Image;
  try {
    image = isPng(bytes)
      ? PNG.sync.read(Buffer.from(bytes))
      : jpeg.decode(bytes, { useTArray: true, maxMemoryUsageInMB: 512 });
  } catch {
    return err('damaged', `${name} is a damaged image.`);
  }
  const [found = []] = await decodeQRBatch([image], { effort: 8, timeLimit: searchMs });
  const texts = found.filter((text): text is string => typeof text === 'string').slice(0, limits.codes);
  return texts.length === 0
    ? err('not_found', `No QR code was found in ${name}.`, { hint: 'Take the picture again, straight and whole.' })
    : ok(texts);
}

function isPng(bytes: Uint8Array): boolean {
  return [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a].every((byte, i) => bytes[i] === byte);
}

function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}

/** From the headers, so that a small file cannot ask for gigabytes of pixels. */
function imageSize(bytes: Uint8Array): { width: number; height: number } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isPng(bytes)) {
    return bytes.length < 33 ? undefined : { width: view.getUint32(16), height: view.getUint32(20) };
  }
  if (!isJpeg(bytes)) return undefined;
  for (let at = 2; at + 9 < bytes.length;) {
    const marker = bytes[at + 1] ?? 0;
    if (bytes[at] !== 0xff) return undefined;
    // Start of frame, of any kind; c4, c8 and cc are tables.
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    }
    at += 2 + view.getUint16(at + 2);
  }
  return undefined;
}

function fileError(path: string, error: unknown): ReturnType<typeof err> {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  if (code === 'ENOENT') return err('not_found', `There is no file ${path}.`);
  if (code === 'EEXIST') return err('already_exists', `${path} exists already.`, { hint: 'Choose another name.' });
  if (code === 'ENOSPC') return err('disk_full', `The disk is full; ${path} was not written.`);
  return err('not_permitted', `${path} cannot be used (${code}).`);
}
