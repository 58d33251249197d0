import { ed25519 } from '@noble/curves/ed25519.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { err, ok, type Result } from '../../contract/result.ts';
import { decodeBase64, encodeBase64 } from '../encoding/base64.ts';
import { decodeUtf8 } from '../encoding/utf8.ts';
import { equalBytes } from '../merkle/merkle.ts';
import { keyFileMaximum, type KeyMaterial } from './material.ts';

/** OpenSSH's own private key file (PROTOCOL.key, openssh-key-v1), without a passphrase, and the public line: Ed25519. */
const magic = utf8ToBytes('openssh-key-v1\0');
const keyName = utf8ToBytes('ssh-ed25519');
const none = utf8ToBytes('none');
const blockSize = 8;

function uint32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}
const field = (bytes: Uint8Array) => concatBytes(uint32(bytes.length), bytes);
const publicBlob = (publicKey: Uint8Array) => concatBytes(field(keyName), field(publicKey));

/** `ssh-ed25519 AAAA… comment`, one line. */
export function encodeSshPublic(publicKey: Uint8Array, comment: string): string {
  return `ssh-ed25519 ${encodeBase64(publicBlob(publicKey))} ${oneLine(comment)}\n`;
}

/** @param check four random bytes: the file repeats them, so that a reader sees a wrong passphrase. */
export function encodeSshPrivate(seed: Uint8Array, comment: string, check: Uint8Array): string {
  const publicKey = ed25519.getPublicKey(seed);
  const open = concatBytes(
    check,
    check,
    publicBlob(publicKey),
    field(concatBytes(seed, publicKey)),
    field(utf8ToBytes(oneLine(comment))),
  );
  const padding = Uint8Array.from({ length: (blockSize - (open.length % blockSize)) % blockSize }, (_, i) => i + 1);
  const bytes = concatBytes(
    magic,
    field(none),
    field(none),
    field(new Uint8Array(0)),
    uint32(1),
    field(publicBlob(publicKey)),
    field(concatBytes(open, padding)),
  );
  open.fill(0);
  const lines = encodeBase64(bytes).match(/.{1,70}/g) ?? [];
  bytes.fill(0);
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines.join('\n')}\n-----END OPENSSH PRIVATE KEY-----\n`;
}

function bad(what: string, hint?: string): Result<never> {
  return err('invalid_input', `The OpenSSH key ${what}.`, hint === undefined ? {} : { hint });
}

/** Errors: `invalid_input`, saying what is wrong and nothing of the content. */
export function parseSshPrivate(text: string): Result<KeyMaterial> {
  if (text.length > keyFileMaximum) return bad('file is too large');
  const found = /^\s*-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]*)-----END OPENSSH PRIVATE KEY-----\s*$/.exec(
    text,
  );
  const bytes = found === null ? undefined : decodeBase64((found[1] ?? '').replaceAll(/\s/g, ''));
  if (bytes === undefined) return bad('is not one whole block of base64');
  const reader = createReader(bytes);
  if (!equalBytes(reader.take(magic.length) ?? new Uint8Array(0), magic)) return bad('does not begin as one');
  const cipher = reader.field();
  const kdf = reader.field();
  if (cipher === undefined || kdf === undefined || reader.field() === undefined) return bad('ends too early');
  if (!equalBytes(cipher, none) || !equalBytes(kdf, none)) {
    return bad('is encrypted with a passphrase', 'Take it away from a copy first: ssh-keygen -p -N "" -f COPY');
  }
  if (reader.uint32() !== 1) return bad('file should hold exactly one key');
  const outer = reader.field();
  const inner = reader.field();
  if (outer === undefined || inner === undefined || !reader.ended()) return bad('has a wrong length');
  const material = readInner(inner, outer);
  bytes.fill(0);
  return material === undefined
    ? bad('is not a whole ssh-ed25519 key', 'Only Ed25519 keys can be imported from OpenSSH.')
    : ok(material);
}

function readInner(inner: Uint8Array, outer: Uint8Array): KeyMaterial | undefined {
  const reader = createReader(inner);
  const first = reader.take(4);
  const second = reader.take(4);
  if (first === undefined || second === undefined || !equalBytes(first, second)) return undefined;
  const name = reader.field();
  const publicKey = reader.field();
  const pair = reader.field();
  const comment = reader.field();
  if (name === undefined || publicKey === undefined || pair === undefined || comment === undefined) return undefined;
  if (!equalBytes(name, keyName) || publicKey.length !== 32 || pair.length !== 64) return undefined;
  if (decodeUtf8(comment) === undefined) return undefined;
  const padding = reader.rest();
  if (padding.length >= blockSize || !padding.every((byte, index) => byte === index + 1)) return undefined;
  const seed = new Uint8Array(new ArrayBuffer(32));
  seed.set(pair.subarray(0, 32));
  const own = ed25519.getPublicKey(seed);
  // Three copies of the public key that must be one, or someone pasted two keys together.
  const whole = equalBytes(own, publicKey) && equalBytes(own, pair.subarray(32)) && equalBytes(publicBlob(own), outer);
  if (whole) return { type: 'ed25519', secret: seed };
  seed.fill(0);
  return undefined;
}

function createReader(bytes: Uint8Array) {
  let at = 0;
  const take = (length: number): Uint8Array | undefined => {
    if (length > bytes.length - at) return undefined;
    at += length;
    return bytes.subarray(at - length, at);
  };
  const readUint32 = (): number | undefined => {
    const four = take(4);
    return four === undefined ? undefined : new DataView(four.buffer, four.byteOffset).getUint32(0);
  };
  return {
    take,
    uint32: readUint32,
    field(): Uint8Array | undefined {
      const length = readUint32();
      return length === undefined ? undefined : take(length);
    },
    rest: () => bytes.subarray(at),
    ended: () => at === bytes.length,
  };
}

function oneLine(comment: string): string {
  return comment.replaceAll(/[\p{Cc}]/gu, ' ').slice(0, 256);
}
