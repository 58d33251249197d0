import { open } from 'node:fs/promises';
import { err, ok, type Result } from '../contract/result.ts';

/**
 * A whole file of at most `maximum` bytes; a larger one is refused before more than that is read.
 * @param what begins the sentence of a refusal: "A policy file".
 * Errors: `not_found`, `not_permitted`, `invalid_input` (too large), `unavailable`; each names the path.
 */
export async function readBounded(path: string, maximum: number, what: string): Promise<Result<Uint8Array>> {
  try {
    const file = await open(path, 'r');
    try {
      if (!(await file.stat()).isFile()) return err('not_found', `${path} is not a file.`);
      const bytes = new Uint8Array(maximum + 1);
      let filled = 0;
      while (filled < bytes.length) {
        const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return filled > maximum
        ? err('invalid_input', `${what} has at most ${maximum} bytes; ${path} is longer.`)
        : ok(bytes.slice(0, filled));
    } finally {
      await file.close();
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    if (code === 'ENOENT' || code === 'ENOTDIR') return err('not_found', `There is no file ${path}.`);
    if (code === 'EACCES' || code === 'EPERM') return err('not_permitted', `${path} may not be read (${code}).`);
    return err('unavailable', `${path} could not be read (${code}).`);
  }
}
