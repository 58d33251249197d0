import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { err, ok, type NacreError, type Result } from '../../contract/result.ts';
import type { Artifact } from '../../contract/wire.ts';
import type { NodeClient, RunPorts } from './ports.ts';
import type { RunState } from './run-state.ts';

/** Sealed checkpoints kept of one run; older ones are dropped from the list, not from the disk of the node. */
const checkpointsKept = 1000;

/** Fetches what signed telemetry announced, one file at a time, while the run goes on. */
export interface SealedFiles {
  announce(artifact: Artifact): void;
  /** Waits until all announced files are here. Errors: those of the last fetch that failed for good. */
  settle(): Promise<Result<void>>;
}

/**
 * Only names, sizes and digests from checked frames are believed. A checkpoint that cannot be had is a warning; the
 * model decides the run, and is asked for by `settle`.
 */
export function createSealedFiles(
  state: RunState,
  client: NodeClient,
  ports: RunPorts,
  signal: AbortSignal,
): SealedFiles {
  const { id: runId, jobId } = state.record.view;
  const attempt = state.record.order.attempt?.number ?? 1;
  // An attempt that trains steps again makes checkpoints of the same names.
  const folder = attempt === 1 ? ports.folderOf(runId) : join(ports.folderOf(runId), `attempt-${attempt}`);
  let queue: Promise<void> = Promise.resolve();
  let failure: NacreError | undefined;

  const fetch = async (artifact: Artifact): Promise<void> => {
    const path = join(folder, artifact.name);
    const made = await makeFolder(folder);
    const fetched = made.ok
      ? await ports.transfers.download({
          runId,
          source: client,
          jobId,
          artifact,
          path,
          limitMbps: state.record.view.draft.bandwidthLimitMbps,
          signal,
        })
      : made;
    if (!fetched.ok) {
      state.event({
        kind: 'warning',
        digest: artifact.sha256,
        message: `${artifact.name} could not be fetched: ${fetched.error.message}`,
      });
      // A file with other bytes than the signed ones is no mishap of the line.
      if (artifact.kind === 'model' || fetched.error.code === 'integrity') failure ??= fetched.error;
      return;
    }
    if (artifact.kind === 'checkpoint') {
      const { name, sha256 } = artifact;
      const logged = ports.audit('checkpoint-received', runId, { jobId, name, sha256 }, state.record.view.simulated);
      if (!logged.ok) failure ??= logged.error;
    }
    const at = new Date(ports.clock()).toISOString();
    state.change((record) => {
      record.artifacts = [...record.artifacts.filter((known) => known.path !== path), { ...artifact, path }];
      if (artifact.kind === 'model') {
        record.view.modelSha256 = artifact.sha256;
        record.view.modelPath = path;
        return;
      }
      record.view.checkpoints = [
        ...record.view.checkpoints.filter(({ sha256 }) => sha256 !== artifact.sha256),
        { name: artifact.name, step: artifact.step ?? 0, bytes: artifact.bytes, sha256: artifact.sha256, at },
      ].slice(-checkpointsKept);
    }, true);
    state.event({
      kind: artifact.kind === 'model' ? 'artifact' : 'checkpoint',
      digest: artifact.sha256,
      message:
        artifact.kind === 'model'
          ? 'The sealed model is here, as its signed telemetry announced it.'
          : `Sealed checkpoint of step ${artifact.step ?? 0} is here.`,
    });
  };

  return {
    announce(artifact) {
      if (state.record.artifacts.some(({ name, sha256 }) => name === artifact.name && sha256 === artifact.sha256))
        return;
      queue = queue.then(() => fetch(artifact));
    },
    async settle() {
      await queue;
      return failure === undefined ? ok(undefined) : { ok: false, error: failure };
    },
  };
}

async function makeFolder(folder: string): Promise<Result<void>> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return ok(undefined);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return code === 'ENOSPC'
      ? err('disk_full', `The disk is full; ${folder} could not be made.`)
      : err('not_permitted', `${folder} could not be made (${code}).`);
  }
}
