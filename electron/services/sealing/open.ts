import type { SealProgress } from '../../contract/sealed.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import type { StreamCipher } from '../../domain/sealed/cipher.ts';
import { refuse } from '../../domain/sealed/failures.ts';
import { createPayloadOpener, type FileKeySource } from '../../domain/sealed/opener.ts';
import { chunkSize, payloadKey } from '../../domain/sealed/stream.ts';
import { openAgeFile, type AgeFile } from './age-file.ts';
import { createPartialFile, type PartialFile } from './partial-file.ts';
import { runTask } from './pool-run.ts';
import { createProgressMeter, type Clock } from './progress.ts';
import { createControl, segmentChunks, type SealingPool } from './segment-task.ts';

export interface OpenRequest {
  readonly file: string;
  /** Identities (`identityOpener`) or a released key (`fileKeyOpener`). */
  readonly fileKey: FileKeySource;
  readonly out: string;
  readonly overwrite: boolean;
  readonly onProgress?: (progress: SealProgress) => void;
  readonly signal?: AbortSignal;
}

export interface OpenTools {
  readonly poolFor: (bytes: number) => SealingPool;
  readonly cipher: StreamCipher;
  readonly clock: Clock;
}

const segmentBytes = segmentChunks * chunkSize;

/**
 * Opens an age file, binary or armored, into a new file: all of it, or nothing under that name. Errors: `damaged`,
 * `invalid_input` or `wrong_passphrase` (no identity fits), `integrity`, `wrong_state` (changed while it was read),
 * `cancelled`, and those of the file system.
 */
export async function openFile(request: OpenRequest, tools: OpenTools): Promise<Result<{ plainBytes: number }>> {
  const opened = await openAgeFile(request.file);
  if (!opened.ok) return opened;
  const source = opened.value;
  try {
    const fileKey = request.fileKey(source.header);
    if (!fileKey.ok) return fileKey;
    const { plainBytes } = source;
    if (plainBytes === undefined) return refuse('payload', `${request.file} is cut off, or something was added to it.`);
    const file = await createPartialFile(request.out, { size: plainBytes, overwrite: request.overwrite, mode: 0o600 });
    if (!file.ok) return file;
    try {
      const filled = await fill(request, tools, source, { fileKey: fileKey.value, plainBytes, file: file.value });
      if (!filled.ok) return filled;
      if (request.signal?.aborted === true) return err('cancelled', 'Cancelled; nothing was kept.');
      const committed = await file.value.commit();
      return committed.ok ? ok({ plainBytes }) : committed;
    } finally {
      await file.value.discard();
    }
  } finally {
    await source.close();
  }
}

async function fill(
  request: OpenRequest,
  tools: OpenTools,
  source: AgeFile,
  target: { fileKey: Uint8Array; plainBytes: number; file: PartialFile },
): Promise<Result<void>> {
  const { plainBytes } = target;
  if (source.decoded !== undefined) return fillFromMemory(source.decoded.subarray(source.header.length), tools, target);
  const meter = createProgressMeter(plainBytes, tools.clock, request.onProgress);
  const key = payloadKey(target.fileKey, source.nonce);
  const task = {
    kind: 'open',
    control: createControl(),
    sealed: source.descriptor,
    sealedOffset: source.payloadOffset,
    plainBytes,
    key,
    out: target.file.descriptor,
  } as const;
  const done = await runTask(tools.poolFor(plainBytes), task, {
    places: { from: request.file, to: request.out },
    meter,
    bytesDone: (segments) => Math.min(segments * segmentBytes, plainBytes),
    signal: request.signal,
  });
  key.fill(0);
  if (!done.ok) return done;
  meter.finish();
  return ok(undefined);
}

async function fillFromMemory(
  payload: Uint8Array,
  tools: OpenTools,
  target: { fileKey: Uint8Array; file: PartialFile },
): Promise<Result<void>> {
  const opener = createPayloadOpener({ fileKey: target.fileKey, cipher: tools.cipher });
  const pieces: Uint8Array[] = [];
  const keep = (plain: Uint8Array): void => void pieces.push(plain.slice());
  const pushed = opener.push(payload, keep);
  if (!pushed.ok) return pushed;
  const ended = opener.end(keep);
  return ended.ok ? target.file.write(Buffer.concat(pieces), 0) : ended;
}
