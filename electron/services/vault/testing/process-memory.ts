import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

const step = 1_048_576;

/**
 * Shows `visit` all memory that a process can write to (Linux; our own process or a child), a piece at a time; pieces
 * overlap by `overlap` bytes. One buffer is used again and again, and emptied at the end.
 */
export function visitMemory(pid: number | 'self', overlap: number, visit: (piece: Buffer) => void): void {
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  const window = Buffer.allocUnsafeSlow(step + overlap);
  for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
    const range = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line);
    if (range === null || line.includes('[v')) continue;
    const end = Number.parseInt(range[2] ?? '', 16);
    for (let from = Number.parseInt(range[1] ?? '', 16); from < end; from += step) {
      try {
        visit(window.subarray(0, readSync(memory, window, 0, Math.min(window.length, end - from), from)));
      } catch (error) {
        // A page of the range that is not there; nothing can be read from it by anyone.
        if ((error as NodeJS.ErrnoException).code !== 'EIO') throw error;
      }
    }
  }
  closeSync(memory);
  window.fill(0);
}

/** How often each of these stands in the memory of another process. Overlaps may count one twice. */
export function countInMemory<Name extends string>(
  pid: number,
  patterns: Readonly<Record<Name, Uint8Array>>,
): Record<Name, number> {
  const names = Object.keys(patterns) as Name[];
  const counts = Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
  const longest = Math.max(...names.map((name) => patterns[name].length));
  visitMemory(pid, longest, (piece) => {
    for (const name of names) {
      for (let at = piece.indexOf(patterns[name]); at >= 0; at = piece.indexOf(patterns[name], at + 1))
        counts[name] += 1;
    }
  });
  return counts;
}
