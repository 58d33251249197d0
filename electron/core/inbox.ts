import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { evidenceFileLimits } from '../contract/evidence-files.ts';
import { err, ok, type Result } from '../contract/result.ts';
import type { InboxFile } from '../contract/web-paths.ts';

/**
 * Files that a person dropped onto a page of the web host: they have no path there, so their bytes are laid down here for
 * the core to open. No secrets: evidence and collateral. Everything goes when the vault locks and when Nacre starts or ends.
 */
export interface Inbox {
  /**
   * Lays down one file under a fresh random folder; older ones make room. Nothing half-written stays.
   * Errors: `invalid_input` (too large), `disk_full`, `not_permitted`, `unavailable`.
   */
  receive(name: string, content: AsyncIterable<Uint8Array>): Promise<Result<InboxFile>>;
  clear(): Promise<void>;
}

const maximumBytes = evidenceFileLimits.setBytes;

export function createInbox(folder: string, random: (bytes: number) => Uint8Array): Inbox {
  const kept: { place: string; bytes: number }[] = [];
  let generation = 0;

  const makeRoom = async (): Promise<void> => {
    while (kept.reduce((sum, { bytes }) => sum + bytes, 0) > maximumBytes || kept.length > evidenceFileLimits.files) {
      const oldest = kept.shift();
      if (oldest === undefined) return;
      await rm(oldest.place, { recursive: true, force: true });
    }
  };

  return {
    async receive(name, content) {
      const before = generation;
      const place = join(folder, Buffer.from(random(16)).toString('hex'));
      const fileName = safeName(name);
      const path = join(place, fileName);
      const written = await write(place, path, content);
      // A lock came in between: what it wiped must not come back.
      const wiped = written.ok && before !== generation;
      if (!written.ok || wiped) {
        await rm(place, { recursive: true, force: true });
        return wiped ? err('locked', 'The vault was locked while the file came in.') : (written as Result<never>);
      }
      kept.push({ place, bytes: written.value });
      await makeRoom();
      return ok({ path, name: fileName, bytes: written.value });
    },
    async clear() {
      generation += 1;
      kept.length = 0;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The name as a page gave it, without anything that could lead elsewhere or hide what it is. */
function safeName(name: string): string {
  const plain = name
    .replace(/[^A-Za-z0-9._-]/g, '_')
    .slice(-100)
    .replace(/^\.+/, '');
  return plain === '' ? 'file' : plain;
}

async function write(place: string, path: string, content: AsyncIterable<Uint8Array>): Promise<Result<number>> {
  try {
    await mkdir(place, { recursive: true, mode: 0o700 });
    const file = await open(path, 'wx', 0o600);
    try {
      let bytes = 0;
      for await (const chunk of content) {
        bytes += chunk.length;
        if (bytes > maximumBytes) {
          return err('invalid_input', `A file that is dropped here has at most ${maximumBytes} bytes.`);
        }
        await file.writeFile(chunk);
      }
      return ok(bytes);
    } finally {
      await file.close();
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    if (code === 'ENOSPC' || code === 'EDQUOT') return err('disk_full', 'The disk is full; the file was not taken in.');
    if (code === 'EACCES' || code === 'EPERM') return err('not_permitted', `${place} may not be written (${code}).`);
    return err('unavailable', `The file did not come in whole (${code}); nothing of it was kept.`);
  }
}
