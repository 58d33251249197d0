import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const inCi = process.env['CI'] === 'true' || process.env['CI'] === '1';
const possible = spawnSync('python3', ['--version']).status === 0;

const script = `
import json, os, sys
sys.path.insert(0, 'assets/python')
import nacre_helper as nacre
def fail(path):
    path.write_bytes(b'half')
    raise OSError('disk full')
try:
    nacre.save_checkpoint(1, fail)
except OSError:
    pass
nacre.save_checkpoint(20, lambda path: path.write_bytes(b'whole'))
resume = nacre.resume_point()
print(json.dumps({
    'data': nacre.dataset_file().name,
    'checkpoints': sorted(os.listdir(os.environ['CHECKPOINT_DIR'])),
    'resume': None if resume is None else [str(resume.folder), resume.step],
}))
`;

it.skipIf(!possible && !inCi)(
  'the Python helper finds data, writes checkpoints whole or not at all, and resumes',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'nacre-helper-'));
    try {
      mkdirSync(join(folder, 'data', 'deep'), { recursive: true });
      writeFileSync(join(folder, 'data', 'deep', 'table.csv'), 'a\n1\n');
      const places = { DATASET_DIR: join(folder, 'data'), CHECKPOINT_DIR: join(folder, 'checkpoints') };
      const runIt = (env: Record<string, string>): unknown =>
        JSON.parse(
          execFileSync('python3', ['-B', '-c', script], {
            encoding: 'utf8',
            env: { PATH: process.env['PATH'] ?? '', ...places, ...env },
          }),
        );
      const known = { data: 'table.csv', checkpoints: ['checkpoint-000020.pt'] };
      expect(runIt({})).toEqual({ ...known, resume: null });
      expect(runIt({ RESUME_DIR: '/r', RESUME_STEP: '20' })).toEqual({ ...known, resume: ['/r', 20] });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
