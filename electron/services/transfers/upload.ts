import type { DsseEnvelope } from '../../contract/dsse.ts';
import { err, ok, type NacreError, type Result } from '../../contract/result.ts';
import type { PartReceipt, UploadState } from '../../contract/wire.ts';
import {
  createBackOff,
  createMeter,
  createWorkClock,
  defaultParallel,
  defaultPatience,
  stopped,
  wait,
  type TransferFigures,
  type TransferOptions,
} from './transfer.ts';

/** The calls of an agent that an upload needs; see networks/agent-client. */
export interface UploadTarget {
  readonly node: string;
  beginUpload(root: string, manifest: DsseEnvelope, signal?: AbortSignal): Promise<Result<UploadState>>;
  uploadState(root: string, signal?: AbortSignal): Promise<Result<UploadState>>;
  putPart(
    root: string,
    index: number,
    from: number,
    bytes: Uint8Array,
    signal?: AbortSignal,
  ): Promise<Result<PartReceipt>>;
  /** Bytes on the wire of all connections so far. */
  wire(): { readonly sent: number; readonly received: number };
}

export interface UploadOptions extends TransferOptions {
  readonly target: UploadTarget;
  readonly root: string;
  readonly manifest: DsseEnvelope;
  readonly parts: number;
  readonly partSize: number;
  readonly sealedBytes: number;
  /** Sealed bytes of one part as they lie in the sealed file: the node compares their hash, so nobody hashes twice. */
  readonly readPart: (index: number) => Promise<Result<Uint8Array>>;
  /** Reads a part again and compares its hash: whose fault it is when the node refuses one. Errors: `integrity`. */
  readonly checkPart: (index: number) => Promise<Result<unknown>>;
  /** The node's agent was started anew (it shows another TLS key): proves the new one and answers with it. */
  readonly reconnect?: () => Promise<Result<UploadTarget>>;
}

/**
 * Bytes a break may cost: a sixteenth of what goes through between two breaks is in flight. A new transfer begins as if
 * the line had broken once after 16 MiB, so the first break is cheap, and a good line soon carries whole parts.
 */
const breakShare = 16;
const firstCredit = 16 * 1_048_576;
const smallestSlice = 64 * 1024;
/** A piece at a limited rate: at most what passes in this time. */
const limitedSliceMs = 250;
/** Restarts of an agent in a row without a byte in between. */
const proofsMaximum = 4;
const checkPollMs = 100;
/** A node that loses parts again and again is not asked for ever. */
const roundsMaximum = 4;

/**
 * Brings a sealed dataset to a node: begins or resumes, sends what is missing a few parts at a time, and ends when the
 * node has read all parts again and found the Merkle root. A line that breaks, an agent that restarts and this desk's own
 * restart cost the bytes in flight, no more.
 * Errors: `cancelled`, `integrity` (the sealed file was changed here; or the node refuses good parts), what the node
 * answers, and `unavailable` or `timeout` when nothing gets through any more.
 */
export async function uploadDataset(options: UploadOptions): Promise<Result<TransferFigures>> {
  return new Upload(options).run();
}

class Upload {
  readonly #options: UploadOptions;
  readonly #backOff;
  readonly #work;
  readonly #meter;
  #target: UploadTarget;
  /** Counted on targets that were left. */
  #wire = { sent: 0, received: 0 };
  /** Parts that the node does not have whole. */
  readonly #absent = new Set<number>();
  /** Parts that a worker is at. */
  readonly #active = new Set<number>();
  /** Bytes of each part that the node is known to have, from the part's start. */
  readonly #have = new Map<number, number>();
  #done = 0;
  #present = 0;
  #accepted = 0;
  #breaks = 0;
  #limitedMs = 0;
  /** New agents proved since bytes got through. */
  #proofs = 0;
  #resyncing: Promise<Result<void>> | undefined;
  readonly #refused = new Set<number>();

  constructor(options: UploadOptions) {
    this.#options = options;
    this.#target = options.target;
    this.#backOff = createBackOff(options.patience ?? defaultPatience, options.signal);
    this.#work = createWorkClock(options);
    this.#meter = createMeter(options.clock, options.sealedBytes, 0);
  }

