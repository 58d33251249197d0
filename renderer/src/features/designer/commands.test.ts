import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatCommand, parseCommand, readScript, scriptProgram } from './commands.ts';

describe('command lines', () => {
  it('are split without a shell', () => {
    expect(parseCommand('python train.py --name "two words" \'$HOME\'')).toEqual([
      'python',
      'train.py',
      '--name',
      'two words',
      '$HOME',
    ]);
    expect(parseCommand('--name="two words"')).toEqual(['--name=two words']);
    expect(parseCommand("it's")).toEqual(["it's"]);
    expect(parseCommand('  ')).toEqual([]);
  });

  it('are written so that they are read as the same words', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (words) => {
        expect(parseCommand(formatCommand(words))).toEqual(words);
      }),
    );
  });
});

describe('a script of the sealed folder', () => {
  it('is read back from its program, and nothing else is', () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.string()), fc.boolean(), (file, args, install) => {
        expect(readScript(scriptProgram({ file, args, install }))).toEqual({ file, args, install });
      }),
    );
    expect(readScript({ type: 'command', command: ['sh', '-c', 'echo', 'train.py'] })).toBeUndefined();
    expect(readScript({ type: 'command', command: ['python3', 'train.py'] })).toBeUndefined();
  });

  it('is run with its arguments as they are, whatever is in them', () => {
    const folder = mkdtempSync(join(tmpdir(), 'nacre-script-'));
    writeFileSync(join(folder, 'say it.py'), 'import json, sys\nprint(json.dumps(sys.argv[1:]))\n');
    const args = ['--name', 'two words', '$(id)', "it's", '"; exit 1', '*'];
    const { command } = scriptProgram({ file: 'say it.py', args, install: false });
    const [shell = '', ...rest] = command;
    const ran = spawnSync(shell, rest, { env: { PATH: process.env['PATH'], DATASET_DIR: folder }, encoding: 'utf8' });
    rmSync(folder, { recursive: true, force: true });
    expect(ran.stderr).toBe('');
    expect(JSON.parse(ran.stdout)).toEqual(args);
  });
});
