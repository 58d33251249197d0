import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { clearChaos, runChaos } from '../core/testing/chaos.ts';

/**
 * `npm run chaos -- [--mib 1024] [--kills 50] [--seed N] [--folder DIR]`: one upload during which sealer, agent and line
 * are killed at random. Ends with 0 when it came whole and cost at most 1.1 times its size.
 */
const { values } = parseArgs({
  options: {
    mib: { type: 'string', default: '1024' },
    kills: { type: 'string', default: '50' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    folder: { type: 'string' },
  },
});
const folder = await mkdtemp(join(values.folder ?? tmpdir(), 'nacre-chaos-'));
process.stdout.write(`seed ${values.seed}, ${values.mib} MiB, ${values.kills} kills\n`);
try {
  const figures = await runChaos({
    folder,
    bytes: Number(values.mib) * 1_048_576,
    partSize: 4 * 1_048_576,
    kills: Number(values.kills),
    seed: Number(values.seed),
    timeoutMs: 3_600_000,
    keepTraffic: false,
  });
  const { kills, sealedBytes, bytesSent, ratio, seconds, sealing, whole } = figures;
  const killed = Object.entries(kills).map(([victim, count]) => `${victim} ${count}`);
  process.stdout.write(`killed: ${killed.join(', ')}; interrupted sealing: ${sealing}\n`);
  process.stdout.write(`${sealedBytes} bytes sealed, ${bytesSent} sent, ratio ${ratio.toFixed(4)}\n`);
  process.stdout.write(`${seconds.toFixed(1)} s, ${whole ? 'whole: the hash is equal' : 'NOT WHOLE'}\n`);
  process.exitCode = whole && ratio <= 1.1 ? 0 : 1;
} finally {
  await clearChaos(folder);
}
