import { closeSync, openSync, read } from 'node:fs';
import { isatty } from 'node:tty';
import { promisify } from 'node:util';
import { err, ok, type Result } from '../contract/result.ts';
import { copySecret, secretBytes } from '../contract/secret-bytes.ts';
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
  return {
    // npm runs scripts in the root of the package; what the person typed is relative to where they stood.
    cwd: (process.env['npm_lifecycle_event'] === 'nacre' ? process.env['INIT_CWD'] : undefined) ?? process.cwd(),
    out: (text) => void process.stdout.write(text),
    note: (text) => void process.stderr.write(text),
    redraws: process.stderr.isTTY,
    signal,
    async secret(question, descriptor) {
      if (descriptor !== undefined) return readLine(descriptor);
      if (!isatty(0) || !process.stdin.isTTY) {
        return err('invalid_input', 'There is no terminal to ask for the passphrase.', {
          hint: 'Give it on a file descriptor: --passphrase-fd 0 <FILE. Arguments and the environment are never read.',
        });
      }
      return askWithoutEcho(question);
    },
  };
}

/** Bytes of one secret as they come, in one place that is overwritten at the end. */
function collectSecret() {
  const room = secretBytes(secretMaximum);
  let length = 0;
  return {
    add(byte: number) {
      if (length < secretMaximum) room[length++] = byte;
    },
    /** Takes the last character back: the bytes of UTF-8 that go on, and the one they go on from. */
    eraseCharacter() {
      while (length > 0 && ((room[length - 1] ?? 0) & 0xc0) === 0x80) room[--length] = 0;
      if (length > 0) room[--length] = 0;
    },
    endsWith: (byte: number) => length > 0 && room[length - 1] === byte,
    isEmpty: () => length === 0,
    take: () => copySecret(room.subarray(0, length)),
    wipe: () => void room.fill(0),
  };
}

/**
 * The next line of a descriptor. One byte at a time: nothing is read that belongs to the next secret or to somebody else,
 * and no stream keeps buffers of it.
 */
async function readLine(descriptor: number): Promise<Result<Uint8Array>> {
  const secret = collectSecret();
  const one = secretBytes(1);
  let ended = false;
  try {
    for (;;) {
      const { bytesRead } = await readDescriptor(descriptor, one, 0, 1, null);
      ended = bytesRead === 0;
      if (ended || one[0] === 10) break;
      secret.add(one[0] ?? 0);
    }
    if (ended && secret.isEmpty()) {
      return err('invalid_input', `File descriptor ${descriptor} holds no line for this passphrase.`);
    }
    if (secret.endsWith(13)) secret.eraseCharacter();
    return ok(secret.take());
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    return err('invalid_input', `File descriptor ${descriptor} cannot be read (${code}).`);
  } finally {
    secret.wipe();
    one.fill(0);
  }
}

const key = { enter: [13, 10], cancel: [3, 4], erase: [127, 8] } as const;

/** Asks at the terminal; what is typed goes from the system into one array, never into a string. */
async function askWithoutEcho(question: string): Promise<Result<Uint8Array>> {
  const { stdin, stderr } = process;
  stderr.write(`${question}: `);
  stdin.setRawMode(true);
  const secret = collectSecret();
  try {
    for await (const byte of typedBytes()) {
      if (includes(key.enter, byte)) return ok(secret.take());
      if (includes(key.cancel, byte)) break;
      if (includes(key.erase, byte)) secret.eraseCharacter();
      else secret.add(byte);
    }
    return err('cancelled', 'Nothing was entered.');
  } finally {
    secret.wipe();
    stdin.setRawMode(false);
    stderr.write('\n');
  }
}

const includes = (keys: readonly number[], byte: number) => keys.includes(byte);

/** Bytes as they are typed. Node's own stream over the terminal reads into buffers that it frees without wiping. */
async function* typedBytes(): AsyncGenerator<number, void> {
  if (process.platform === 'win32') return yield* streamedBytes();
  const terminal = openSync('/dev/tty', 'r');
  const one = secretBytes(1);
  try {
    while ((await readDescriptor(terminal, one, 0, 1, null)).bytesRead === 1) yield one[0] ?? 0;
  } finally {
    one.fill(0);
    closeSync(terminal);
  }
}

/** Windows has no terminal to open by a path: its stream's chunks are wiped, copies below them cannot be reached. */
async function* streamedBytes(): AsyncGenerator<number, void> {
  for await (const chunk of process.stdin.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    try {
      yield* chunk;
    } finally {
      chunk.fill(0);
    }
  }
}
