import { join } from 'node:path';
import pino from 'pino';
import type { NacreError } from '../../contract/result.ts';
import { allowedFields, scrub, type LogFields } from './fields.ts';
import { createRotatingFile } from './rotating-file.ts';

export type { LogFields } from './fields.ts';

/** The technical log of the core: JSON lines in the profile. The audit log is another thing and the one that counts. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A result that went wrong: its code and sentence. */
  failure(message: string, error: NacreError, fields?: LogFields): void;
  /** An exception, which is a bug of ours: its type and the lines it passed, never its text. */
  bug(message: string, error: unknown, fields?: LogFields): void;
  /** A logger whose every line carries these fields; with `simulated: true` for all that is simulated. */
  child(fields: LogFields): Logger;
}

export interface LogService extends Logger {
  readonly path: string;
  /** Lines that could not be written. */
  lost(): number;
  close(): void;
}

export interface LogOptions {
  /** The profile; the log is `logs/nacre.log` in it. */
  readonly directory: string;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly level?: 'debug' | 'info' | 'warn' | 'error';
  readonly maximumBytes?: number;
  readonly keep?: number;
}

/** Opens the log. It never fails: what cannot be written is counted. */
export function openLog(options: LogOptions): LogService {
  const path = join(options.directory, 'logs', 'nacre.log');
  const file = createRotatingFile(path, {
    maximumBytes: options.maximumBytes ?? 5 * 1_048_576,
    keep: options.keep ?? 3,
  });
  const writer = pino(
    {
      level: options.level ?? 'info',
      base: null,
      timestamp: () => `,"time":"${new Date(options.clock()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: file.write },
  );
  return { ...createLogger(writer, {}), path, lost: file.lost, close: file.close };
}

type Level = 'debug' | 'info' | 'warn' | 'error';

function createLogger(writer: pino.Logger, bound: LogFields): Logger {
  const write = (level: Level, message: string, fields: LogFields = {}) => {
    // Once simulated, always simulated: a line cannot talk itself out of what its logger is bound to.
    const simulated = bound.simulated === true || fields.simulated === true ? { simulated: true } : {};
    writer[level](allowedFields({ ...bound, ...fields, ...simulated }), scrub(message));
  };
  return {
    debug: (message, fields) => write('debug', message, fields),
    info: (message, fields) => write('info', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    error: (message, fields) => write('error', message, fields),
    failure: (message, error, fields) => write('warn', `${message}: ${error.message}`, { ...fields, code: error.code }),
    bug(message, error, fields) {
      const name = error instanceof Error ? error.name : typeof error;
      const stack = error instanceof Error ? (error.stack ?? '') : '';
      const frames = stack.split('\n').filter((line) => /^\s+at /.test(line));
      write(
        'error',
        `${message}: ${name} ${frames
          .slice(0, 6)
          .map((line) => line.trim())
          .join(' | ')}`,
        {
          ...fields,
          code: 'internal',
        },
      );
    },
    child: (fields) =>
      createLogger(writer, { ...bound, ...fields, ...(bound.simulated === true ? { simulated: true } : {}) }),
  };
}
