import { resolve } from 'node:path';
import { err, ok, type Result } from '../contract/result.ts';
import type { Behind } from '../contract/recovery.ts';
import type { CommandIo } from './command.ts';
import { textOf } from './secret-text.ts';
import { passphraseDescriptor, type SessionOptions } from './session.ts';

export interface ShareOptions extends SessionOptions {
  /** Files: page of the kit, picture of its code, or text. */
  readonly share?: string[] | undefined;
  /** How many shares are typed. */
  readonly typed?: number | undefined;
}

/** Shares as files, and as typed at the terminal or read as lines of the descriptor. Errors: `invalid_input`. */
export async function askShares(
  io: CommandIo,
  options: ShareOptions,
): Promise<Result<({ text: string } | { path: string })[]>> {
  const given: ({ text: string } | { path: string })[] = (options.share ?? []).map((path) => ({
    path: resolve(io.cwd, path),
  }));
  const descriptor = passphraseDescriptor(options);
  if (!descriptor.ok) return descriptor;
  for (let number = 1; number <= (options.typed ?? 0); number++) {
    const text = await io.secret(`Share ${given.length + 1}, its 26 groups`, descriptor.value);
    if (!text.ok) return text;
    // A share is read by its text form: it becomes a string, which stays until it is collected.
    given.push({ text: textOf(text.value) });
  }
  if (given.length > 0) return ok(given);
  return err('invalid_input', 'No share was given.', { hint: 'Give --share FILE for each, or --typed N.' });
}

/** What a backup does not know, for a person. */
export function behindWords({ entries, acts }: Behind): string {
  if (acts.length === 0) return entries === 0 ? 'nothing' : `nothing that it holds (${entries} further log entries)`;
  return acts.map(({ kind, count }) => `${count} × ${kind}`).join(', ');
}
