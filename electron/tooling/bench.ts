import { readdirSync } from 'node:fs';
import path from 'node:path';

/** `npm run -s bench -- NAME`: runs one measurement of ./bench and prints what it found as JSON. */
const folder = path.join(import.meta.dirname, 'bench');
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  .map((file) => file.slice(0, -3));
const wanted = process.argv[2];

if (wanted === undefined || !names.includes(wanted)) {
  process.stderr.write(`usage: npm run -s bench -- NAME\nnames: ${names.join(', ') || '(none yet)'}\n`);
  process.exitCode = 2;
} else {
  const bench: { run: () => Promise<unknown> } = await import(path.join(folder, `${wanted}.ts`));
  process.stdout.write(`${JSON.stringify(await bench.run(), null, 2)}\n`);
}
