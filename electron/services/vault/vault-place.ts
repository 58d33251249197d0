import { err, ok, type NacreError, type Result } from '../../contract/result.ts';
import { readHeader, type VaultHeader } from './header.ts';
import { openVaultFile, type VaultFile } from './vault-file.ts';

/** The place on the disk where a vault is, or will be, and the file that is open there. */
export interface VaultPlace {
  /** Something lies there, readable or not. */
  occupied(): boolean;
  /** What is wrong with what lies there. */
  problem(): NacreError | undefined;
  /** Errors: `not_found`, and what opening the file gave. */
  file(): Result<VaultFile>;
  /** Errors: those of `file`, `damaged`. */
  header(): Result<VaultHeader>;
  /** A file that was made there. */
  take(file: VaultFile): void;
  /** Closes the file, lets `place` put another one there, and opens that. */
  replace(place: () => Result<void>): Result<VaultFile>;
  close(): void;
}

export function createVaultPlace(path: string): VaultPlace {
  let file: VaultFile | undefined;
  let problem: NacreError | undefined;
  const open = () => {
    const opened = openVaultFile(path);
    file = opened.ok ? opened.value : undefined;
    problem = opened.ok || opened.error.code === 'not_found' ? undefined : opened.error;
    return opened;
  };
  open();
  const place: VaultPlace = {
    occupied: () => file !== undefined || problem !== undefined,
    problem: () => problem,
    file() {
      if (problem !== undefined) return { ok: false, error: problem };
      return file === undefined ? err('not_found', `There is no vault at ${path}.`, { hint: 'Create one.' }) : ok(file);
    },
    header() {
      const at = place.file();
      if (!at.ok) return at;
      const text = at.value.readHeader();
      return text.ok ? readHeader(text.value) : text;
    },
    take(made) {
      file = made;
      problem = undefined;
    },
    replace(put) {
      place.close();
      const placed = put();
      if (placed.ok) return open();
      // As before: what could not be placed is not there, and what was there is not open any more.
      problem = placed.error.code === 'not_found' ? undefined : placed.error;
      return placed;
    },
    close() {
      file?.close();
      file = undefined;
    },
  };
  return place;
}
