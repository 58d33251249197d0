import { mkdir } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { NodeFault } from '../contract/local-network.ts';
import { verifyEd25519 } from '../domain/dsse/dsse.ts';
import { loadCipher } from './cipher.ts';
import type { EvidenceProvider } from './evidence/provider.ts';
import { Sessions } from './evidence/sessions.ts';
import type { TlsIdentity } from './evidence/tls-identity.ts';
import { BuiltinRunner } from './job/builtin-runner.ts';
import { CommandRunner } from './job/command-runner.ts';
import type { GpuTelemetry } from './job/gpu-simulation.ts';
import { JobManager } from './job/job-manager.ts';
import { AccessBook } from './server/access.ts';
import { createAgentServer } from './server/server.ts';
import { DatasetStore } from './storage/dataset-store.ts';
import { wipe, Workspace } from './storage/workspace.ts';

const agentVersion = '0.1.0';
/** Sealed bytes kept for later runs, unless configured. */
const keptBytes = 256 * 1024 ** 3;

export interface AgentOptions {
  readonly node: string;
  /** On disk: sealed parts and sealed artifacts only. */
  readonly workFolder: string;
  /** Memory-backed file system for plaintext, `/dev/shm`; where it is none, plaintext stays in the process. */
  readonly memoryFolder: string;
  readonly provider: EvidenceProvider;
  readonly gpus: GpuTelemetry;
  readonly tls: TlsIdentity;
  /** The TLS key that evidence names: `tls.spkiSha256`, unless a fault lies about it. */
  readonly attestedTlsSpkiSha256: () => string;
  /** The module that runs as the trainer's thread. */
  readonly workerEntry: URL;
  readonly fault: () => NodeFault;
  readonly clock: () => Date;
  /** Sealed bytes of datasets kept at most. */
  readonly keptBytes?: number;
  /** 0 takes any free port. */
  readonly port: number;
}

export interface Agent {
  readonly port: number;
  /** Stops jobs at once, wipes plaintext, closes every connection. */
  close(): Promise<void>;
}

/** Starts an agent on 127.0.0.1. */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  await mkdir(options.workFolder, { recursive: true, mode: 0o700 });
  // Artifacts of earlier processes: their jobs are unknown now, so nobody can fetch them any more.
  const artifactFolder = join(options.workFolder, 'artifacts');
  await wipe(artifactFolder);
  const workspace = await Workspace.open(options.memoryFolder);
  const datasets = await DatasetStore.open({
    folder: join(options.workFolder, 'datasets'),
    verify: verifyEd25519,
    keptBytes: options.keptBytes ?? keptBytes,
  });
  const sessions = new Sessions(options.provider, options.attestedTlsSpkiSha256, options.clock);
  const shared = {
    node: options.node,
    agentVersion,
    simulated: options.provider.simulated,
    sessions,
    access: new AccessBook(options.tls.spkiSha256, verifyEd25519, options.clock),
    datasets,
    gpus: options.gpus,
  };
  const jobs = new JobManager({
    ...shared,
    measurement: options.provider.measurement,
    artifactFolder,
    cipher: loadCipher(),
    verify: verifyEd25519,
    makeRunner: (program) =>
      program.type === 'builtin'
        ? new BuiltinRunner(program, options.workerEntry)
        : new CommandRunner(program, workspace),
    clock: options.clock,
  });
  const server = createAgentServer({ ...shared, jobs, tls: options.tls, fault: options.fault });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      await jobs.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await workspace.close();
    },
  };
}
