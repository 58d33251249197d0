import { x25519 } from '@noble/curves/ed25519.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { err, ok, type Result } from '../../contract/result.ts';
import { decodeBase64 } from '../encoding/base64.ts';
import { decodeBech32, encodeBech32 } from './bech32.ts';
import { refuse } from './failures.ts';
import { verifyHeader, type AgeHeader, type Stanza } from './header.ts';
import type { RandomBytes } from './recipients.ts';
import { fileKeySize } from './stream.ts';
import {
  hybridDecapsulate,
  hybridPublicKey,
  hybridShareSize,
  scryptWrappingKey,
  unwrapOnce,
  wrappedKeySize,
  x25519WrappingKey,
} from './wrapping.ts';

/** Someone who can unwrap a file key. Holds a secret: never logged, never serialised. */
export interface Identity {
  readonly kind: 'x25519' | 'hybrid' | 'passphrase';
  /** The recipient that wraps for it; absent for a passphrase. */
  readonly recipient?: string;
  /** The file key; undefined when no stanza is for this identity; an error when one of its kind is malformed. */
  unwrap(stanzas: readonly Stanza[]): Result<Uint8Array | undefined>;
  /** HMAC-SHA256 under a key of this identity and nothing else: by it a desk knows its own unfinished work again. */
  mark?(text: Uint8Array): Uint8Array;
}

/** The largest scrypt work factor tried: 1 GiB of memory. A higher one in a file is an attack or another tool's whim. */
export const workFactorMaximum = 20;

/** A new secret identity in age's text form: `AGE-SECRET-KEY-1…` or `AGE-SECRET-KEY-PQ-1…`. */
export function generateIdentity(random: RandomBytes, kind: 'x25519' | 'hybrid' = 'x25519'): string {
  return encodeBech32(kind === 'hybrid' ? 'age-secret-key-pq-' : 'age-secret-key-', random(32)).toUpperCase();
}

/** Reads one identity. Errors: `invalid_input`, without repeating the secret. */
export function parseIdentity(text: string): Result<Identity> {
  const decoded = text.startsWith('AGE-SECRET-KEY-') ? decodeBech32(text) : undefined;
  if (decoded?.bytes.length === 32 && decoded.prefix === 'age-secret-key-') return ok(x25519Identity(decoded.bytes));
  if (decoded?.bytes.length === 32 && decoded.prefix === 'age-secret-key-pq-') return ok(hybridIdentity(decoded.bytes));
  return err('invalid_input', 'This is not an age identity (AGE-SECRET-KEY-1… or AGE-SECRET-KEY-PQ-1…).');
}

/**
 * Reads an identity file as age-keygen writes it: one identity a line, `#` comments and empty lines.
 * Errors: `invalid_input`, naming the line and nothing of its content.
 */
export function parseIdentityFile(text: string): Result<Identity[]> {
  if (text.length > 1_048_576) return err('invalid_input', 'The identity file is larger than 1 MiB.');
  const identities: Identity[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const identity = parseIdentity(line);
    if (!identity.ok) return err('invalid_input', `Line ${index + 1} of the identity file is not an age identity.`);
    identities.push(identity.value);
  }
  return identities.length > 0 ? ok(identities) : err('invalid_input', 'The identity file holds no identity.');
}

/**
 * The file key of a header, checked against its MAC. Errors: `damaged` (a stanza is malformed), `invalid_input` or
 * `wrong_passphrase` (none of the identities fits), `integrity` (the header was changed).
 */
export function unwrapFileKey(header: AgeHeader, identities: readonly Identity[]): Result<Uint8Array> {
  if (header.stanzas.some((stanza) => stanza.type === 'scrypt') && header.stanzas.length !== 1) {
    // Otherwise whoever knows the passphrase could be handed a file that others can read too.
    return refuse('header', 'A passphrase stanza must be the only one of an age file.');
  }
  for (const identity of identities) {
    const fileKey = identity.unwrap(header.stanzas);
    if (!fileKey.ok) return fileKey;
    if (fileKey.value === undefined) continue;
    if (!verifyHeader(header, fileKey.value)) return refuse('hmac', 'The age header was changed after sealing.');
    return ok(fileKey.value);
  }
  if (identities.length > 0 && identities.every((identity) => identity.kind === 'passphrase')) {
    return err('wrong_passphrase', 'The passphrase does not open this file.', { details: { failure: 'no-match' } });
  }
  return refuse('no-match', 'None of the given identities opens this file.', 'It was sealed to other recipients.');
}

