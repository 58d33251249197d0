import { createHash } from 'node:crypto';
import type { SealProgress, DatasetSchema, Manifest } from '../../contract/sealed.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { unwrapFileKey, type Identity } from '../../domain/sealed/identities.ts';
import type { RandomBytes, Recipient } from '../../domain/sealed/recipients.ts';
import { startSealing, type SealedStart } from '../../domain/sealed/sealer.ts';
import { payloadKey, sealedChunkSize, sealedStreamSize } from '../../domain/sealed/stream.ts';
import { headerDigest, openAgeFile } from './age-file.ts';
import { createManifest, partDigests, partSizeFor } from './manifest.ts';
import { createPartialFile, partialName, partialPlace, type PartialFile } from './partial-file.ts';
import { runTask } from './pool-run.ts';
import { createProgressMeter, type Clock, type ProgressMeter } from './progress.ts';
import { claimChunks, createControl, reusedSegments, type SealingPool, type PauseSource } from './segment-task.ts';
import { planSource, type SourcePlan } from './source-plan.ts';
import {
  markedBy,
  markedText,
  removePartial,
  sha256Of,
  takeLeftover,
  type Leftover,
  type Unfinished,
} from './unfinished.ts';

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
  /** A folder: when each file was changed goes into the stream, which then is another one after a `touch`. */
  readonly keepTimes?: boolean;
  /** With an identity of one of the recipients an interrupted run is gone on with, and this one can be; see unfinished.ts. */
  readonly lendIdentities?: LendIdentities;
  /** What runs that may go on with each other's work agree on, where `out` is another name each time. */
  readonly unfinishedName?: string;
  readonly onProgress?: (progress: SealProgress) => void;
  readonly signal?: AbortSignal;
  /** Heeded by data of more than 8 MiB; less is done before anyone could pause it. */
  readonly pause?: PauseSource;
}

export interface Sealed {
  readonly path: string;
  readonly kind: 'file' | 'folder';
  readonly files: number;
  readonly plainBytes: number;
  readonly sealedBytes: number;
  readonly ageHeaderSha256: string;
  /**
   * What became of an interrupted run's file: gone on with (`resumed`); sealed anew under a new key because the content
   * had changed (`changed`), its state could not be read (`damaged`), or it was for other content, recipients or owner
   * (`unusable`).
   */
  readonly earlier: 'none' | 'resumed' | 'changed' | 'damaged' | 'unusable';
  /** Segments of it that did not have to be written again. */
  readonly reusedSegments: number;
  /** Where it was asked for. */
  readonly compression?: 'zstd' | 'not-smaller';
  readonly manifest?: Manifest;
}

/** Lends identities for one piece of work. */
export type LendIdentities = <T>(work: (identities: readonly Identity[]) => Promise<Result<T>>) => Promise<Result<T>>;

export interface SealTools {
  readonly poolFor: (bytes: number) => SealingPool;
  readonly random: RandomBytes;
  readonly clock: Clock;
}

/**
 * Seals a file or folder into one age file: planned, sealed and hashed part by part into a partial file, named. On any
 * error, and on cancellation, nothing stays; after `kill -9` a later call with an identity goes on. Errors: see
 * `planSource`, `createPartialFile`, `taskError`; `cancelled`.
 */
export async function sealFile(request: SealRequest, tools: SealTools): Promise<Result<Sealed>> {
  const plan = await planSource(request.path, request.signal, request.keepTimes);
  if (!plan.ok) return plan;
  const first = await begin(request, tools, plan.value, true);
  if (!first.ok) return first;
  const sealed = await sealStarted(request, tools, plan.value, first.value);
  if (sealed.ok || sealed.error.details?.['reason'] !== 'stale') return sealed;
  const second = await begin(request, tools, plan.value, false);
  if (!second.ok) return second;
  return sealStarted(request, tools, plan.value, { ...second.value, earlier: 'changed' });
}

/** A file to seal into, with its key. */
interface Started {
  readonly prefix: Uint8Array;
  readonly headerLength: number;
  readonly key: Uint8Array;
  readonly file: PartialFile;
  readonly sealedBytes: number;
  readonly earlier: Sealed['earlier'];
}

