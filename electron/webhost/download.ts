import { open } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { DownloadFile } from '../core/types.ts';

/** A header value that any file name survives (RFC 6266 and 8187); the plain part is for very old programs. */
export function contentDisposition(fileName: string): string {
  const plain = fileName.replace(/[^A-Za-z0-9._-]/g, '_');
  const encoded = encodeURIComponent(fileName).replace(
    /['()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}

/** Streams an exported file. @returns false when it cannot be opened; nothing was sent then. */
export async function sendDownload(
  response: ServerResponse,
  file: DownloadFile,
  headers: Record<string, string>,
): Promise<boolean> {
  let handle;
  try {
    handle = await open(file.path, 'r');
  } catch {
    return false;
  }
  try {
    const { size } = await handle.stat();
    response.writeHead(200, {
      ...headers,
      'content-type': 'application/octet-stream',
      'content-length': size,
      'content-disposition': contentDisposition(file.fileName),
    });
    await pipeline(handle.createReadStream({ autoClose: false, end: Math.max(0, size - 1) }), response);
  } catch {
    // The page went away or the disk failed midway: the length does not fit, so the browser reports a broken download.
    response.destroy();
  } finally {
    await handle.close();
  }
  return true;
}
