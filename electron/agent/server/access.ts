import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { err, ok, type Result } from '../../contract/result.ts';
import { accessGrantSchema, payloadTypes, type Access, type DsseEnvelope } from '../../contract/wire.ts';
import { keyIdOf, readUnverified, verifyJson, type VerifySignature } from '../../domain/dsse/dsse.ts';
import { decodeBase64 } from '../../domain/encoding/base64.ts';

/** Tickets kept; the oldest make room. */
const keptTickets = 4096;
/** Longer grants than this are refused: milliseconds, the longest budget of a job and its grace. */
const grantMaximumMs = 32 * 86_400_000;

/** Who a request comes from. */
export interface Visitor {
  readonly ownerKey: Uint8Array;
  readonly notAfter: number;
  /** The one job that may be looked at; any of the owner's when absent. */
  readonly jobId: string | undefined;
}

/**
 * Lets owners in: a grant signed by the owner's key, for this agent's TLS key and a time, is exchanged for a ticket.
 * Without this any process that reaches the agent could read frames, stop jobs and ask which sealed parts are here.
 */
export class AccessBook {
  readonly #tickets = new Map<string, Visitor>();
  readonly #tlsSpkiSha256: string;
  readonly #verify: VerifySignature;
  readonly #clock: () => Date;

  constructor(tlsSpkiSha256: string, verify: VerifySignature, clock: () => Date) {
    this.#tlsSpkiSha256 = tlsSpkiSha256;
    this.#verify = verify;
    this.#clock = clock;
  }

  /** Errors: those of DSSE; `invalid_input` (expired, too long); `not_permitted` (for another agent). */
  admit(envelope: DsseEnvelope): Result<Access> {
    const claimed = readUnverified(envelope, accessGrantSchema);
    if (!claimed.ok) return claimed;
    const ownerKey = decodeBase64(claimed.value.ownerKey);
    if (ownerKey?.length !== 32) return err('invalid_input', 'The owner key of the grant is not an Ed25519 key.');
    const signed = verifyJson(envelope, accessGrantSchema, {
      payloadType: payloadTypes.accessGrant,
      trusted: [{ publicKey: ownerKey }],
      verify: this.#verify,
    });
    if (!signed.ok) return signed;
    const grant = signed.value.value;
    if (grant.tlsSpkiSha256 !== this.#tlsSpkiSha256) {
      return err('not_permitted', 'The grant is for another agent: it names another TLS key.');
    }
    const notAfter = Date.parse(grant.notAfter);
    const now = this.#clock().getTime();
    if (!(notAfter > now)) return err('invalid_input', 'The grant has expired.');
    if (notAfter - now > grantMaximumMs) return err('invalid_input', 'The grant lasts too long.');
    const ticket = randomBytes(32).toString('hex');
    this.#tickets.set(digestOf(ticket), { ownerKey, notAfter, jobId: grant.jobId });
    for (const oldest of this.#tickets.keys()) {
      if (this.#tickets.size <= keptTickets) break;
      this.#tickets.delete(oldest);
    }
    return ok({ ticket, notAfter: grant.notAfter });
  }

  /** Who sent this request. Errors: `not_permitted`. */
  visitor(request: IncomingMessage): Result<Visitor> {
    const ticket = /^Bearer ([0-9a-f]{64})$/.exec(request.headers.authorization ?? '')?.[1];
    // Looked up by its hash: how long that takes says nothing about the ticket.
    const key = ticket === undefined ? '' : digestOf(ticket);
    const visitor = this.#tickets.get(key);
    if (visitor !== undefined && visitor.notAfter > this.#clock().getTime()) return ok(visitor);
    this.#tickets.delete(key);
    return err('not_permitted', 'This request carries no ticket of the owner, or an expired one.');
  }
}

/** Whether a visitor may look at a job of this owner. */
export function mayVisit(visitor: Visitor, jobId: string, ownerKey: Uint8Array): boolean {
  return keyIdOf(visitor.ownerKey) === keyIdOf(ownerKey) && (visitor.jobId ?? jobId) === jobId;
}

function digestOf(ticket: string): string {
  return createHash('sha256').update(ticket).digest('hex');
}
