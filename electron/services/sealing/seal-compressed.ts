import { createHash } from 'node:crypto';
import { constants, createZstdCompress, zstdCompressSync } from 'node:zlib';
import { err, ok, type Result } from '../../contract/result.ts';
import { payloadNonceSize, sealedStreamSize } from '../../domain/sealed/stream.ts';
import { createSealer } from '../../domain/sealed/sealer.ts';
import { headerDigest } from './age-file.ts';
import { loadCipher } from './ciphers.ts';
import { taskError } from './file-errors.ts';
import { createManifest, partSizeFor } from './manifest.ts';
import { createPartialFile, partialPlace, type PartialFile } from './partial-file.ts';
import { createProgressMeter } from './progress.ts';
import { sealFile, type Sealed, type SealRequest, type SealTools } from './seal.ts';
import type { SourceLayout } from './segment-task.ts';
import { planSource } from './source-plan.ts';
import { createSourceReader, SourceError, type SourceReader } from './source-reader.ts';
import { sha256Of } from './unfinished.ts';

const pieceBytes = 256 * 1024;
/** Bytes of the age header allowed for: some hundred hybrid recipients. */
const headerAllowance = 256 * 1024;
const samples = 8;
/** Less saved than a twentieth is not worth a second program to open it with, nor the lost speed. */
const worthwhile = 0.95;
const zstd = { params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 } };

/**
 * Seals as `sealFile`, compressed with zstd when a sample shows that it gets smaller; else exactly as `sealFile`, with
 * `compression` `not-smaller`. The age file then holds a `.zst` (of a folder: a `.tar.zst`).
 *
 * Parallelism is given up here: where a chunk lies depends on how small all before it became. So one thread seals while
 * another compresses, at the speed of zstd; a run that is killed starts anew. Errors: those of `sealFile`.
 */
export async function sealCompressed(request: SealRequest, tools: SealTools): Promise<Result<Sealed>> {
  const plan = await planSource(request.path, request.signal, request.keepTimes);
  if (!plan.ok) return plan;
  const { layout } = plan.value;
  const reader = createSourceReader(layout);
  try {
    if (sampleRatio(reader, layout) > worthwhile) {
      reader.close();
      const sealed = await sealFile(request, tools);
      return sealed.ok ? ok({ ...sealed.value, compression: 'not-smaller' }) : sealed;
    }
    const most = headerAllowance + sealedStreamSize(Math.ceil(layout.plainBytes * 1.001) + 1024 * 1024);
    const mark = sha256Of(`compressed ${layout.plainBytes}`);
    const file = await createPartialFile(request.out, {
      size: most,
      overwrite: request.overwrite,
      mode: 0o644,
      place: partialPlace(request.out, request.unfinishedName),
      state: { facts: { kind: 'seal', source: mark, prefix: mark, prefixBytes: 1 }, mark: undefined },
    });
    if (!file.ok) return file;
    try {
      const written = await pour(request, tools, { reader, layout, file: file.value });
      if (!written.ok) return written;
      reader.close();
      const { parts, partSize, sealedBytes, plainBytes, ageHeaderSha256 } = written.value;
      const { kind, files, name } = plan.value;
      const manifest = createManifest({
        name: request.name ?? name,
        kind,
        sealedBytes,
        plainBytes,
        compression: { name: 'zstd', contentBytes: layout.plainBytes },
        partSize,
        parts,
        ageHeaderSha256,
        recipients: request.recipients.map(({ text }) => text).filter((text) => text !== undefined),
        ...(request.schema === undefined ? {} : { schema: request.schema }),
        now: tools.clock(),
      });
      if (!manifest.ok) return manifest;
      if (request.signal?.aborted === true) return err('cancelled', 'Cancelled; nothing was kept.');
      const committed = await file.value.commit(sealedBytes);
      if (!committed.ok) return committed;
      return ok({
        path: request.out,
        kind,
        files,
        plainBytes: layout.plainBytes,
        sealedBytes,
        ageHeaderSha256,
        earlier: 'none',
        reusedSegments: 0,
        compression: 'zstd',
        ...(request.manifest ? { manifest: manifest.value } : {}),
      });
    } finally {
      await file.value.discard();
    }
  } catch (error) {
    if (error instanceof SourceError) return taskError(error.failure, { from: request.path, to: request.out });
    throw error;
  } finally {
    reader.abandon();
  }
}

