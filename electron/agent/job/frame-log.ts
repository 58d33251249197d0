import { chainStart, frameHash, frameMessage } from '../../domain/telemetry/frame-chain.ts';
import type { Frame, FrameBody } from '../../contract/wire.ts';

/** Frames kept for readers that come late or come back; older ones are dropped first. */
const keptFrames = 200_000;

export interface FrameSigner {
  /** Ed25519 by the attested key: 64 bytes. */
  sign(message: Uint8Array): Uint8Array;
}

/** The telemetry chain of one job: numbers, links and signs every frame, and wakes whoever is reading. */
export class FrameLog {
  readonly #jobId: string;
  readonly #node: string;
  readonly #signer: FrameSigner;
  readonly #clock: () => Date;
  readonly #frames: string[] = [];
  readonly #readers = new Set<() => void>();
  #first = 0;
  #next = 0;
  #head = chainStart.head;
  #ended = false;

  constructor(options: { jobId: string; node: string; signer: FrameSigner; clock: () => Date }) {
    this.#jobId = options.jobId;
    this.#node = options.node;
    this.#signer = options.signer;
    this.#clock = options.clock;
  }

  /** SHA-256 of the last frame, hex. */
  get head(): string {
    return this.#head;
  }

  /** The sequence that comes next: the number of frames so far. */
  get next(): number {
    return this.#next;
  }

  /** The oldest sequence that can still be read. */
  get first(): number {
    return this.#first;
  }

  /** No frame follows. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Adds the next link. After `end` nothing is added: late telemetry of a finished job is of no use. */
  append(body: FrameBody): void {
    if (this.#ended) return;
    const unsigned = {
      version: 1 as const,
      jobId: this.#jobId,
      node: this.#node,
      sequence: this.#next,
      previous: this.#head,
      at: this.#clock().toISOString(),
      body,
    };
    const signature = Buffer.from(this.#signer.sign(frameMessage(unsigned))).toString('base64');
    const frame: Frame = { ...unsigned, signature };
    this.#head = frameHash(frame);
    this.#next += 1;
    this.#frames.push(JSON.stringify(frame));
    if (this.#frames.length > keptFrames) {
      const dropped = Math.floor(keptFrames / 10);
      this.#frames.splice(0, dropped);
      this.#first += dropped;
    }
    this.#wake();
  }

  /** Adds the last link. */
  end(body: FrameBody): void {
    this.append(body);
    this.#ended = true;
    this.#wake();
  }

  /** The frame as JSON, undefined when it does not exist yet or any more. */
  read(sequence: number): string | undefined {
    return this.#frames[sequence - this.#first];
  }

  /** Calls back after each change until the returned function is called. */
  watch(reader: () => void): () => void {
    this.#readers.add(reader);
    return () => this.#readers.delete(reader);
  }

  #wake(): void {
    for (const reader of this.#readers) reader();
  }
}
