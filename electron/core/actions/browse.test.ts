import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { browse } from './browse.ts';

const bundled = { samples: resolve('assets/data'), examples: resolve('assets/python/examples') };

it('begins with the bundled tables and the folders of a script with its data', async () => {
  const listing = await browse(undefined, bundled);
  const names = listing.ok ? listing.value.entries.slice(0, 4).map(({ name, kind }) => `${kind} ${name}`) : [];
  expect(names).toEqual([
    'file breast_cancer.csv',
    'file digits.csv',
    'folder digits-pytorch',
    'folder tiny-lora-pytorch',
  ]);
  const digits = await browse(resolve(bundled.examples, 'digits-pytorch'), bundled);
  expect(digits.ok && digits.value.entries.map(({ name }) => name)).toEqual([
    'digits_ddp.py',
    'digits.csv',
    'requirements.txt',
  ]);
  // One table, kept twice.
  expect(readFileSync(resolve(bundled.examples, 'digits-pytorch/digits.csv'))).toEqual(
    readFileSync(resolve(bundled.samples, 'digits.csv')),
  );
});

it('says what is wrong with a folder that is none', async () => {
  expect(await browse(resolve('assets/none'), bundled)).toMatchObject({ ok: false, error: { code: 'not_found' } });
  expect(await browse(resolve('package.json'), bundled)).toMatchObject({
    ok: false,
    error: { code: 'invalid_input' },
  });
});