/** Compressed size over size, of pieces from all over it. */
function sampleRatio(reader: SourceReader, { plainBytes }: SourceLayout): number {
  const piece = new Uint8Array(Math.min(128 * 1024, plainBytes));
  let small = 0;
  let large = 0;
  for (let i = 0; i < samples && piece.length > 0; i++) {
    reader.read(Math.floor(((plainBytes - piece.length) * i) / samples), piece);
    small += zstdCompressSync(piece, zstd).length;
    large += piece.length;
  }
  piece.fill(0);
  return large === 0 ? 1 : small / large;
}

interface Poured {
  readonly parts: string[];
  readonly partSize: number;
  readonly sealedBytes: number;
  readonly plainBytes: number;
  readonly ageHeaderSha256: string;
}

/** Reads, compresses, seals, hashes and writes all of it in order. */
async function pour(
  request: SealRequest,
  tools: SealTools,
  { reader, layout, file }: { reader: SourceReader; layout: SourceLayout; file: PartialFile },
): Promise<Result<Poured>> {
  const sealer = createSealer({ recipients: request.recipients, random: tools.random, cipher: loadCipher() });
  if (!sealer.ok) return sealer;
  const meter = createProgressMeter(layout.plainBytes, tools.clock, request.onProgress);
  const partSize = request.partSize ?? partSizeFor(layout.plainBytes);
  const hasher = createPartHasher(partSize);
  let waiting: Uint8Array[] = [];
  let sealedBytes = 0;
  let plainBytes = 0;
  let ageHeaderSha256 = '';
  const keep = (sealed: Uint8Array): void => {
    // The first piece is header and payload nonce.
    if (ageHeaderSha256 === '') ageHeaderSha256 = headerDigest(sealed.subarray(0, sealed.length - payloadNonceSize));
    waiting.push(sealed.slice());
  };
  async function flush(): Promise<Result<void>> {
    const bytes = Buffer.concat(waiting);
    waiting = [];
    hasher.update(bytes);
    const written = await file.write(bytes, sealedBytes);
    sealedBytes += bytes.length;
    return written;
  }

  const compressor = createZstdCompress({ ...zstd, pledgedSrcSize: layout.plainBytes });
  const feeding = feed(compressor, reader, layout, (bytes) => meter.report(bytes), request.signal);
  // Awaited below; a failure of the source ends the loop too.
  feeding.catch(() => undefined);
  try {
    for await (const piece of compressor as AsyncIterable<Uint8Array>) {
      plainBytes += piece.length;
      sealer.value.push(piece, keep);
      const written = await flush();
      if (!written.ok) return written;
    }
  } catch (error) {
    if (request.signal?.aborted === true) return err('cancelled', 'Cancelled; nothing was kept.');
    await feeding;
    throw error;
  } finally {
    compressor.destroy();
  }
  await feeding;
  sealer.value.end(keep);
  const written = await flush();
  if (!written.ok) return written;
  meter.finish();
  return ok({ parts: hasher.finish(), partSize, sealedBytes, plainBytes, ageHeaderSha256 });
}

async function feed(
  compressor: ReturnType<typeof createZstdCompress>,
  reader: SourceReader,
  { plainBytes }: SourceLayout,
  report: (bytes: number) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    for (let at = 0; at < plainBytes;) {
      signal?.throwIfAborted();
      const piece = new Uint8Array(Math.min(pieceBytes, plainBytes - at));
      reader.read(at, piece);
      at += piece.length;
      await new Promise<void>((resolve, reject) =>
        compressor.write(piece, (error) => (error ? reject(error) : resolve())),
      );
      report(at);
    }
    compressor.end();
  } catch (error) {
    compressor.destroy(error as Error);
    throw error;
  }
}

/** SHA-256 of every part of bytes that come in order. */
function createPartHasher(partSize: number): { update(bytes: Uint8Array): void; finish(): string[] } {
  const parts: string[] = [];
  let hash = createHash('sha256');
  let used = 0;
  const close = (): void => {
    parts.push(hash.digest('hex'));
    hash = createHash('sha256');
    used = 0;
  };
  return {
    update(bytes) {
      for (let at = 0; at < bytes.length;) {
        const piece = bytes.subarray(at, at + partSize - used);
        hash.update(piece);
        used += piece.length;
        at += piece.length;
        if (used === partSize) close();
      }
    },
    finish() {
      if (used > 0) close();
      return parts;
    },
  };
}
