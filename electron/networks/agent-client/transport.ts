import { createHash, timingSafeEqual } from 'node:crypto';
import { Agent, request as httpsRequest } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { err, ok, type Result } from '../../contract/result.ts';

/** How long a node may take: milliseconds. */
export interface TransportTimeouts {
  /** TCP and TLS. */
  readonly connectMs: number;
  /** Without a byte in either direction. */
  readonly idleMs: number;
  /** The same while evidence is made or a job is taken in: hardware time. */
  readonly slowMs: number;
}

export const defaultTimeouts: TransportTimeouts = { connectMs: 10_000, idleMs: 20_000, slowMs: 30_000 };

export interface TransportOptions {
  readonly node: string;
  readonly url: string;
  /** Hex SHA-256 of the attested SPKI. Without it the first key met is kept, and no other is accepted afterwards. */
  readonly tlsSpkiSha256?: string;
  readonly timeouts?: TransportTimeouts;
}

export interface RequestOptions {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly body?: Uint8Array;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly idleMs?: number;
  /** Wait `slowMs` for the answer. */
  readonly slow?: boolean;
  readonly signal?: AbortSignal;
}

/** HTTPS to one node, accepted by the hash of its TLS key and never by a CA (DESIGN §5). */
export interface Transport {
  readonly node: string;
  /** Hex SHA-256 of the SPKI of the key that every connection so far had; undefined before the first. */
  observedKey(): string | undefined;
  /** Bytes on the wire so far, of all connections. */
  wire(): { readonly sent: number; readonly received: number };
  /** Sends one request and hands over the answer as soon as its head is there. Errors: see `describeFailure`. */
  open(options: RequestOptions): Promise<Result<IncomingMessage>>;
  /** Closes idle connections. */
  close(): void;
}

/** A connection whose key is not the expected one; nothing was sent over it. */
class TlsKeyMismatch extends Error {}
class ConnectTimeout extends Error {}

/** https.Agent that looks at the peer's key before it hands the socket over, so before any byte of a request is sent. */
class PinnedAgent extends Agent {
  key: string | undefined;
  readonly connectMs: number;
  readonly #lines = new Set<Socket>();
  readonly #closed = { sent: 0, received: 0 };

  constructor(key: string | undefined, connectMs: number) {
    super({ keepAlive: true, maxSockets: 8, scheduling: 'lifo' });
    this.key = key;
    this.connectMs = connectMs;
  }

  /** Bytes on the wire, as the TCP sockets counted them: TLS and failed connections included. */
  wire(): { sent: number; received: number } {
    const total = { ...this.#closed };
    for (const line of this.#lines) {
      total.sent += line.bytesWritten;
      total.received += line.bytesRead;
    }
    return total;
  }

  #count(line: Socket): void {
    this.#lines.add(line);
    line.once('close', () => {
      this.#lines.delete(line);
      this.#closed.sent += line.bytesWritten;
      this.#closed.received += line.bytesRead;
    });
  }

  override createConnection(
    options: ConnectionOptions,
    callback?: (error: Error | null, socket: TLSSocket) => void,
  ): undefined {
    const { path: _, session: _session, ...rest } = options;
    // A resumed session would show no certificate, so each connection proves the key anew.
    const line = connectTcp({ host: String(options.host ?? ''), port: Number(options.port), noDelay: true });
    this.#count(line);
    const socket = connect({
      ...rest,
      socket: line,
      minVersion: 'TLSv1.3',
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
    });
    let settled = false;
    const settle = (error: Error | null) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      if (error !== null) socket.destroy();
      callback?.(error, socket);
    };
    const timer = setTimeout(() => settle(new ConnectTimeout('no TLS handshake in time')), this.connectMs);
    socket.once('error', settle);
    socket.once('close', () => settle(new Error('closed during the TLS handshake')));
    socket.once('secureConnect', () => {
      const found = spkiSha256(socket);
      if (found === undefined || (this.key !== undefined && !equalHex(found, this.key))) {
        settle(new TlsKeyMismatch(found ?? 'none'));
        return;
      }
      this.key ??= found;
      socket.removeListener('error', settle);
      settle(null);
    });
    return undefined;
  }
}

export function createTransport(options: TransportOptions): Transport {
  const { node } = options;
  const timeouts = options.timeouts ?? defaultTimeouts;
  const base = new URL(options.url);
  const agent = new PinnedAgent(options.tlsSpkiSha256, timeouts.connectMs);
  return {
    node,
    observedKey: () => agent.key,
    wire: () => agent.wire(),
    open(ask) {
      const idleMs = ask.idleMs ?? (ask.slow === true ? timeouts.slowMs : timeouts.idleMs);
      return new Promise((resolve) => {
        if (base.protocol !== 'https:') {
          resolve(err('invalid_input', `The address of node ${node} is not https.`));
          return;
        }
        const outgoing = httpsRequest(
          {
            agent,
            host: base.hostname,
            port: base.port === '' ? 443 : Number(base.port),
            method: ask.method,
            path: ask.path,
            ...(ask.signal === undefined ? {} : { signal: ask.signal }),
            headers: {
              ...ask.headers,
              ...(ask.body === undefined
                ? {}
                : {
                    'content-type': ask.contentType ?? 'application/json',
                    'content-length': String(ask.body.byteLength),
                  }),
            },
          },
          (incoming) => resolve(ok(incoming)),
        );
        outgoing.setTimeout(timeouts.connectMs + idleMs);
        outgoing.on('socket', (socket) => socket.setTimeout(idleMs));
        outgoing.on('timeout', () => outgoing.destroy(new ConnectTimeout('no answer in time')));
        outgoing.on('error', (error) => resolve(describeFailure(node, error)));
        outgoing.end(ask.body);
      });
    },
    close: () => agent.destroy(),
  };
}

/**
 * What a person is told when a connection fails: `timeout` (hangs), `attestation_failed` (another TLS key than the
 * attested one), `cancelled`, `unavailable` (refused, reset, or no HTTP at all).
 */
export function describeFailure(
  node: string,
  error: unknown,
): { ok: false; error: import('../../contract/result.ts').NacreError } {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const details = { node, ...(code === '' ? {} : { cause: code }) };
  if (error instanceof TlsKeyMismatch) {
    return err(
      'attestation_failed',
      `Node ${node} speaks with another TLS key than the one it proved. Nothing was sent.`,
      {
        hint: 'Someone may stand between you and the node. Verify it again before anything else.',
        details: { ...details, reason: 'tls-key-mismatch', found: error.message },
      },
    );
  }
  if (error instanceof ConnectTimeout || code === 'ETIMEDOUT') {
    return err(
      'timeout',
      `Node ${node} does not answer: ${error instanceof Error ? error.message : 'no answer in time'}.`,
      {
        hint: 'Try again, or choose another node.',
        details,
      },
    );
  }
  if (code === 'ABORT_ERR') return err('cancelled', `The request to node ${node} was cancelled.`, { details });
  if (code.startsWith('HPE_')) {
    return err('unavailable', `Node ${node} answers garbage: it does not speak HTTP.`, {
      hint: 'Choose another node.',
      details,
    });
  }
  return err('unavailable', `Node ${node} cannot be reached (${code === '' ? 'connection closed' : code}).`, {
    hint: 'Try again, or choose another node.',
    details,
  });
}

function spkiSha256(socket: TLSSocket): string | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  return createHash('sha256')
    .update(certificate.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

function equalHex(a: string, b: string): boolean {
  const left = Buffer.from(a, 'hex');
  const right = Buffer.from(b, 'hex');
  return left.length === right.length && left.length > 0 && timingSafeEqual(left, right);
}