  async run(): Promise<Result<TransferFigures>> {
    const { parallel = defaultParallel, sealedBytes, signal } = this.#options;
    const before = this.#target.wire();
    this.#wire = { sent: -before.sent, received: -before.received };
    const first = await this.#begin();
    if (!first.ok) return first;
    this.#present = this.#done;
    for (let round = 0; round < roundsMaximum; round++) {
      let failure: Result<never> | undefined;
      const worker = async () => {
        for (let index = this.#next(); index !== undefined; index = this.#next()) {
          this.#active.add(index);
          const sent = await this.#sendPart(index);
          this.#active.delete(index);
          if (!sent.ok) failure ??= sent;
          if (failure !== undefined) return;
        }
      };
      await Promise.all(Array.from({ length: Math.max(1, parallel) }, worker));
      if (failure !== undefined) return failure;
      const whole = await this.#untilChecked();
      if (!whole.ok) return whole;
      if (whole.value) {
        const { sent, received } = this.#target.wire();
        return ok({
          bytes: sealedBytes,
          bytesPresent: this.#present,
          bytesSent: this.#wire.sent + sent,
          bytesReceived: this.#wire.received + received,
          breaks: this.#breaks,
          seconds: this.#work.seconds(),
          limitedSeconds: this.#limitedMs / 1000,
        });
      }
      if (signal.aborted) return stopped();
    }
    return err('unavailable', `Node ${this.#target.node} keeps losing parts of the dataset.`, {
      hint: 'Choose another node.',
    });
  }

