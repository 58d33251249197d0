import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** Characters of one line that another process may send; longer ones are no message of ours. */
const lineMaximum = 1_048_576;

/** Calls back with each line that is JSON; resolves when the stream has ended. Other lines go to `other`. */
export async function readJsonLines(
  stream: Readable,
  take: (value: unknown) => void,
  other: (line: string) => void,
): Promise<void> {
  for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
    if (line.trim() === '') continue;
    const value = line.length > lineMaximum ? undefined : parse(line);
    if (value === undefined) other(line.slice(0, 500));
    else take(value);
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}
