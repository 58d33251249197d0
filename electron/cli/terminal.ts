import { isatty } from 'node:tty';
import { read } from 'node:fs';
import { promisify } from 'node:util';
import { err, ok, type Result } from '../contract/result.ts';
import type { CommandIo } from './command.ts';

const readDescriptor = promisify(read);
/** Bytes of one secret at most; the vault's own limit is lower and says so itself. */
const secretMaximum = 65_536;

/** The process's terminal as a `CommandIo`. */
export function createTerminal(signal: AbortSignal): CommandIo {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // The reader went away (`nacre verify PACK | head`): there is nobody left to print for.
      if (error.code !== 'EPIPE') throw error;
    });
  }
  const readers = new Map<number, LineReader>();
  return {
    // npm runs scripts in the root of the package; what the person typed is relative to where they stood.
    cwd: (process.env['npm_lifecycle_event'] === 'nacre' ? process.env['INIT_CWD'] : undefined) ?? process.cwd(),
    out: (text) => void process.stdout.write(text),
    note: (text) => void process.stderr.write(text),
    redraws: process.stderr.isTTY,
    signal,
    async secret(question, descriptor) {
      if (descriptor !== undefined) {
        const reader = readers.get(descriptor) ?? createLineReader(descriptor);
        readers.set(descriptor, reader);
        return reader();
      }
      if (!isatty(0) || !process.stdin.isTTY) {
        return err('invalid_input', 'There is no terminal to ask for the passphrase.', {
          hint: 'Give it on a file descriptor: --passphrase-fd 0 <FILE. Arguments and the environment are never read.',
        });
      }
      return askWithoutEcho(question);
    },
  };
}

type LineReader = () => Promise<Result<string>>;

/** Reads lines from a descriptor, keeping what follows a line for the next secret. */
function createLineReader(descriptor: number): LineReader {
  let kept = Buffer.alloc(0);
  let ended = false;
  return async () => {
    const chunk = Buffer.alloc(4096);
    try {
      while (!ended && !kept.includes(10) && kept.length < secretMaximum) {
        const { bytesRead } = await readDescriptor(descriptor, chunk, 0, chunk.length, null);
        if (bytesRead === 0) ended = true;
        else kept = Buffer.concat([kept, chunk.subarray(0, bytesRead)]);
      }
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
      return err('invalid_input', `File descriptor ${descriptor} cannot be read (${code}).`);
    } finally {
      chunk.fill(0);
    }
    const end = kept.indexOf(10);
    if (end < 0 && kept.length === 0) {
      return err('invalid_input', `File descriptor ${descriptor} holds no line for this passphrase.`);
    }
    const line = kept
      .subarray(0, end < 0 ? kept.length : end)
      .toString('utf8')
      .replace(/\r$/, '');
    kept = Buffer.from(kept.subarray(end < 0 ? kept.length : end + 1));
    return ok(line);
  };
}

function askWithoutEcho(question: string): Promise<Result<string>> {
  const { stdin, stderr } = process;
  stderr.write(`${question}: `);
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  stdin.resume();
  return new Promise((resolve) => {
    let text = '';
    const finish = (answer: Result<string>): void => {
      stdin.off('data', take);
      stdin.setRawMode(false);
      stdin.pause();
      stderr.write('\n');
      resolve(answer);
    };
    const take = (chunk: string): void => {
      for (const character of chunk) {
        if (character === '\r' || character === '\n') return finish(ok(text));
        if (character === '\u0003' || character === '\u0004') return finish(err('cancelled', 'Nothing was entered.'));
        if (character === '\u007f' || character === '\b') text = [...text].slice(0, -1).join('');
        else if (text.length < secretMaximum) text += character;
      }
      return undefined;
    };
    stdin.on('data', take);
  });
}
