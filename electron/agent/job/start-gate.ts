import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import { err, ok, type Result } from '../../contract/result.ts';
import type { StartRequest, WorkerPlace } from '../../contract/workers.ts';

/** How long a worker waits for the others and for whoever starts it: milliseconds. */
const patienceMs = 180_000;

/** Holds a worker until its start ticket comes, which says where rank 0 listens. */
export class StartGate {
  readonly place: WorkerPlace;
  readonly #opened = Promise.withResolvers<number>();
  #port: Promise<number> | undefined;

  constructor(place: WorkerPlace) {
    this.place = place;
  }

  /**
   * Starts the worker; once started, later requests get the same answer.
   * Errors: `not_permitted` (another ticket), `invalid_input` (no port for a worker that is not rank 0).
   */
  async start({ ticket, masterPort }: StartRequest): Promise<Result<number>> {
    const digest = createHash('sha256').update(Buffer.from(ticket, 'hex')).digest();
    if (!timingSafeEqual(digest, Buffer.from(this.place.startSha256, 'hex'))) {
      return err('not_permitted', 'This is not the start ticket of the job.');
    }
    if (this.place.rank > 0 && masterPort === undefined) {
      return err('invalid_input', 'masterPort: a worker other than rank 0 is told where rank 0 listens.');
    }
    this.#port ??= this.place.rank === 0 ? freePort() : Promise.resolve(masterPort ?? 0);
    const port = await this.#port;
    this.#opened.resolve(port);
    return ok(port);
  }

  /** The port of rank 0. Errors: `timeout` (nobody started the worker), `cancelled`. */
  async opened(signal: AbortSignal): Promise<Result<number>> {
    const late = Promise.withResolvers<Result<number>>();
    const timer = setTimeout(
      () => late.resolve(err('timeout', `Nobody started this worker within ${patienceMs / 1000} s.`)),
      patienceMs,
    );
    const stop = (): void => late.resolve(err('cancelled', 'The job was stopped.'));
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      return await Promise.race([this.#opened.promise.then(ok), late.promise]);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    }
  }
}

/** A port that is free now; the program takes it a moment later. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}
