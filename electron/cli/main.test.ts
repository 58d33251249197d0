import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { err, errorCodes } from '../contract/result.ts';
import { exitCodeOf, exitCodes } from './command.ts';
import { commands } from './commands.ts';
import { runCommandLine } from './main.ts';
import { runNacre } from './testing/process.ts';

let directory = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'nacre-cli-'));
});
afterAll(async () => {
  await rm(directory, { recursive: true });
});

const nacre = (...args: string[]) => runNacre(directory, args);

/** The same command line in this process: for tables of cases. */
async function inProcess(...args: string[]) {
  let out = '';
  let note = '';
  const code = await runCommandLine(args, {
    cwd: directory,
    out: (text) => (out += text),
    note: (text) => (note += text),
    redraws: false,
    secret: async () => err('invalid_input', 'no terminal'),
    signal: new AbortController().signal,
  });
  return { code, out, note };
}

describe('nacre', () => {
  it('lists every command, and each tells its usage', async () => {
    const help = await nacre('--help');
    expect(help.code).toBe(exitCodes.ok);
    expect(new Set(commands.map(({ name }) => name)).size).toBe(commands.length);
    for (const { name, summary, usage } of commands) {
      expect(help.out).toContain(summary);
      expect(usage.startsWith(`nacre ${name}`), name).toBe(true);
    }
    const one = await nacre('launch', '--help');
    expect(one).toMatchObject({ code: 0, note: '' });
    expect(one.out).toContain('nacre launch JOB.json');
  }, 60_000);

  it('names unknown commands, options and words with exit code 2, and prints nothing on stdout', async () => {
    expect(await nacre('frobnicate')).toMatchObject({ code: exitCodes.usage, out: '' });
    for (const [args, named] of [
      [['frobnicate'], '"frobnicate"'],
      [['vault', 'status', '--frobnicate'], '--frobnicate'],
      [['vault', 'explode'], '"explode"'],
      [['runs', 'a', 'b'], '"b"'],
      [['launch'], 'JOB.json is missing'],
      [['settings', 'colour=red'], 'colour=red'],
      [['settings', 'theme=red'], 'theme'],
      [['audit', 'list', '--limit', 'many'], '--limit'],
      [['model', 'export', 'run-1'], '--out DIR'],
    ] as const) {
      const { code, out, note } = await inProcess(...args);
      expect(code, note).toBe(exitCodes.usage);
      expect(out).toBe('');
      expect(note).toContain(named);
      expect(note).toContain('code: invalid_input');
    }
  }, 60_000);

  it('names the place in a bad job file', async () => {
    await writeFile(join(directory, 'job.json'), JSON.stringify({ name: 'x', gpus: 4 }));
    const unknown = await nacre('launch', 'job.json');
    expect(unknown.code).toBe(exitCodes.usage);
    expect(unknown.note).toMatch(/job\.json: /);
    await writeFile(join(directory, 'job.json'), '{');
    expect((await inProcess('launch', 'job.json')).note).toContain('is not JSON');
    expect((await inProcess('launch', 'absent.json')).note).toContain('cannot be read (ENOENT)');
  });

  it('gives every error code one of the exit codes', () => {
    const known = Object.values(exitCodes) as number[];
    for (const code of errorCodes) expect(known.slice(1)).toContain(exitCodeOf(code));
    expect(exitCodeOf('internal')).toBe(70);
    expect(exitCodeOf('integrity')).toBe(1);
    expect(exitCodeOf('unavailable')).toBe(3);
  });
});
