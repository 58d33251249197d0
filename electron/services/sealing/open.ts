import type { SealProgress } from '../../contract/sealed.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import type { StreamCipher } from '../../domain/sealed/cipher.ts';
import { refuse } from '../../domain/sealed/failures.ts';
import { createPayloadOpener, type FileKeySource } from '../../domain/sealed/opener.ts';
import { chunkSize, payloadKey } from '../../domain/sealed/stream.ts';
import { openAgeFile, type AgeFile } from './age-file.ts';
import { createPartialFile, partialName, partialPlace, type PartialFile } from './partial-file.ts';
import { runTask } from './pool-run.ts';
import { createProgressMeter, type Clock } from './progress.ts';
import { claimChunks, createControl, reusedSegments, type SealingPool } from './segment-task.ts';
import { sha256Of, takeLeftover, type Unfinished, type UnfinishedFacts } from './unfinished.ts';

export interface OpenRequest {
  readonly file: string;
  /** Identities (`identityOpener`) or a released key (`fileKeyOpener`). */
  readonly fileKey: FileKeySource;
  readonly out: string;
  readonly overwrite: boolean;
  readonly onProgress?: (progress: SealProgress) => void;
  readonly signal?: AbortSignal;
}

export interface Opened {
  readonly plainBytes: number;
  /** Segments that an interrupted run had written already. */
  readonly reusedSegments: number;
}

export interface OpenTools {
  readonly poolFor: (bytes: number) => SealingPool;
  readonly cipher: StreamCipher;
  readonly clock: Clock;
}

/**
 * Opens an age file, binary or armored, into a new file: all of it, or nothing under that name. Errors: `damaged`,
 * `invalid_input` or `wrong_passphrase` (no identity fits), `integrity`, `wrong_state` (changed while it was read),
 * `cancelled`, and those of the file system.
 */
export async function openFile(request: OpenRequest, tools: OpenTools): Promise<Result<Opened>> {
  const opened = await openAgeFile(request.file);
  if (!opened.ok) return opened;
  const source = opened.value;
  try {
    const fileKey = request.fileKey(source.header);
    if (!fileKey.ok) return fileKey;
    const { plainBytes } = source;
    if (plainBytes === undefined) return refuse('payload', `${request.file} is cut off, or something was added to it.`);
    const place = partialPlace(request.out);
    const facts = openFacts(source);
    // No mark is needed: every segment is compared with what the sealed file gives, and written where it differs.
    const same = (state: Unfinished): boolean => state.kind === 'open' && state.source === facts.source;
    const found = await takeLeftover(place.folder, place.prefix, same, () => partialName(place));
    const file = await createPartialFile(request.out, {
      size: plainBytes,
      overwrite: request.overwrite,
      mode: 0o600,
      place,
      state: { facts, mark: undefined },
      ...(found.taken === undefined ? {} : { leftover: found.taken }),
    });
    if (!file.ok) return file;
    const control = createControl();
    try {
      const resume = found.taken !== undefined;
      const target = { fileKey: fileKey.value, plainBytes, file: file.value, control, resume };
      const filled = await fill(request, tools, source, target);
      if (!filled.ok) return filled;
      if (request.signal?.aborted === true) return err('cancelled', 'Cancelled; nothing was kept.');
      const committed = await file.value.commit();
      return committed.ok ? ok({ plainBytes, reusedSegments: reusedSegments(control) }) : committed;
    } finally {
      await file.value.discard();
    }
  } finally {
    await source.close();
  }
}

/** Header and nonce name the key, the size and the tags of the rest do the rest: segments are compared anyway. */
function openFacts({ header, nonce, sealedBytes }: AgeFile): UnfinishedFacts {
  const prefix = sha256Of(Buffer.concat([header.bytes, nonce]));
  const source = sha256Of(`${prefix} ${sealedBytes}`);
  return { kind: 'open', source, prefix, prefixBytes: header.length + nonce.length };
}

async function fill(
  request: OpenRequest,
  tools: OpenTools,
  source: AgeFile,
  target: { fileKey: Uint8Array; plainBytes: number; file: PartialFile; control: SharedArrayBuffer; resume: boolean },
): Promise<Result<void>> {
  const { plainBytes } = target;
  if (source.decoded !== undefined) return fillFromMemory(source.decoded.subarray(source.header.length), tools, target);
  const meter = createProgressMeter(plainBytes, tools.clock, request.onProgress);
  const key = payloadKey(target.fileKey, source.nonce);
  const task = {
    kind: 'open',
    control: target.control,
    sealed: source.descriptor,
    sealedOffset: source.payloadOffset,
    plainBytes,
    key,
    out: target.file.descriptor,
    resume: target.resume,
  } as const;
  const done = await runTask(tools.poolFor(plainBytes), task, {
    places: { from: request.file, to: request.out },
    meter,
    bytesDone: (claimed) => Math.min(claimed * claimChunks * chunkSize, plainBytes),
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