  /** Begins or resumes at the node, with patience, and takes over what is there. */
  async #begin(): Promise<Result<void>> {
    const { root, manifest, signal } = this.#options;
    for (;;) {
      if (signal.aborted) return stopped();
      const state = await this.#target.beginUpload(root, manifest, signal);
      if (state.ok) return this.#take(state.value);
      const again = await this.#overcome(state.error);
      if (!again.ok) return again;
    }
  }

  #next(): number | undefined {
    for (const index of this.#absent) if (!this.#active.has(index)) return index;
    return undefined;
  }

  #keep(index: number, bytes: number): void {
    this.#done += bytes - (this.#have.get(index) ?? 0);
    this.#have.set(index, bytes);
  }

  /** After an error: the way to go on, or the error. */
  async #overcome(error: NacreError): Promise<Result<void>> {
    const { reconnect, signal } = this.#options;
    if (signal.aborted) return stopped();
    const restarted = error.details?.['reason'] === 'tls-key-mismatch' || error.code === 'not_permitted';
    if (!restarted || reconnect === undefined) return this.#backOff.after(error);
    // A node that never shows the same key twice is not followed for ever.
    this.#proofs += 1;
    if (this.#proofs > proofsMaximum) return { ok: false, error };
    const target = await reconnect();
    if (!target.ok) return this.#backOff.after(target.error);
    const { sent, received } = this.#target.wire();
    this.#wire = { sent: this.#wire.sent + sent, received: this.#wire.received + received };
    this.#target = target.value;
    return ok(undefined);
  }

  #take(state: UploadState): Result<void> {
    const { root, parts } = this.#options;
    if (state.parts !== parts || state.root !== root || state.present.some((index) => index >= parts)) {
      return err(
        'unavailable',
        `Node ${this.#target.node} answers garbage: it counts the parts of this dataset differently.`,
      );
    }
    const present = new Set(state.present);
    const partial = new Map(state.partial.map(({ part, bytes }) => [part, bytes]));
    this.#absent.clear();
    for (let index = 0; index < parts; index++) {
      const size = this.#size(index);
      if (!present.has(index)) this.#absent.add(index);
      this.#keep(index, present.has(index) ? size : Math.min(size, Math.max(0, partial.get(index) ?? 0)));
    }
    this.#options.onProgress(this.#meter(this.#done));
    return ok(undefined);
  }

  #size(index: number): number {
    const { parts, partSize, sealedBytes } = this.#options;
    return index === parts - 1 ? sealedBytes - partSize * (parts - 1) : partSize;
  }

  async #sendPart(index: number): Promise<Result<void>> {
    const { root, signal, limit } = this.#options;
    let bytes: Uint8Array | undefined;
    for (;;) {
      await this.#work.unpaused();
      if (signal.aborted) return stopped();
      if (bytes === undefined) {
        const part = await this.#options.readPart(index);
        if (!part.ok) return part;
        bytes = part.value;
      }
      // All of a part that is not whole was not taken: once more from its start.
      const from = (this.#have.get(index) ?? 0) % bytes.length;
      const slice = bytes.subarray(from, from + this.#slice());
      this.#limitedMs += (await limit?.take(slice.length, signal)) ?? 0;
      if (signal.aborted) return stopped();
      const answer = await this.#target.putPart(root, index, from, slice, signal);
      if (answer.ok) {
        const kept = Math.min(Math.max(answer.value.bytes, 0), bytes.length);
        this.#accepted += Math.max(0, kept - from);
        this.#keep(index, kept);
        this.#options.onProgress(this.#meter(this.#done));
        if (kept > from) {
          this.#backOff.progress();
          this.#proofs = 0;
        }
        if (!answer.value.whole) continue;
        this.#absent.delete(index);
        return ok(undefined);
      }
      const again = await this.#afterRefusal(index, answer.error);
      if (!again.ok) return again;
      if (!this.#absent.has(index)) return ok(undefined);
    }
  }

  /** How many bytes to send before the node must have confirmed them. */
  #slice(): number {
    const { parallel = defaultParallel, partSize, limit } = this.#options;
    const between = (firstCredit + this.#accepted) / (this.#breaks + 1);
    const rate = limit?.rate();
    const limited = rate === undefined ? partSize : Math.max(4096, (rate * limitedSliceMs) / 1000 / parallel);
    return Math.ceil(Math.min(Math.max(smallestSlice, between / (breakShare * parallel)), limited));
  }

  async #afterRefusal(index: number, error: NacreError): Promise<Result<void>> {
    if (error.code === 'integrity') {
      const own = await this.#options.checkPart(index);
      if (!own.ok) return own;
      // The bytes here are good. Once, that may be what a dying process left on the node's disk; twice, it is the node.
      if (this.#refused.has(index)) return { ok: false, error };
      this.#refused.add(index);
      return this.#resync(undefined);
    }
    // What the node holds is not what was thought: ask, and go on there. An access that ended is asked for anew.
    if (error.code === 'wrong_state' || error.code === 'not_found' || error.code === 'cancelled') {
      return this.#resync({ ...error, code: 'unavailable' });
    }
    return this.#resync(error);
  }

  /** After a break: one worker waits and asks the node what is there; the others wait for it. */
  #resync(error: NacreError | undefined): Promise<Result<void>> {
    this.#resyncing ??= this.#takeUp(error);
    return this.#resyncing;
  }

  async #takeUp(error: NacreError | undefined): Promise<Result<void>> {
    try {
      if (error !== undefined) {
        this.#breaks += 1;
        const again = await this.#overcome(error);
        if (!again.ok) return again;
      }
      return await this.#begin();
    } finally {
      this.#resyncing = undefined;
    }
  }

  /** Waits while the node reads all parts again. @returns false when it dropped some, which are then missing again */
  async #untilChecked(): Promise<Result<boolean>> {
    const { root, signal } = this.#options;
    let checked = -1;
    for (;;) {
      if (signal.aborted) return stopped();
      const state = await this.#target.uploadState(root, signal);
      if (!state.ok) {
        const again = await this.#resync(
          state.error.code === 'not_found' ? { ...state.error, code: 'unavailable' } : state.error,
        );
        if (!again.ok) return again;
        if (this.#absent.size > 0) return ok(false);
        continue;
      }
      if (state.value.complete) return ok(true);
      const taken = this.#take(state.value);
      if (!taken.ok) return taken;
      if (this.#absent.size > 0) return ok(false);
      if (state.value.checkedBytes > checked) this.#backOff.progress();
      checked = state.value.checkedBytes;
      if (!(await wait(checkPollMs, signal))) return stopped();
    }
  }
}
