import { createHash, timingSafeEqual } from 'node:crypto';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { err, ok, type Result } from '../../contract/result.ts';
import { wireLimits, type Artifact } from '../../contract/wire.ts';
import { leafHash, merkleRoot } from '../../domain/merkle/merkle.ts';
import {
  createBackOff,
  createMeter,
  createWorkClock,
  defaultParallel,
  defaultPatience,
  stopped,
  type TransferFigures,
  type TransferOptions,
} from './transfer.ts';

/** The calls of an agent that a download needs; see networks/agent-client. */
export interface DownloadSource {
  readonly node: string;
  artifactParts(jobId: string, name: string, signal?: AbortSignal): Promise<Result<readonly string[]>>;
  readArtifact(
    jobId: string,
    name: string,
    range: { readonly from: number; readonly until: number },
    onPiece: (piece: Uint8Array) => Promise<void>,
    signal?: AbortSignal,
  ): Promise<Result<void>>;
  wire(): { readonly sent: number; readonly received: number };
}

export interface DownloadOptions extends TransferOptions {
  readonly source: DownloadSource;
  readonly jobId: string;
  /** As signed telemetry announced it. */
  readonly artifact: Artifact;
  /** Its name once it is whole; until then `PATH.partial` is there. */
  readonly path: string;
}

interface Plan {
  readonly size: number;
  readonly digests: readonly string[];
}

/**
 * Fetches a sealed artifact a few parts at a time. Each part is compared with the hash that the signed telemetry fixes
 * when it has come, and the file once more as a whole before it gets its name. A line that breaks is taken up at the byte
 * where it broke; a desk that was closed finds the good parts of `PATH.partial` by reading them again.
 * Errors: `integrity` (then nothing is kept), `cancelled`, `disk_full`, `not_permitted`, what the node answers, and
 * `unavailable` or `timeout` when nothing gets through any more (then what is there is kept).
 */
export async function downloadArtifact(options: DownloadOptions): Promise<Result<TransferFigures>> {
  const { artifact, path, source } = options;
  if (artifact.bytes > wireLimits.artifactBytes) return mismatch(options);
  const before = source.wire();
  const back = createBackOff(options.patience ?? defaultPatience, options.signal);
  const plan = await planParts(options, back);
  if (!plan.ok) return plan;
  const partial = `${path}.partial`;
  let file: FileHandle | undefined;
  try {
    file = await openPartial(partial);
    const fetched = await fetchParts(options, plan.value, file, back);
    if (fetched.ok) await file.sync();
    await file.close();
    file = undefined;
    if (!fetched.ok) {
      if (fetched.error.code === 'integrity') await rm(partial, { force: true });
      return fetched;
    }
    await rename(partial, path);
    const folder = await open(dirname(path), 'r');
    await folder.sync().finally(() => folder.close());
    const wire = source.wire();
    return ok({
      ...fetched.value,
      bytes: artifact.bytes,
      bytesSent: wire.sent - before.sent,
      bytesReceived: wire.received - before.received,
      breaks: back.breaks(),
    });
  } catch (error) {
    return diskError(path, error);
  } finally {
    await file?.close();
  }
}

type BackOff = ReturnType<typeof createBackOff>;

/** The hashes of the parts, which must hash to the root in the signed telemetry. */
async function planParts(options: DownloadOptions, back: BackOff): Promise<Result<Plan>> {
  const { artifact, source, jobId, signal } = options;
  const { parts } = artifact;
  if (parts === undefined) return ok({ size: Math.max(1, artifact.bytes), digests: [artifact.sha256] });
  for (;;) {
    if (signal.aborted) return stopped();
    const listed = await source.artifactParts(jobId, artifact.name, signal);
    if (listed.ok) {
      const count = Math.ceil(artifact.bytes / parts.size);
      const root = merkleRoot(listed.value.map((part) => leafHash(Buffer.from(part, 'hex'))));
      if (listed.value.length !== count || !timingSafeEqual(root, Buffer.from(parts.root, 'hex')))
        return mismatch(options);
      return ok({ size: parts.size, digests: listed.value });
    }
    const again = await back.after(listed.error);
    if (!again.ok) return again;
  }
}

