import { StringDecoder } from 'node:string_decoder';

/** Characters of a line that are kept, as the telemetry frame allows. */
const lineCharacters = 8192;

/** Cuts a stream of UTF-8 into lines; what is beyond the limit of a line is left out and marked. */
export class LineReader {
  readonly #sink: (line: string) => void;
  readonly #decoder = new StringDecoder('utf8');
  #line = '';
  #cut = false;

  constructor(sink: (line: string) => void) {
    this.#sink = sink;
  }

  push(piece: Buffer): void {
    const parts = this.#decoder.write(piece).split('\n');
    parts.forEach((part, index) => {
      this.#extend(part);
      if (index < parts.length - 1) this.#flush();
    });
  }

  end(): void {
    this.#extend(this.#decoder.end());
    if (this.#line !== '') this.#flush();
  }

  #extend(part: string): void {
    const room = lineCharacters - 1 - this.#line.length;
    this.#cut ||= part.length > room;
    this.#line += part.slice(0, Math.max(0, room));
  }

  #flush(): void {
    const line = this.#line.endsWith('\r') ? this.#line.slice(0, -1) : this.#line;
    this.#sink(this.#cut ? `${line}…` : line);
    this.#line = '';
    this.#cut = false;
  }
}

/** Lets a number of things a second pass, and counts the others. */
export class RateLimit {
  readonly #perSecond: number;
  #second = 0;
  #taken = 0;
  dropped = 0;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  take(): boolean {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#taken = 0;
    }
    this.#taken += 1;
    if (this.#taken <= this.#perSecond) return true;
    this.dropped += 1;
    return false;
  }
}

/** Lets a number of bytes pass in all, and counts what came after: a job's log costs every reader memory and disk. */
export class SizeLimit {
  #left: number;
  dropped = 0;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  take(line: string): boolean {
    const bytes = Buffer.byteLength(line);
    if (bytes > this.#left) {
      this.#left = 0;
      this.dropped += 1;
      return false;
    }
    this.#left -= bytes;
    return true;
  }
}
