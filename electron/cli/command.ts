import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';
import type { CoreOptions } from '../core/core-options.ts';
import { err, ok, type ErrorCode, type NacreError, type Result } from '../contract/result.ts';

/** What a command may touch of the outside: streams and the person at the terminal. Tests give their own. */
export interface CommandIo {
  /** Where relative paths start. */
  readonly cwd: string;
  /** Standard output: results only. With `--json`, exactly one JSON value. */
  out(text: string): void;
  /** Standard error: progress, warnings, errors. */
  note(text: string): void;
  /** True when standard error is a terminal that can redraw its last line. */
  readonly redraws: boolean;
  /**
   * Asks for a secret without echo, or reads the next line of the descriptor given with `--passphrase-fd`. Never from
   * arguments or the environment, where other processes can read it.
   * The bytes are the caller's to wipe; a call of the core does that.
   * Errors: `invalid_input` when there is neither a terminal nor a descriptor; `cancelled`.
   */
  secret(question: string, descriptor: number | undefined): Promise<Result<Uint8Array>>;
  /** Aborted by Ctrl-C: a command stops cleanly and leaves nothing half-written. */
  readonly signal: AbortSignal;
  /** Only tests give it: Argon2id costs more than most commands do. */
  readonly cost?: Pick<CoreOptions, 'kdf' | 'kdfFloor'>;
}

/** One word after `nacre`. */
export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** The whole help text, beginning with the usage line. */
  readonly usage: string;
  /** @returns the exit code. */
  run(args: readonly string[], io: CommandIo): Promise<number>;
}

export const exitCodes = { ok: 0, refused: 1, usage: 2, unavailable: 3, internal: 70 } as const;

const codeToExit: Record<ErrorCode, number> = {
  invalid_input: exitCodes.usage,
  not_found: exitCodes.usage,
  already_exists: exitCodes.usage,
  wrong_state: exitCodes.usage,
  wrong_passphrase: exitCodes.refused,
  locked: exitCodes.refused,
  unavailable: exitCodes.unavailable,
  timeout: exitCodes.unavailable,
  cancelled: exitCodes.unavailable,
  in_use: exitCodes.unavailable,
  disk_full: exitCodes.unavailable,
  not_permitted: exitCodes.unavailable,
  denied_by_policy: exitCodes.refused,
  approval_missing: exitCodes.refused,
  attestation_failed: exitCodes.refused,
  integrity: exitCodes.refused,
  damaged: exitCodes.refused,
  internal: exitCodes.internal,
};

/** Exit code of an error: what kind of action it asks for (DESIGN §10). */
export function exitCodeOf(code: ErrorCode): number {
  return codeToExit[code];
}

/** Message, hint and code on standard error. @returns the exit code. */
export function reportError(io: CommandIo, error: NacreError): number {
  io.note(`nacre: ${error.message}\n`);
  if (error.hint !== undefined) io.note(`hint: ${error.hint}\n`);
  io.note(`code: ${error.code}\n`);
  return exitCodeOf(error.code);
}

/** Options that every command with a profile takes. */
export const profileOptions = {
  profile: { type: 'string' },
  'passphrase-fd': { type: 'string' },
} as const satisfies ParseArgsOptionsConfig;

/** Exactly one JSON value. */
export function printJson(io: CommandIo, value: unknown): void {
  io.out(`${JSON.stringify(value, null, 2)}\n`);
}

/**
 * `parseArgs` of Node, strict, as a result: an unknown option or a missing value is named.
 * @param positionals smallest and largest count of words that are not options, and their names for the error.
 */
export function parseOptions<const O extends ParseArgsOptionsConfig>(
  command: string,
  args: readonly string[],
  options: O,
  positionals: { readonly names: readonly string[]; readonly minimum?: number },
) {
  const usage = (message: string) =>
    err('invalid_input', message, { hint: `nacre ${command} --help shows what it takes.` });
  try {
    const parsed = parseArgs({ args: [...args], options, strict: true, allowPositionals: true });
    const minimum = positionals.minimum ?? positionals.names.length;
    const missing = positionals.names[parsed.positionals.length];
    if (parsed.positionals.length < minimum && missing !== undefined) return usage(`${missing} is missing.`);
    const extra = parsed.positionals[positionals.names.length];
    if (extra !== undefined) return usage(`${command} does not take ${JSON.stringify(extra)}.`);
    return ok({ options: parsed.values, words: parsed.positionals });
  } catch (error) {
    // parseArgs throws a TypeError with a sentence that names the option; its second sentence is advice on "--".
    return usage(
      String((error as Error).message)
        .split('. ')[0]
        ?.replace(/\.?$/, '.') ?? 'Bad options.',
    );
  }
}

/** A whole number given as text. Errors: `invalid_input`, naming the option. */
export function parseCount(option: string, text: string | undefined): Result<number | undefined> {
  if (text === undefined) return ok(undefined);
  return /^\d{1,9}$/.test(text) ? ok(Number(text)) : err('invalid_input', `--${option} takes a whole number.`);
}