async function fetchParts(
  options: DownloadOptions,
  plan: Plan,
  file: FileHandle,
  back: BackOff,
): Promise<Result<Pick<TransferFigures, 'bytesPresent' | 'seconds' | 'limitedSeconds'>>> {
  const { artifact, source, jobId, signal, limit, parallel = defaultParallel } = options;
  const work = createWorkClock(options);
  const sizeOf = (index: number) => Math.min(plan.size, artifact.bytes - index * plan.size);
  const missing = await findMissing(file, plan, artifact.bytes);
  await file.truncate(artifact.bytes);
  const bytesPresent = artifact.bytes - missing.reduce((sum, index) => sum + sizeOf(index), 0);
  const meter = createMeter(options.clock, artifact.bytes, bytesPresent);
  let done = bytesPresent;
  let limitedMs = 0;
  options.onProgress(meter(done));

  const fetchPart = async (index: number): Promise<Result<void>> => {
    const size = sizeOf(index);
    const start = index * plan.size;
    let refused = false;
    let hash = createHash('sha256');
    let offset = 0;
    for (;;) {
      await work.unpaused();
      if (signal.aborted) return stopped();
      const rate = limit?.rate();
      const slice = rate === undefined ? size - offset : Math.min(size - offset, Math.max(16_384, rate / 4));
      limitedMs += (await limit?.take(slice, signal)) ?? 0;
      if (signal.aborted) return stopped();
      const range = { from: start + offset, until: start + offset + Math.ceil(slice) - 1 };
      const onPiece = async (piece: Uint8Array) => {
        await writeFully(file, piece, start + offset);
        hash.update(piece);
        offset += piece.length;
        done += piece.length;
        back.progress();
        options.onProgress(meter(done));
      };
      const answer = await source.readArtifact(jobId, artifact.name, range, onPiece, signal);
      if (!answer.ok) {
        const again = await back.after(answer.error);
        if (!again.ok) return again;
        continue;
      }
      if (offset < size) continue;
      if (timingSafeEqual(hash.digest(), Buffer.from(plan.digests[index] ?? '', 'hex'))) return ok(undefined);
      if (refused) return mismatch(options);
      // Once may be a mishap of this disk; twice, it is the node.
      refused = true;
      hash = createHash('sha256');
      done -= offset;
      offset = 0;
    }
  };

  let failure: Result<never> | undefined;
  const worker = async () => {
    for (let index = missing.shift(); index !== undefined && failure === undefined; index = missing.shift()) {
      const fetched = await fetchPart(index);
      if (!fetched.ok) failure ??= fetched;
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: Math.max(1, parallel) }, worker));
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
  if (failure !== undefined) return failure;
  const whole = createHash('sha256');
  await readThrough(file, 0, artifact.bytes, (piece) => whole.update(piece));
  if (!timingSafeEqual(whole.digest(), Buffer.from(artifact.sha256, 'hex'))) return mismatch(options);
  return ok({ bytesPresent, seconds: work.seconds(), limitedSeconds: limitedMs / 1000 });
}

/** Parts whose bytes in the file are not the right ones: all of a new file. */
async function findMissing(file: FileHandle, plan: Plan, bytes: number): Promise<number[]> {
  const { size: there } = await file.stat();
  const missing: number[] = [];
  for (const [index, digest] of plan.digests.entries()) {
    const start = index * plan.size;
    const until = Math.min(start + plan.size, bytes);
    const hash = createHash('sha256');
    if (until <= there) await readThrough(file, start, until, (piece) => hash.update(piece));
    if (until > there || !timingSafeEqual(hash.digest(), Buffer.from(digest, 'hex'))) missing.push(index);
  }
  return missing;
}

async function readThrough(
  file: FileHandle,
  from: number,
  until: number,
  onPiece: (piece: Uint8Array) => void,
): Promise<void> {
  const buffer = new Uint8Array(Math.min(1_048_576, Math.max(1, until - from)));
  for (let at = from; at < until;) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, until - at), at);
    if (bytesRead === 0) return;
    onPiece(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
}

async function openPartial(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r+');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return open(path, 'w+', 0o600);
  }
}

async function writeFully(file: FileHandle, piece: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < piece.length;) {
    const { bytesWritten } = await file.write(piece, at, piece.length - at, position + at);
    at += bytesWritten;
  }
}

function mismatch({ artifact, source }: DownloadOptions) {
  return err(
    'integrity',
    `${artifact.name} from node ${source.node} is not the file that its signed telemetry announced.`,
    {
      hint: 'Nothing of it was kept. Do not retry on this node.',
      details: { node: source.node, artifact: artifact.name },
    },
  );
}

function diskError(path: string, error: unknown): Result<never> {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  // Without a code of the system it is no mishap of a disk but a bug, and those are thrown.
  if (code === undefined) throw error;
  if (code === 'ENOSPC' || code === 'EDQUOT') return err('disk_full', `The disk is full; ${path} was not written.`);
  return err('not_permitted', `${path} cannot be written (${code}).`);
}
