import { x25519 } from '@noble/curves/ed25519.js';
import { err, ok, type Result } from '../../contract/result.ts';
import { encodeBase64 } from '../encoding/base64.ts';
import { decodeBech32 } from './bech32.ts';
import type { Stanza } from './header.ts';
import {
  hybridEncapsulate,
  hybridRandomSize,
  hybridRecipientSize,
  scryptWrappingKey,
  wrapOnce,
  x25519WrappingKey,
} from './wrapping.ts';

/** Cryptographically strong random bytes, from whoever has a source of them. */
export type RandomBytes = (length: number) => Uint8Array;

/** Someone a file key can be wrapped for. */
export interface Recipient {
  readonly kind: 'x25519' | 'hybrid' | 'passphrase';
  /** `age1…`; absent for a passphrase. */
  readonly text?: string;
  wrap(fileKey: Uint8Array, random: RandomBytes): Stanza;
}

/** The most recipients of one file. */
export const recipientMaximum = 64;

/**
 * Reads `age1…` (X25519) or `age1pq1…` (ML-KEM-768 + X25519). Errors: `invalid_input`. Plugin and SSH recipients are not
 * among them: they would call other programs or keys of other uses.
 */
export function parseRecipient(text: string): Result<Recipient> {
  const shown = text.length > 40 ? `${text.slice(0, 24)}…${text.slice(-8)}` : text;
  if (text.toUpperCase().startsWith('AGE-SECRET-KEY-')) {
    return err('invalid_input', 'A secret identity was given where a recipient (age1…) belongs.', {
      hint: 'Treat that identity as exposed if this text was shared.',
    });
  }
  const decoded = text.startsWith('age1') ? decodeBech32(text) : undefined;
  if (decoded?.prefix === 'age' && decoded.bytes.length === 32) {
    const recipient = x25519Recipient(text, decoded.bytes);
    if (recipient !== undefined) return ok(recipient);
  }
  if (decoded?.prefix === 'age1pq' && decoded.bytes.length === hybridRecipientSize) {
    return ok(hybridRecipient(text, decoded.bytes));
  }
  return err('invalid_input', `${JSON.stringify(shown)} is not an age recipient (age1… or age1pq1…).`, {
    hint: 'Copy the whole recipient; every character counts.',
  });
}

/**
 * The recipients of one file. Errors: `invalid_input` for none, too many, one that is malformed, or classical ones beside
 * hybrid ones: the file would then be no safer against a quantum computer than its weakest recipient, as in age itself.
 */
export function parseRecipients(texts: readonly string[]): Result<Recipient[]> {
  if (texts.length === 0) return err('invalid_input', 'At least one recipient is needed.');
  const unique = [...new Set(texts)];
  if (unique.length > recipientMaximum) {
    return err('invalid_input', `${unique.length} recipients are more than the ${recipientMaximum} of one file.`);
  }
  const recipients: Recipient[] = [];
  for (const text of unique) {
    const recipient = parseRecipient(text);
    if (!recipient.ok) return recipient;
    recipients.push(recipient.value);
  }
  if (new Set(recipients.map((recipient) => recipient.kind)).size > 1) {
    return err('invalid_input', 'Hybrid (age1pq1…) and X25519 (age1…) recipients cannot be mixed in one file.', {
      hint: 'Use hybrid recipients only, or X25519 recipients only.',
    });
  }
  return ok(recipients);
}

function x25519Recipient(text: string, point: Uint8Array): Recipient | undefined {
  // A point of low order would make every file key public; found out once, here, with any scalar.
  if (x25519WrappingKey(new Uint8Array(32).fill(1), point, point, point) === undefined) return undefined;
  return {
    kind: 'x25519',
    text,
    wrap(fileKey, random) {
      const scalar = random(32);
      const share = x25519.getPublicKey(scalar);
      const key = x25519WrappingKey(scalar, point, share, point);
      if (key === undefined) throw new RangeError('the recipient was checked not to be of low order');
      return { type: 'X25519', args: [encodeBase64(share, { padding: false })], body: wrapOnce(key, fileKey) };
    },
  };
}

function hybridRecipient(text: string, publicKey: Uint8Array): Recipient {
  return {
    kind: 'hybrid',
    text,
    wrap(fileKey, random) {
      const encapsulated = hybridEncapsulate(publicKey, random(hybridRandomSize));
      if (encapsulated === undefined) throw new RangeError('encapsulation to a parsed hybrid recipient failed');
      return {
        type: 'mlkem768x25519',
        args: [encodeBase64(encapsulated.share, { padding: false })],
        body: wrapOnce(encapsulated.key, fileKey, encapsulated.nonce),
      };
    },
  };
}

/**
 * The only recipient of a file that a passphrase opens; scrypt work factor 18 is age's own (256 MiB, about a second).
 * @param passphrase its UTF-8, which the caller wipes when the file is sealed
 */
export function passphraseRecipient(passphrase: Uint8Array, workFactor = 18): Recipient {
  return {
    kind: 'passphrase',
    wrap(fileKey, random) {
      const salt = random(16);
      const key = scryptWrappingKey(passphrase, salt, workFactor);
      return {
        type: 'scrypt',
        args: [encodeBase64(salt, { padding: false }), String(workFactor)],
        body: wrapOnce(key, fileKey),
      };
    },
  };
}
