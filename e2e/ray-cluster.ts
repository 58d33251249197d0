import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';

const root = path.resolve(import.meta.dirname, '..');

/** What ray-cluster.mjs prints of the cluster that it started. */
export interface RayCluster {
  readonly url: string;
  readonly tokenPath: string;
  /** directory.json of the SIMULATED agents beside its nodes. */
  readonly directory: string;
}

interface StartedCluster {
  readonly ready: Promise<RayCluster>;
  readonly stop: () => Promise<void>;
}

/** Whether Ray can run here; where it cannot, only CI insists. */
export function canHaveRay(): boolean {
  const supported = 'import sys; sys.exit(0 if (3, 10) <= sys.version_info[:2] <= (3, 13) else 1)';
  return process.platform === 'linux' && spawnSync('python3', ['-c', supported]).status === 0;
}

/** A real Ray head with a worker beside each of these SIMULATED nodes; it ends with this process at the latest. */
export function startRay(folder: string, workers: readonly string[]): StartedCluster {
  const script = path.join(root, 'electron', 'tooling', 'ray-cluster.mjs');
  const flags = [script, '--folder', folder, '--workers', workers.join(',')];
  const child = spawn(process.execPath, flags, { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] });
  const over = once(child, 'exit');
  const ready = new Promise<RayCluster>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', (line) => resolve(JSON.parse(line) as RayCluster));
    void over.then(([code]) => reject(new Error(`the Ray cluster ended with exit code ${String(code)}`)));
  });
  // A test that fails before it comes to the cluster says why itself.
  ready.catch(() => undefined);
  return {
    ready,
    async stop() {
      child.stdin.end();
      await over;
    },
  };
}
