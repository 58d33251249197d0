import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clearChaos, plainMarker, runChaos } from './testing/chaos.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nacre-chaos-'));
});
afterAll(() => clearChaos(folder));

/** The short version of `npm run chaos`. */
it('an upload during which sealer, agent and line are killed ends whole, at little cost, and never in the clear', async () => {
  const seed = Number(process.env['NACRE_CHAOS_SEED'] ?? 7);
  const figures = await runChaos({
    folder,
    bytes: 24 * 1_048_576,
    partSize: 1_048_576,
    kills: 8,
    seed,
    timeoutMs: 100_000,
    keepTraffic: true,
  });
  const { kills, ratio, seconds, traffic } = figures;
  process.stdout.write(
    `chaos seed ${seed}: ${JSON.stringify(kills)}, ratio ${ratio.toFixed(3)}, ${seconds.toFixed(1)} s\n`,
  );
  expect(kills.sealer + kills.agent + kills.link).toBe(8);
  expect(figures.whole).toBe(true);
  // Three kills a 9 MiB, each costs up to four pieces of 256 KiB: the limit of 1.1 is for 50 kills of 1 GiB.
  expect(ratio).toBeLessThanOrEqual(1.3);
  expect(traffic.length).toBeGreaterThan(figures.sealedBytes);
  expect(traffic.includes(plainMarker)).toBe(false);
  let looked = 0;
  for (const name of await readdir(figures.agentFolder, { recursive: true, withFileTypes: true })) {
    if (!name.isFile()) continue;
    expect((await readFile(join(name.parentPath, name.name))).includes(plainMarker), name.name).toBe(false);
    looked += 1;
  }
  expect(looked).toBeGreaterThan(24);
  const plain = execFileSync('age', ['-d', '-i', join(folder, 'identity'), figures.sealedPath], { maxBuffer: 2 ** 26 });
  expect(plain.includes(plainMarker)).toBe(true);
  expect(createHash('sha256').update(plain).digest('hex')).toBe(figures.plainSha256);
}, 120_000);
