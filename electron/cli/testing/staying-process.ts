import { runCommandLine } from '../main.ts';
import { createTerminal } from '../terminal.ts';

/**
 * `staying-process.ts LINE…`: runs whole command lines one after the other as `nacre` does, words apart by `|`, and then
 * stays, so that its memory can be looked at. Ends when it is killed.
 */
const io = createTerminal(new AbortController().signal);
for (const line of process.argv.slice(2)) {
  const code = await runCommandLine(line.split('|'), io);
  process.stdout.write(`\nended ${code}\n`);
}
setInterval(() => undefined, 60_000);
