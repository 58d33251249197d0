import { createDecipheriv, createECDH, hkdfSync, type ECDH } from 'node:crypto';
import { err, ok, type Result } from '../contract/result.ts';
import { secretBytes, wipeSecrets } from '../contract/secret-bytes.ts';
import { sealedSecretsInfo, type SealedSecrets, type SecretKey } from '../contract/web-paths.ts';

/** Keys that were handed out and not used yet; the oldest goes when one more comes. */
const keysMaximum = 16;
const tagBytes = 16;

export interface SecretDoor {
  /** A fresh key for the secrets of one call. */
  newKey(): SecretKey;
  /**
   * Opens the secrets and puts them into `input`, which has null at their places. The key is gone afterwards, whatever
   * came of it. The caller hands the input to the core, which wipes them. Errors: `invalid_input`.
   */
  place(method: string, input: unknown, sealed: SealedSecrets): Result<void>;
}

/** The receiving end of `SealedSecrets`; the format is told there. */
export function createSecretDoor(random: (bytes: number) => Uint8Array): SecretDoor {
  const keys = new Map<string, ECDH>();
  // A key pair that is made anew overwrites the old private number; one that waits for the garbage collector does not.
  const forget = (id: string) => {
    keys.get(id)?.generateKeys();
    keys.delete(id);
  };
  return {
    newKey() {
      const [oldest] = keys.keys();
      if (keys.size >= keysMaximum && oldest !== undefined) forget(oldest);
      const id = Buffer.from(random(16)).toString('base64url');
      const ecdh = createECDH('prime256v1');
      keys.set(id, ecdh);
      return { id, publicKey: ecdh.generateKeys('base64') };
    },
    place(method, input, sealed) {
      const ecdh = keys.get(sealed.keyId);
      if (ecdh === undefined) return unreadable();
      const plain = open(ecdh, method, sealed);
      forget(sealed.keyId);
      if (plain === undefined) return unreadable();
      try {
        return distribute(input, sealed.places, plain) ? ok(undefined) : unreadable();
      } finally {
        plain.fill(0);
      }
    },
  };
}

const unreadable = () =>
  err('invalid_input', 'The secrets of this call cannot be read.', { hint: 'Load the page anew, and try again.' });

function open(ecdh: ECDH, method: string, { publicKey, box }: SealedSecrets): Uint8Array | undefined {
  const bytes = Buffer.from(box, 'base64');
  if (bytes.length < tagBytes) return undefined;
  const theirs = Buffer.from(publicKey, 'base64');
  let shared: Buffer;
  try {
    shared = ecdh.computeSecret(theirs);
  } catch {
    // Not a point of the curve.
    return undefined;
  }
  const salt = Buffer.concat([ecdh.getPublicKey(), theirs]);
  const derived = new Uint8Array(hkdfSync('sha256', shared, salt, sealedSecretsInfo, 44));
  const decipher = createDecipheriv('aes-256-gcm', derived.subarray(0, 32), derived.subarray(32));
  decipher.setAAD(Buffer.from(method, 'utf8'));
  decipher.setAuthTag(bytes.subarray(-tagBytes));
  const plain = secretBytes(bytes.length - tagBytes);
  try {
    // Node frees the buffer that it decrypts into without wiping it: byte by byte, so that none ever holds two of them.
    for (let at = 0; at < plain.length; at += 1) {
      const one = decipher.update(bytes.subarray(at, at + 1));
      plain[at] = one[0] ?? 0;
      one.fill(0);
    }
    decipher.final();
    return plain;
  } catch {
    plain.fill(0);
    return undefined;
  } finally {
    wipeSecrets([shared, derived]);
  }
}

/** False when places and bytes do not fit together, or the input has something else where a secret belongs. */
function distribute(input: unknown, places: SealedSecrets['places'], plain: Uint8Array): boolean {
  if (places.reduce((sum, { bytes }) => sum + bytes, 0) !== plain.length) return false;
  let from = 0;
  for (const { path, bytes } of places) {
    const name = path.at(-1);
    const holder = path.slice(0, -1).reduce<unknown>(memberOf, input);
    if (name === undefined || memberOf(holder, name) !== null) {
      wipeSecrets(input);
      return false;
    }
    const secret = secretBytes(bytes);
    secret.set(plain.subarray(from, from + bytes));
    (holder as Record<string | number, unknown>)[name] = secret;
    from += bytes;
  }
  return true;
}

/** Own members only: a path never leads to a prototype. */
function memberOf(holder: unknown, name: string | number): unknown {
  return typeof holder === 'object' && holder !== null && Object.hasOwn(holder, name)
    ? (holder as Record<string | number, unknown>)[name]
    : undefined;
}
