import { spawn } from 'node:child_process';

const main = new URL('../main.ts', import.meta.url).pathname;
const cheapMain = new URL('cheap-main.ts', import.meta.url).pathname;

export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly note: string;
}

/** Runs the real `nacre` process without a terminal. `input` goes to its standard input, which is otherwise closed. */
export function runNacre(cwd: string, args: readonly string[], input?: string): Promise<Outcome> {
  return runEntry(main, cwd, args, input);
}

/** The same with vaults that are cheap to open, which the real one refuses: half of what a process costs is Argon2id. */
export function runCheapNacre(cwd: string, args: readonly string[], input?: string): Promise<Outcome> {
  return runEntry(cheapMain, cwd, args, input);
}

async function runEntry(entry: string, cwd: string, args: readonly string[], input?: string): Promise<Outcome> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', entry, ...args], {
    cwd,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  let out = '';
  let note = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (note += text));
  child.stdin?.end(input);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { code, out, note };
}
