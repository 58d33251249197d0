import { generateKeyPairSync, sign } from 'node:crypto';
import { err, ok, type Result } from '../../contract/result.ts';
import type { Challenge, NodeEvidence, Runtime } from '../../contract/node-evidence.ts';
import { receiptLimits } from '../../contract/receipt.ts';
import { canonicalJson, keyIdOf, type Signer } from '../../domain/dsse/dsse.ts';
import { generateReleaseKey, type ReleaseKeyPair } from '../job/key-release.ts';
import { sha256 } from '../job/digest.ts';
import type { EvidenceProvider } from './provider.ts';

/** Sessions and whole exchanges kept at most; the oldest that no job needs make room. */
const sessionMaximum = 256;
const exchangeMaximum = 8;
/** How far ahead a challenge may expire: milliseconds. Twice DESIGN's five minutes, for clocks that differ. */
const challengeLifetimeMs = 10 * 60_000;

/** A desk sees only the sentence, and its own clock: where they differ by minutes, one of them is wrong. */
function clockWords(now: number): string {
  return `By the clock of this node it is ${new Date(now).toISOString()}; compare that with yours.`;
}
const clockHint = { hint: 'Set both clocks, then try again: a difference of up to five minutes does no harm.' };

/** One challenge and the evidence that answered it. */
export interface Exchange {
  readonly challenge: Challenge;
  readonly evidence: NodeEvidence;
  /** SHA-256 of the JCS of the evidence, hex. */
  readonly evidenceSha256: string;
}

/** The keys of one session, made here and attested in every exchange. */
export interface Session {
  readonly id: string;
  readonly releaseKey: ReleaseKeyPair;
  /** Raw HPKE public key, and the Ed25519 key that signs frames and receipts. */
  readonly releasePublicKey: Uint8Array;
  readonly signer: Signer & { readonly publicKey: Uint8Array };
  /** The latest exchanges, oldest first. */
  readonly exchanges: readonly Exchange[];
  /** Digests of all evidence given in this session, in order. */
  readonly evidenceSha256: readonly string[];
}

interface MutableSession extends Session {
  readonly exchanges: Exchange[];
  readonly evidenceSha256: string[];
}

/** Answers challenges: same keys for the same session, no nonce twice. */
export class Sessions {
  readonly #provider: EvidenceProvider;
  readonly #tlsSpkiSha256: () => string;
  readonly #clock: () => Date;
  readonly #sessions = new Map<string, Promise<MutableSession>>();
  readonly #opened = new Map<string, MutableSession>();
  /** Nonces seen, with the time after which they expire anyway. */
  readonly #nonces = new Map<string, number>();

  constructor(provider: EvidenceProvider, tlsSpkiSha256: () => string, clock: () => Date) {
    this.#provider = provider;
    this.#tlsSpkiSha256 = tlsSpkiSha256;
    this.#clock = clock;
  }

  find(sessionId: string): Session | undefined {
    return this.#opened.get(sessionId);
  }

  /**
   * Fresh evidence for a challenge. Errors: `invalid_input` (expired, or expires too far ahead), `already_exists` (its
   * nonce was used before: a challenge is good for one answer).
   */
  async answer(challenge: Challenge): Promise<Result<NodeEvidence>> {
    const now = this.#clock().getTime();
    const expires = Date.parse(challenge.expires);
    if (!(expires > now)) return err('invalid_input', `The challenge has expired. ${clockWords(now)}`, clockHint);
    if (expires > now + challengeLifetimeMs) {
      return err('invalid_input', `The challenge expires too far ahead. ${clockWords(now)}`, clockHint);
    }
    for (const [nonce, until] of this.#nonces) if (until <= now) this.#nonces.delete(nonce);
    if (this.#nonces.has(challenge.nonce)) return err('already_exists', 'The nonce of this challenge was used before.');
    this.#nonces.set(challenge.nonce, expires);
    const session = await this.#session(challenge.sessionId);
    const runtime: Runtime = {
      challenge,
      hpkeKey: Buffer.from(session.releasePublicKey).toString('base64'),
      signingKey: Buffer.from(session.signer.publicKey).toString('base64'),
      tlsSpkiSha256: this.#tlsSpkiSha256(),
    };
    const evidence = await this.#provider.collect(runtime);
    const evidenceSha256 = sha256(canonicalJson(evidence));
    session.exchanges.push({ challenge, evidence, evidenceSha256 });
    if (session.exchanges.length > exchangeMaximum) session.exchanges.shift();
    if (session.evidenceSha256.length < receiptLimits.evidence) session.evidenceSha256.push(evidenceSha256);
    return ok(evidence);
  }

  async #session(id: string): Promise<MutableSession> {
    const known = this.#sessions.get(id);
    if (known !== undefined) {
      // Most recently used last: a session of a running job is renewed and so never the oldest.
      this.#sessions.delete(id);
      this.#sessions.set(id, known);
      return known;
    }
    const made = makeSession(id);
    this.#sessions.set(id, made);
    for (const oldest of this.#sessions.keys()) {
      if (this.#sessions.size <= sessionMaximum) break;
      this.#sessions.delete(oldest);
      this.#opened.delete(oldest);
    }
    const session = await made;
    this.#opened.set(id, session);
    return session;
  }
}

async function makeSession(id: string): Promise<MutableSession> {
  const { pair, publicKey } = await generateReleaseKey();
  return {
    id,
    releaseKey: pair,
    releasePublicKey: publicKey,
    signer: makeSigner(),
    exchanges: [],
    evidenceSha256: [],
  };
}

/** A fresh Ed25519 key; its private half stays in the key object. */
function makeSigner(): Session['signer'] {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const { x } = publicKey.export({ format: 'jwk' });
  const raw = new Uint8Array(Buffer.from(x ?? '', 'base64url'));
  return {
    publicKey: raw,
    keyId: keyIdOf(raw),
    sign: (bytes) => new Uint8Array(sign(null, bytes, privateKey)),
  };
}
