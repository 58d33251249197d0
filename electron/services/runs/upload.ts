import type { DsseEnvelope } from '../../contract/dsse.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import type { Progress } from '../../contract/views.ts';
import type { UploadState } from '../../contract/wire.ts';
import { withRetry, type RetryPolicy } from './retry.ts';

/** The calls of an agent that an upload needs; see networks/agent-client. */
export interface UploadTarget {
  readonly node: string;
  beginUpload(root: string, manifest: DsseEnvelope, signal?: AbortSignal): Promise<Result<UploadState>>;
  putPart(root: string, index: number, bytes: Uint8Array, signal?: AbortSignal): Promise<Result<void>>;
}

export interface UploadOptions {
  readonly target: UploadTarget;
  readonly root: string;
  readonly manifest: DsseEnvelope;
  readonly parts: number;
  readonly partSize: number;
  readonly sealedBytes: number;
  /** Sealed bytes of one part, read from the sealed file. */
  readonly readPart: (index: number) => Promise<Result<Uint8Array>>;
  readonly onProgress: (progress: Progress) => void;
  readonly clock: () => number;
  readonly retry: RetryPolicy;
  readonly signal: AbortSignal;
}

/** Parts in flight at a time. */
const parallel = 4;

/**
 * Brings a sealed dataset to a node: begins or resumes, sends the missing parts a few at a time, and ends when the node
 * says that all are whole. A connection that breaks is taken up again where it broke.
 */
export async function uploadDataset(options: UploadOptions): Promise<Result<void>> {
  const { target, root, parts, partSize, sealedBytes, signal, retry } = options;
  const begin = () => withRetry(retry, signal, () => target.beginUpload(root, options.manifest, signal));
  const state = await begin();
  if (!state.ok) return state;
  if (state.value.parts !== parts || state.value.root !== root) {
    return err('unavailable', `Node ${target.node} answers garbage: it counts the parts of this dataset differently.`);
  }
  const present = new Set(state.value.present);
  const missing = Array.from({ length: parts }, (_, i) => i).filter((i) => !present.has(i));
  const sizeOf = (index: number) => (index === parts - 1 ? sealedBytes - partSize * (parts - 1) : partSize);
  let done = sealedBytes - missing.reduce((sum, index) => sum + sizeOf(index), 0);
  const meter = createMeter(options.clock, sealedBytes, done);
  options.onProgress(meter(done));

  let failure: Result<never> | undefined;
  const worker = async () => {
    for (let index = missing.shift(); index !== undefined && failure === undefined; index = missing.shift()) {
      const part = index;
      const sent = await withRetry(retry, signal, async () => {
        const bytes = await options.readPart(part);
        return bytes.ok ? target.putPart(root, part, bytes.value, signal) : bytes;
      });
      if (!sent.ok) {
        failure ??= sent;
        return;
      }
      done += sizeOf(part);
      options.onProgress(meter(done));
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  if (failure !== undefined) return failure;
  const end = await begin();
  if (!end.ok) return end;
  return end.value.complete
    ? ok(undefined)
    : err('unavailable', `Node ${target.node} lost parts of the dataset while it was sent.`, {
        hint: 'Launch again; what is there is not sent twice.',
      });
}

/** Rate over the last few seconds, so that it follows the line and does not jump. */
export function createMeter(clock: () => number, total: number, start = 0): (done: number) => Progress {
  const samples: { at: number; done: number }[] = [{ at: clock(), done: start }];
  return (done) => {
    const at = clock();
    samples.push({ at, done });
    while (samples.length > 2 && at - (samples[0]?.at ?? at) > 5000) samples.shift();
    const oldest = samples[0] ?? { at, done };
    const seconds = (at - oldest.at) / 1000;
    const rate = seconds > 0 ? (done - oldest.done) / seconds : 0;
    return {
      done,
      total,
      unit: 'bytes',
      ...(rate > 0 ? { ratePerSecond: rate, secondsLeft: (total - done) / rate } : {}),
    };
  };
}
