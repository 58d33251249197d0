import type { CommandProgram, Program } from '../../../../electron/contract/job.ts';

/** A script of the sealed folder, as the designer offers it: a command job that needs no shell of the person's own. */
export interface Script {
  /** Path inside the sealed folder. */
  readonly file: string;
  readonly args: readonly string[];
  /** Whether pip installs the folder's requirements.txt first; what the node has already is not fetched. */
  readonly install: boolean;
}

// The shell only puts DATASET_DIR in front: script and arguments are its parameters, so that it reads nothing into them.
const run = 'exec python3 "$DATASET_DIR/$0" "$@"';
const packages = '"$HOME/packages"';
const installFirst = [
  `python3 -m pip install --quiet --no-input --disable-pip-version-check --prefix ${packages} --requirement "$DATASET_DIR/requirements.txt"`,
  `export PYTHONPATH="$(echo ${packages}/lib/python3*/site-packages)"`,
  run,
].join(' && ');

/** The program of an order that runs a script. */
export function scriptProgram({ file, args, install }: Script): CommandProgram {
  return { type: 'command', command: ['sh', '-c', install ? installFirst : run, file, ...args] };
}

/** The script that a program runs; undefined for anything that `scriptProgram` did not make. */
export function readScript(program: Program): Script | undefined {
  if (program.type !== 'command') return undefined;
  const [shell, flag, text, file, ...args] = program.command;
  if (shell !== 'sh' || flag !== '-c' || file === undefined || (text !== run && text !== installFirst))
    return undefined;
  return { file, args, install: text === installFirst };
}

const wordPieces = /"([^"]*)"|'([^']*)'|([^\s"']+|["'])/g;

/** Splits a command line at blanks; quotes keep a part together. Nothing is expanded: no shell reads it. */
export function parseCommand(text: string): string[] {
  const words: string[] = [];
  let end = -1;
  for (const match of text.matchAll(wordPieces)) {
    const piece = match[1] ?? match[2] ?? match[3] ?? '';
    // A piece that touches the one before belongs to the same word: --name="two words".
    if (match.index === end) words.push((words.pop() ?? '') + piece);
    else words.push(piece);
    end = match.index + match[0].length;
  }
  return words;
}

/** The line that `parseCommand` reads as these words. */
export function formatCommand(words: readonly string[]): string {
  return words.map(quoted).join(' ');
}

function quoted(word: string): string {
  if (word !== '' && !/[\s"']/.test(word)) return word;
  if (!word.includes("'")) return `'${word}'`;
  if (!word.includes('"')) return `"${word}"`;
  return word
    .split("'")
    .map((piece) => `'${piece}'`)
    .join(`"'"`);
}
