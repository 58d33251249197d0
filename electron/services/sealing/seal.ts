import type { SealProgress, DatasetSchema, Manifest } from '../../contract/sealed.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import type { RandomBytes, Recipient } from '../../domain/sealed/recipients.ts';
import { startSealing } from '../../domain/sealed/sealer.ts';
import { chunkSize, sealedStreamSize } from '../../domain/sealed/stream.ts';
import { headerDigest } from './age-file.ts';
import { createManifest, partDigests, partSizeFor } from './manifest.ts';
import { createPartialFile, type PartialFile } from './partial-file.ts';
import { runTask } from './pool-run.ts';
import { createProgressMeter, type Clock, type ProgressMeter } from './progress.ts';
import { createControl, segmentChunks, type SealingPool } from './segment-task.ts';
import { planSource, type SourcePlan } from './source-plan.ts';

export interface SealRequest {
  readonly path: string;
  readonly recipients: readonly Recipient[];
  readonly out: string;
  /** Also hash the sealed parts and make a manifest. */
  readonly manifest: boolean;
  /** Name in the manifest; the last part of the path unless given. */
  readonly name?: string;
  readonly schema?: DatasetSchema;
  readonly partSize?: number;
  readonly overwrite: boolean;
  readonly onProgress?: (progress: SealProgress) => void;
  readonly signal?: AbortSignal;
}

export interface Sealed {
  readonly path: string;
  readonly kind: 'file' | 'folder';
  readonly files: number;
  readonly plainBytes: number;
  readonly sealedBytes: number;
  readonly ageHeaderSha256: string;
  readonly manifest?: Manifest;
}

export interface SealTools {
  readonly poolFor: (bytes: number) => SealingPool;
  readonly random: RandomBytes;
  readonly clock: Clock;
}

const segmentBytes = segmentChunks * chunkSize;

/**
 * Seals a file or folder into one age file: planned, sealed segment by segment into a partial file, hashed, named. On any
 * error, and on cancellation, nothing stays. Errors: see `planSource`, `createPartialFile`, `taskError`; `cancelled`.
 */
export async function sealFile(request: SealRequest, tools: SealTools): Promise<Result<Sealed>> {
  const plan = await planSource(request.path, request.signal);
  if (!plan.ok) return plan;
  const { layout } = plan.value;
  const started = startSealing(request.recipients, tools.random);
  if (!started.ok) return started;
  const { prefix, headerLength, key } = started.value;
  const sealedBytes = prefix.length + sealedStreamSize(layout.plainBytes);
  const file = await createPartialFile(request.out, { size: sealedBytes, overwrite: request.overwrite, mode: 0o644 });
  if (!file.ok) return file;
  try {
    const work = layout.plainBytes + (request.manifest ? sealedBytes : 0);
    const meter = createProgressMeter(work, tools.clock, request.onProgress);
    const pool = tools.poolFor(layout.plainBytes);
    const written = await file.value.write(prefix, 0);
    if (!written.ok) return written;
    const sealed = await runTask(
      pool,
      {
        kind: 'seal',
        control: createControl(),
        source: layout,
        key,
        out: file.value.descriptor,
        outOffset: prefix.length,
      },
      {
        places: { from: request.path, to: request.out },
        meter,
        bytesDone: (done) => Math.min(done * segmentBytes, layout.plainBytes),
        signal: request.signal,
      },
    );
    key.fill(0);
    if (!sealed.ok) return sealed;
    const digest = headerDigest(prefix.subarray(0, headerLength));
    const manifest = request.manifest
      ? await makeManifest(request, tools, { plan: plan.value, file: file.value, sealedBytes, digest, meter, pool })
      : undefined;
    if (manifest !== undefined && !manifest.ok) return manifest;
    if (request.signal?.aborted === true) return err('cancelled', 'Cancelled; nothing was kept.');
    const committed = await file.value.commit();
    if (!committed.ok) return committed;
    meter.finish();
    return ok({
      path: request.out,
      kind: plan.value.kind,
      files: plan.value.files,
      plainBytes: layout.plainBytes,
      sealedBytes,
      ageHeaderSha256: digest,
      ...(manifest === undefined ? {} : { manifest: manifest.value }),
    });
  } finally {
    await file.value.discard();
  }
}

async function makeManifest(
  request: SealRequest,
  tools: SealTools,
  sealed: {
    plan: SourcePlan;
    file: PartialFile;
    sealedBytes: number;
    digest: string;
    meter: ProgressMeter;
    pool: SealingPool;
  },
): Promise<Result<Manifest>> {
  const { plan, sealedBytes } = sealed;
  const { plainBytes } = plan.layout;
  const partSize = request.partSize ?? partSizeFor(sealedBytes);
  const parts = await hashParts(sealed.pool, {
    file: sealed.file.descriptor,
    bytes: sealedBytes,
    partSize,
    path: request.out,
    meter: { ...sealed.meter, report: (bytes) => sealed.meter.report(plainBytes + bytes) },
    signal: request.signal,
  });
  if (!parts.ok) return parts;
  return createManifest({
    name: request.name ?? plan.name,
    kind: plan.kind,
    sealedBytes,
    plainBytes,
    partSize,
    parts: parts.value,
    ageHeaderSha256: sealed.digest,
    recipients: request.recipients.map(({ text }) => text).filter((text) => text !== undefined),
    ...(request.schema === undefined ? {} : { schema: request.schema }),
    now: tools.clock(),
  });
}

/** SHA-256 of every part of an open file, hex. Errors: those of `taskError`, `cancelled`. */
export async function hashParts(
  pool: SealingPool,
  options: {
    readonly file: number;
    readonly bytes: number;
    readonly partSize: number;
    readonly path: string;
    readonly meter: ProgressMeter;
    readonly signal: AbortSignal | undefined;
  },
): Promise<Result<string[]>> {
  const { file, bytes, partSize, path, meter, signal } = options;
  const digests = new SharedArrayBuffer(Math.ceil(bytes / partSize) * 32);
  const hashed = await runTask(
    pool,
    { kind: 'hash', control: createControl(), file, bytes, partSize, digests },
    { places: { from: path, to: path }, meter, bytesDone: (done) => Math.min(done * partSize, bytes), signal },
  );
  return hashed.ok ? ok(partDigests(digests)) : hashed;
}
