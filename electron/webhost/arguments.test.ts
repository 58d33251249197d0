import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readArguments } from './arguments.ts';

describe('arguments of the web host', () => {
  it('reads what npm start passes on', () => {
    const read = readArguments(['--no-open', '--port', '7777', '--profile', 'here'], '/work');
    const profile = path.resolve('/work', 'here');
    expect(read).toEqual({ ok: true, value: { profile, port: 7777, openBrowser: false } });
    expect(readArguments([], '/work')).toMatchObject({ ok: true, value: { port: 0, openBrowser: true } });
  });

  it.each([
    [['--port', 'abc'], '--port "abc"'],
    [['--port', '70000'], '--port "70000"'],
    [['--port', '-1'], '--port'],
    [['--prot', '1'], '--prot'],
    [['folder'], 'folder'],
  ])('names what is wrong in %j', (args, named) => {
    const read = readArguments(args, '/work');
    expect(read).toMatchObject({
      ok: false,
      error: { code: 'invalid_input', message: expect.stringContaining(named) },
    });
  });
});
