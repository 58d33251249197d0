import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { CustomScheme } from 'electron';
import { contentSecurityPolicy, mediaTypes, pageHeaders } from '../contract/content-security-policy.ts';
import { isOwnPage, pageScheme } from './navigation.ts';

/** Registered before the app is ready. The page policy is not bypassed and no page of another scheme may fetch from it. */
export const pageSchemeRegistration: CustomScheme = {
  scheme: pageScheme,
  privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true },
};

/**
 * The file behind a page URL, or null: GET of `app://ui/` only, decoded once, and what it resolves to lies inside the
 * folder (by `path.relative`: a test on a prefix would let `renderer-other` pass for `renderer`).
 */
export function pageFile(folder: string, method: string, url: string): string | null {
  if (method !== 'GET' || !isOwnPage(url)) return null;
  let name: string;
  try {
    name = decodeURIComponent(new URL(url).pathname);
  } catch {
    return null;
  }
  if (name.includes('\0') || name.includes('\\')) return null;
  const file = path.join(folder, name === '/' ? 'index.html' : name);
  const inside = path.relative(folder, file);
  if (inside === '' || inside.startsWith('..') || path.isAbsolute(inside)) return null;
  return mediaTypes[path.extname(file)] === undefined ? null : file;
}

/** Answers `app://` requests with files of the built user interface, under the strict policy. */
export function createPageHandler(folder: string): (request: Request) => Promise<Response> {
  const headers = { ...pageHeaders, 'content-security-policy': contentSecurityPolicy("'none'") };
  return async (request) => {
    const file = pageFile(folder, request.method, request.url);
    try {
      if (file === null) return new Response(null, { status: 404, headers });
      const type = mediaTypes[path.extname(file)] ?? '';
      return new Response(new Uint8Array(await readFile(file)), { headers: { ...headers, 'content-type': type } });
    } catch {
      return new Response(null, { status: 404, headers });
    }
  };
}
