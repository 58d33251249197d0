import { readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import { mediaTypes } from '../contract/content-security-policy.ts';

export interface StaticFile {
  readonly bytes: Uint8Array;
  readonly type: string;
  /** Names with a content hash never change. */
  readonly lasting: boolean;
}

/**
 * Reads one file of the user interface. The path comes from a URL and is never trusted: it is decoded once, holds no
 * backslash or NUL, and what it resolves to, links followed, must lie inside the folder.
 * @returns null when there is no such file or it lies outside; the two look the same to the asker.
 */
export async function readStaticFile(folder: string, urlPath: string): Promise<StaticFile | null> {
  let decoded: string;
  try {
    decoded = decodeURIComponent(urlPath);
  } catch {
    return null;
  }
  if (decoded.includes('\0') || decoded.includes('\\') || decoded.length > 1024) return null;
  const name = decoded === '/' ? '/index.html' : decoded;
  const type = mediaTypes[path.extname(name)];
  if (type === undefined) return null;
  try {
    const root = await realpath(folder);
    const file = await realpath(path.join(root, name));
    const inside = path.relative(root, file);
    if (inside === '' || inside.startsWith('..') || path.isAbsolute(inside)) return null;
    return { bytes: await readFile(file), type, lasting: inside.startsWith('assets') };
  } catch {
    return null;
  }
}
