import { closeSync, existsSync, fstatSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export interface RotatingFile {
  /** Appends one line. Never throws: a full disk must not stop a training run. */
  write(line: string): void;
  /** Lines that could not be written since the start. */
  lost(): number;
  close(): void;
}

/**
 * A log file that is renamed to FILE.1, FILE.2 … when it would grow past `maximumBytes`; the oldest goes.
 * Lines are written at once: what happened right before a crash is in the file.
 */
export function createRotatingFile(path: string, options: { maximumBytes: number; keep: number }): RotatingFile {
  const { maximumBytes, keep } = options;
  let file: number | undefined;
  let size = 0;
  let lost = 0;
  let closed = false;

  const open = (): number => {
    if (file !== undefined) return file;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    file = openSync(path, 'a', 0o600);
    size = fstatSync(file).size;
    return file;
  };
  const release = () => {
    if (file !== undefined) closeSync(file);
    file = undefined;
  };
  const rotate = () => {
    release();
    rmSync(`${path}.${keep}`, { force: true });
    for (let index = keep - 1; index >= 1; index--) {
      if (existsSync(`${path}.${index}`)) renameSync(`${path}.${index}`, `${path}.${index + 1}`);
    }
    renameSync(path, `${path}.1`);
  };

  return {
    write(line) {
      const bytes = Buffer.from(line);
      try {
        if (closed) throw new Error('closed');
        open();
        if (size > 0 && size + bytes.length > maximumBytes) rotate();
        writeSync(open(), bytes);
        size += bytes.length;
      } catch {
        // Counted, shown in settings, and tried afresh with the next line.
        lost += 1;
        release();
      }
    },
    lost: () => lost,
    close() {
      closed = true;
      release();
    },
  };
}
