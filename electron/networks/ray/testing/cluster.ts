import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { z } from 'zod';

const clusterSchema = z.object({
  url: z.string(),
  tokenPath: z.string(),
  directory: z.string(),
  head: z.number(),
  workers: z.array(z.object({ name: z.string(), pid: z.number(), agentPort: z.number() })),
  pids: z.array(z.object({ pid: z.number(), what: z.string() })),
});
/** A real Ray head and workers, and beside each worker the agent of a SIMULATED node. */
export type RayCluster = z.output<typeof clusterSchema>;

/** @param workers names of nodes of the local network */
export async function startCluster(
  folder: string,
  workers: readonly string[],
): Promise<{ cluster: RayCluster; stop(): Promise<void> }> {
  const flags = ['electron/tooling/ray-cluster.mjs', '--folder', folder, '--workers', workers.join(',')];
  const supervisor = spawn(process.execPath, flags, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(supervisor, 'exit');
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: supervisor.stdout }).once('line', resolve);
    void ended.then(([code]) => reject(new Error(`the cluster ended with exit code ${String(code)}`)));
  });
  return {
    cluster: clusterSchema.parse(JSON.parse(line)),
    async stop() {
      supervisor.stdin.end();
      await ended;
    },
  };
}
