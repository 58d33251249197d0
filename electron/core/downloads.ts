import { err, ok, type Result } from '../contract/result.ts';
import type { ExportedFile } from '../contract/views.ts';
import type { DownloadFile } from './types.ts';

/** Files offered and not fetched; the oldest is forgotten first. */
const offeredMaximum = 200;

/** Files that were written for a person to take away: each id opens once. */
export interface Downloads {
  /** @returns its `downloadId` */
  offer(file: Omit<ExportedFile, 'downloadId'>): string;
  take(downloadId: string): Result<DownloadFile>;
  clear(): void;
}

export function createDownloads(newId: () => string): Downloads {
  const offered = new Map<string, DownloadFile>();
  return {
    offer(file) {
      const { path, fileName, bytes, sha256 } = file;
      const downloadId = newId();
      offered.set(downloadId, { path, fileName, bytes, sha256 });
      for (const oldest of offered.keys()) {
        if (offered.size <= offeredMaximum) break;
        offered.delete(oldest);
      }
      return downloadId;
    },
    take(downloadId) {
      const file = offered.get(downloadId);
      offered.delete(downloadId);
      return file === undefined
        ? err('not_found', 'This download was fetched already, or never offered. Export the file again.')
        : ok(file);
    },
    clear: () => offered.clear(),
  };
}
