import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { buildPackage, packageLimit } from './package.ts';

const text = (value: string) => new TextEncoder().encode(value);

it('gives the same bytes and name for the same files in any order, and others for other content', () => {
  const files = [
    { path: 'train.py', bytes: text('print(1)\n') },
    { path: 'lib/größe.py', bytes: text('x = 2\n') },
  ];
  const one = buildPackage(files);
  const two = buildPackage(files.toReversed());
  if (!one.ok || !two.ok) throw new Error('not built');
  expect(two.value).toEqual(one.value);
  expect(one.value.name).toMatch(/^_ray_pkg_[0-9a-f]{32}\.zip$/);
  const other = buildPackage([{ path: 'train.py', bytes: text('print(2)\n') }]);
  expect(other.ok && other.value.name).not.toBe(one.value.name);
});

it('is a zip that Python opens whole, with the files at its root', () => {
  const made = buildPackage([
    { path: 'b/c.txt', bytes: text('deep') },
    { path: 'a.bin', bytes: new Uint8Array(70_000).fill(7) },
    { path: 'empty', bytes: new Uint8Array(0) },
  ]);
  if (!made.ok) throw new Error(made.error.message);
  const folder = mkdtempSync(join(tmpdir(), 'nacre-zip-'));
  try {
    const file = join(folder, 'package.zip');
    writeFileSync(file, made.value.bytes);
    const script =
      'import json,sys,zipfile\nz=zipfile.ZipFile(sys.argv[1])\nassert z.testzip() is None\n' +
      'print(json.dumps([[i.filename,i.file_size] for i in z.infolist()]))';
    const listed: unknown = JSON.parse(execFileSync('python3', ['-c', script, file], { encoding: 'utf8' }));
    expect(listed).toEqual([
      ['a.bin', 70_000],
      ['b/c.txt', 4],
      ['empty', 0],
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it.each(['', '/etc/passwd', '../up', 'a/../../b', 'a//b', 'a\\b', './a', 'nul\0'])('refuses the path %j', (path) => {
  const made = buildPackage([{ path, bytes: text('x') }]);
  expect(made.ok ? 'made' : made.error.code).toBe('invalid_input');
});

it('refuses what is empty, twice, or over the limit, with the figure', () => {
  expect(buildPackage([]).ok).toBe(false);
  const twice = [1, 2].map(() => ({ path: 'a', bytes: text('x') }));
  expect(buildPackage(twice).ok).toBe(false);
  const large = buildPackage([{ path: 'data.bin', bytes: new Uint8Array(packageLimit + 1) }]);
  expect(large.ok ? '' : large.error.message).toContain('100.0 MiB; 100 MiB is the most');
});