async function begin(
  request: SealRequest,
  tools: SealTools,
  plan: SourcePlan,
  goOn: boolean,
): Promise<Result<Started>> {
  const lend: LendIdentities = request.lendIdentities ?? ((work) => work([]));
  return lend(async (identities) => {
    const source = planDigest(plan, request.recipients);
    const place = partialPlace(request.out, request.unfinishedName);
    const marker = identities.find(({ mark, recipient }) => {
      return mark !== undefined && request.recipients.some(({ text }) => text !== undefined && text === recipient);
    });
    const usable = (state: Unfinished): boolean =>
      goOn && state.kind === 'seal' && state.source === source && markedBy(state, marker?.mark?.(markedText(state)));
    const found = await takeLeftover(place.folder, place.prefix, usable, () => partialName(place));
    const old = found.taken === undefined ? undefined : await readStart(found.taken, identities);
    if (found.taken !== undefined && old === undefined) await removePartial(found.taken.partial);
    const fresh = old === undefined ? startSealing(request.recipients, tools.random) : ok(old);
    if (!fresh.ok) return fresh;
    const { prefix } = fresh.value;
    const facts = { kind: 'seal', source, prefix: sha256Of(prefix), prefixBytes: prefix.length } as const;
    const sealedBytes = prefix.length + sealedStreamSize(plan.layout.plainBytes);
    const file = await createPartialFile(request.out, {
      size: sealedBytes,
      overwrite: request.overwrite,
      mode: 0o644,
      place,
      state: { facts, mark: marker?.mark?.(markedText(facts)) },
      ...(old === undefined || found.taken === undefined ? {} : { leftover: found.taken }),
    });
    if (!file.ok) return file;
    const unusable =
      found.damaged > 0 ? 'damaged' : found.removed > 0 || found.taken !== undefined ? 'unusable' : 'none';
    const earlier = old === undefined ? unusable : 'resumed';
    return ok({ ...fresh.value, file: file.value, sealedBytes, earlier });
  });
}

/** Header, nonce and key of an interrupted run, when an identity opens them and they are the marked ones. */
async function readStart(leftover: Leftover, identities: readonly Identity[]): Promise<SealedStart | undefined> {
  const opened = await openAgeFile(leftover.partial);
  if (!opened.ok) return undefined;
  await opened.value.close();
  const { header, nonce } = opened.value;
  const prefix = Buffer.concat([header.bytes, nonce]);
  if (prefix.length !== leftover.state.prefixBytes || sha256Of(prefix) !== leftover.state.prefix) return undefined;
  const fileKey = unwrapFileKey(header, identities);
  if (!fileKey.ok) return undefined;
  const key = payloadKey(fileKey.value, nonce);
  fileKey.value.fill(0);
  return { prefix: new Uint8Array(prefix), headerLength: header.length, key };
}

/** All that decides the sealed bytes but the key: content by its stamps, layout, and for whom. */
function planDigest({ layout, kind }: SourcePlan, recipients: readonly Recipient[]): string {
  const hash = createHash('sha256');
  hash.update(JSON.stringify([kind, layout.plainBytes, recipients.map(({ text }) => text ?? null)]));
  for (const { start, name, size, executable, stamp, time } of layout.entries) {
    hash.update(`${JSON.stringify([start, name, size, executable, stamp, time ?? 0])}\n`);
  }
  return hash.digest('hex');
}

async function sealStarted(
  request: SealRequest,
  tools: SealTools,
  plan: SourcePlan,
  started: Started,
): Promise<Result<Sealed>> {
  const { prefix, key, file, sealedBytes, earlier } = started;
  const { layout } = plan;
  try {
    const meter = createProgressMeter(sealedBytes, tools.clock, request.onProgress);
    const partSize = request.partSize ?? partSizeFor(sealedBytes);
    const unit = request.manifest ? partSize : claimChunks * sealedChunkSize;
    const digests = new SharedArrayBuffer(Math.ceil(sealedBytes / partSize) * 32);
    const control = createControl();
    const written = await file.write(prefix, 0);
    if (!written.ok) return written;
    const sealed = await runTask(
      tools.poolFor(layout.plainBytes),
      {
        kind: 'seal',
        control,
        source: layout,
        key,
        out: file.descriptor,
        prefix,
        ...(request.manifest ? { parts: { size: partSize, digests } } : {}),
        resume: earlier === 'resumed',
      },
      {
        places: { from: request.path, to: request.out },
        meter,
        bytesDone: (done) => Math.min(done * unit, sealedBytes),
        signal: request.signal,
        pause: request.pause,
      },
    );
    key.fill(0);
    if (!sealed.ok) return sealed;
    const digest = headerDigest(prefix.subarray(0, started.headerLength));
    const manifest = request.manifest
      ? createManifest({
          name: request.name ?? plan.name,
          kind: plan.kind,
          sealedBytes,
          plainBytes: layout.plainBytes,
          partSize,
          parts: partDigests(digests),
          ageHeaderSha256: digest,
          recipients: request.recipients.map(({ text }) => text).filter((text) => text !== undefined),
          ...(request.schema === undefined ? {} : { schema: request.schema }),
          now: tools.clock(),
        })
      : undefined;
    if (manifest !== undefined && !manifest.ok) return manifest;
    if (request.signal?.aborted === true) return err('cancelled', 'Cancelled; nothing was kept.');
    const committed = await file.commit();
    if (!committed.ok) return committed;
    meter.finish();
    return ok({
      path: request.out,
      kind: plan.kind,
      files: plan.files,
      plainBytes: layout.plainBytes,
      sealedBytes,
      ageHeaderSha256: digest,
      earlier,
      reusedSegments: reusedSegments(control),
      ...(manifest === undefined ? {} : { manifest: manifest.value }),
    });
  } finally {
    key.fill(0);
    await file.discard();
  }
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
