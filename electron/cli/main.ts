import { err } from '../contract/result.ts';
import { exitCodes, reportError, type CommandIo } from './command.ts';
import { commands } from './commands.ts';
import { createTerminal } from './terminal.ts';

/** Runs one command line. @returns the exit code; what is printed goes through `io`. */
export async function runCommandLine(args: readonly string[], io: CommandIo): Promise<number> {
  const [word, ...rest] = args;
  if (word === undefined || word === 'help' || word === '--help' || word === '-h') {
    io.out(helpText());
    return word === undefined ? exitCodes.usage : exitCodes.ok;
  }
  const command = commands.find(({ name }) => name === word);
  if (command === undefined) {
    const hint = `It knows ${commands.map(({ name }) => name).join(', ')}.`;
    return reportError(io, err('invalid_input', `nacre does not know ${JSON.stringify(word)}.`, { hint }).error);
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    io.out(command.usage);
    return exitCodes.ok;
  }
  try {
    return await command.run(rest, io);
  } catch (error) {
    // A command answers with results; what lands here is a bug, and its text may hold what the user typed: the class is enough.
    const kind = error instanceof Error ? error.name : typeof error;
    const hint = 'This is a bug in Nacre. Set NODE_DEBUG=nacre to see where it happened.';
    if (process.env['NODE_DEBUG']?.includes('nacre') === true) io.note(`${(error as Error).stack ?? String(error)}\n`);
    return reportError(io, err('internal', `nacre ${word} failed inside (${kind}).`, { hint }).error);
  }
}

function helpText(): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return `nacre COMMAND [OPTIONS]

Confidential training on GPU nodes that nobody has to trust.

${lines.join('\n')}

nacre COMMAND --help shows what a command takes.
Exit codes: 0 done, 1 refused or a check failed, 2 wrong use, 3 unavailable, 70 a bug in Nacre.
`;
}

if (import.meta.main) {
  const stop = new AbortController();
  // The first signal asks the command to stop cleanly; a second one ends the process as usual.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  process.exitCode = await runCommandLine(process.argv.slice(2), createTerminal(stop.signal));
}
