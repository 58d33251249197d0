import { WebSocket } from 'ws';
import { err, ok, type Result } from '../../contract/result.ts';

const connectMs = 10_000;
const frameBytes = 16 * 1024 ** 2;
const lineCharacters = 8192;

/** The last lines of a log, bounded: a job may write without end, and this desk must not. */
export class LogRing {
  readonly #lines: string[] = [];
  readonly #maximumCharacters: number;
  #characters = 0;
  #open = '';
  /** Lines that had to go to keep the newest. */
  dropped = 0;

  constructor(maximumCharacters = 1024 ** 2) {
    this.#maximumCharacters = maximumCharacters;
  }

  push(text: string): void {
    const pieces = text.split('\n');
    for (const [index, piece] of pieces.entries()) {
      // Of a line without end its beginning is kept.
      this.#open += piece.slice(0, Math.max(0, lineCharacters - this.#open.length));
      if (index < pieces.length - 1) this.#close();
    }
  }

  lines(): readonly string[] {
    return this.#open === '' ? this.#lines : [...this.#lines, this.#open];
  }

  #close(): void {
    this.#lines.push(this.#open);
    this.#characters += this.#open.length + 1;
    this.#open = '';
    let excess = 0;
    while (this.#characters > this.#maximumCharacters && excess < this.#lines.length) {
      this.#characters -= (this.#lines[excess]?.length ?? 0) + 1;
      excess += 1;
    }
    if (excess > 0) this.#lines.splice(0, excess);
    this.dropped += excess;
  }
}

export interface TailOptions {
  readonly base: URL;
  readonly token: string | undefined;
  readonly submissionId: string;
  readonly onText: (text: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Follows a job's log until Ray ends it, which it does when the job ends. Errors: `not_permitted`, `not_found`,
 * `unavailable` (refused, or broken off before the end), `timeout`, `cancelled`.
 */
export function tailLog({
  base,
  token,
  submissionId,
  onText,
  signal,
}: TailOptions): Promise<Result<{ bytes: number }>> {
  const url = new URL(`/api/jobs/${encodeURIComponent(submissionId)}/logs/tail`, base);
  url.protocol = base.protocol === 'https:' ? 'wss:' : 'ws:';
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(err('cancelled', 'Following the log was cancelled.'));
    const socket = new WebSocket(url, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      handshakeTimeout: connectMs,
      maxPayload: frameBytes,
      followRedirects: false,
      perMessageDeflate: false,
    });
    let bytes = 0;
    const end = (result: Result<{ bytes: number }>) => {
      signal.removeEventListener('abort', cancel);
      socket.terminate();
      resolve(result);
    };
    const cancel = () => end(err('cancelled', 'Following the log was cancelled.'));
    signal.addEventListener('abort', cancel, { once: true });
    // `terminate` before the handshake is over raises an error that concerns nobody any more; this listener takes it.
    socket.on('error', (error) =>
      end(err('unavailable', `The log of ${submissionId} cannot be followed: ${error.message}`)),
    );
    socket.on('unexpected-response', (_request, response) => {
      const { statusCode } = response;
      response.resume();
      if (statusCode === 401 || statusCode === 403) end(err('not_permitted', 'Ray does not accept this token.'));
      else if (statusCode === 404) end(err('not_found', `Ray has no job ${submissionId}.`));
      else end(err('unavailable', `Ray answered ${statusCode ?? 'nothing'} when the log was asked for.`));
    });
    socket.on('message', (data) => {
      const text = Buffer.isBuffer(data) ? data : Buffer.concat(Array.isArray(data) ? data : [Buffer.from(data)]);
      bytes += text.length;
      onText(text.toString('utf8'));
    });
    socket.on('close', (code) =>
      end(code === 1000 ? ok({ bytes }) : err('unavailable', `The log of ${submissionId} broke off (code ${code}).`)),
    );
  });
}