/** What opens a file whose key was released, in place of an identity: the MAC tells whether the key is this file's. */
export function fileKeyOpener(fileKey: Uint8Array): (header: AgeHeader) => Result<Uint8Array> {
  return (header) =>
    fileKey.length === fileKeySize && verifyHeader(header, fileKey)
      ? ok(fileKey)
      : refuse('hmac', 'The released key is not the key of this file, or its header was changed.');
}

function malformed(type: string): Result<never> {
  return refuse('header', `A ${type} stanza of the age header is malformed.`);
}

function markWith(secret: Uint8Array, text: Uint8Array): Uint8Array {
  return hmac(sha256, hkdf(sha256, secret, undefined, utf8ToBytes('nacre/identity/mark/v1'), 32), text);
}

function x25519Identity(scalar: Uint8Array): Identity {
  const own = x25519.getPublicKey(scalar);
  return {
    kind: 'x25519',
    recipient: encodeBech32('age', own),
    mark: (text) => markWith(scalar, text),
    unwrap(stanzas) {
      for (const { type, args, body } of stanzas) {
        if (type !== 'X25519') continue;
        const share = args.length === 1 ? decodeBase64(args[0] ?? '', { padding: false }) : undefined;
        if (share?.length !== 32 || body.length !== wrappedKeySize) return malformed(type);
        const key = x25519WrappingKey(scalar, share, share, own);
        if (key === undefined) return malformed(type);
        const fileKey = unwrapOnce(key, body);
        if (fileKey !== undefined) return ok(fileKey);
      }
      return ok(undefined);
    },
  };
}

function hybridIdentity(seed: Uint8Array): Identity {
  return {
    kind: 'hybrid',
    get recipient() {
      return encodeBech32('age1pq', hybridPublicKey(seed));
    },
    mark: (text) => markWith(seed, text),
    unwrap(stanzas) {
      for (const { type, args, body } of stanzas) {
        if (type !== 'mlkem768x25519') continue;
        const share = args.length === 1 ? decodeBase64(args[0] ?? '', { padding: false }) : undefined;
        if (share?.length !== hybridShareSize || body.length !== wrappedKeySize) return malformed(type);
        const keys = hybridDecapsulate(share, seed);
        if (keys === undefined) return malformed(type);
        const fileKey = unwrapOnce(keys.key, body, keys.nonce);
        if (fileKey !== undefined) return ok(fileKey);
      }
      return ok(undefined);
    },
  };
}

/**
 * Tries a passphrase; takes the time and memory that the file's work factor asks for, up to `workFactorMaximum`.
 * @param passphrase its UTF-8, which the caller wipes when the file is open
 */
export function passphraseIdentity(passphrase: Uint8Array): Identity {
  return {
    kind: 'passphrase',
    unwrap(stanzas) {
      for (const { type, args, body } of stanzas) {
        if (type !== 'scrypt') continue;
        const salt = args.length === 2 ? decodeBase64(args[0] ?? '', { padding: false }) : undefined;
        const workFactor = /^[1-9][0-9]?$/.test(args[1] ?? '') ? Number(args[1]) : undefined;
        if (salt?.length !== 16 || workFactor === undefined || body.length !== wrappedKeySize) return malformed(type);
        if (workFactor > workFactorMaximum) {
          return refuse('header', `The scrypt work factor ${workFactor} is above the limit of ${workFactorMaximum}.`);
        }
        const fileKey = unwrapOnce(scryptWrappingKey(passphrase, salt, workFactor), body);
        if (fileKey !== undefined) return ok(fileKey);
      }
      return ok(undefined);
    },
  };
}
