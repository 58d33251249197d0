import { z } from 'zod';
import { openStore } from '../store.ts';

/**
 * A second process for the tests of the store: `profile-process.ts MODE DIRECTORY`.
 * hold: opens and keeps the profile. write: adds rows until it is killed or fails, telling each acknowledged one.
 */
const [mode, directory] = process.argv.slice(2);
if (mode === undefined || directory === undefined) throw new Error('usage: profile-process.ts MODE DIRECTORY');

const say = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`);
const opened = openStore({ directory, clock: Date.now, pid: process.pid });
say(opened.ok ? { opened: true } : { error: opened.error });

if (opened.ok && mode === 'hold') setInterval(() => undefined, 1000);
if (opened.ok && mode === 'write') {
  const runs = opened.value.collection('runs', z.object({ text: z.string(), number: z.number() }));
  const pair = (number: number) =>
    opened.value.transaction(() => {
      const first = runs.put(`a${number}`, { text: 'x'.repeat(2000), number });
      return first.ok ? runs.put(`b${number}`, { text: 'y'.repeat(2000), number }) : first;
    });
  for (let number = 0; ; number++) {
    const written = pair(number);
    say(written.ok ? { written: number } : { error: written.error });
    if (!written.ok) break;
  }
  opened.value.close();
}
