import { randomBytes } from 'node:crypto';
import { open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { err, ok, type ErrorCode, type Result } from '../../contract/result.ts';

const codes: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: 'disk_full',
  EDQUOT: 'disk_full',
  EACCES: 'not_permitted',
  EPERM: 'not_permitted',
  EROFS: 'not_permitted',
  ENOENT: 'not_found',
  ENOTDIR: 'not_found',
  EISDIR: 'already_exists',
};

/**
 * Writes a whole file or none: a neighbour with a random name, flushed to the disk, then renamed over the target.
 * Errors: `disk_full`, `not_permitted`, `not_found` (no such folder), `unavailable`; each names the path.
 */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<Result<null>> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.part`);
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    return ok(null);
  } catch (error) {
    // The neighbour may not exist; what counts is that nothing half-written stays.
    await unlink(temporary).catch(() => undefined);
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    return err(codes[code] ?? 'unavailable', `${path} could not be written (${code}); nothing was left there.`);
  }
}
