import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { inflateSync } from 'node:zlib';
import * as vectors from 'cctv-age';
import { describe, expect, it } from 'vitest';
import type { Result } from '../../contract/result.ts';
import { decodeArmor } from './armor.ts';
import { chooseCipher, createSodiumCipher, pureCipher, type SodiumAead } from './cipher.ts';
import { parseIdentity, passphraseIdentity, type Identity } from './identities.ts';
import { parseHeader } from './header.ts';
import { createOpener, identityOpener } from './opener.ts';
import { chunkSize, payloadKey, payloadNonceSize, sealedChunkSize, writeChunkNonce } from './stream.ts';

/** The C2SP age test kit: every vector with the class of its failure, and with the payload that may get out before it. */
interface Vector {
  name: string;
  expect: string;
  payload: string | undefined;
  identities: Identity[];
  armored: boolean;
  fileKey: string;
  file: Uint8Array;
}

const cipher = chooseCipher([createSodiumCipher(createRequire(import.meta.url)('sodium-native') as SodiumAead)]);

const kit = Object.entries(vectors as unknown as Record<string, Uint8Array>)
  .filter(([, bytes]) => bytes instanceof Uint8Array)
  .map(([name, bytes]): Vector => {
    const raw = Buffer.from(bytes);
    const split = raw.indexOf('\n\n');
    const fields = raw
      .subarray(0, split)
      .toString()
      .split('\n')
      .map((line) => line.split(': ', 2) as [string, string]);
    const all = (key: string) => fields.filter(([name]) => name === key).map(([, value]) => value);
    const known = ['expect', 'payload', 'identity', 'passphrase', 'armored', 'file key', 'comment', 'compressed'];
    expect(fields.map(([key]) => key).filter((key) => !known.includes(key))).toEqual([]);
    const body = raw.subarray(split + 2);
    return {
      name,
      expect: all('expect')[0] ?? '',
      payload: all('payload')[0],
      identities: [
        ...all('identity').map((text) => {
          const identity = parseIdentity(text);
          if (!identity.ok) throw new Error(`${name}: ${identity.error.message}`);
          return identity.value;
        }),
        ...all('passphrase').map((text) => passphraseIdentity(Buffer.from(text))),
      ],
      fileKey: all('file key')[0] ?? '',
      armored: all('armored')[0] === 'yes',
      file: all('compressed')[0] === 'zlib' ? inflateSync(body) : body,
    };
  });

const classes: Record<string, string> = {
  'armor failure': 'armor',
  'header failure': 'header',
  'no match': 'no-match',
  'HMAC failure': 'hmac',
  'payload failure': 'payload',
};

function open(vector: Vector, pieceSize: number) {
  const released: Buffer[] = [];
  const result = openPieces(vector, pieceSize, (plain) => void released.push(Buffer.from(plain)));
  return { result: result.ok ? 'success' : result.error.details?.failure, released: Buffer.concat(released) };
}

function binaryOf(vector: Vector): Result<Uint8Array> {
  return vector.armored ? decodeArmor(vector.file) : { ok: true, value: vector.file };
}

function openPieces(vector: Vector, pieceSize: number, sink: (plain: Uint8Array) => void): Result<number> {
  const binary = binaryOf(vector);
  if (!binary.ok) return binary;
  const opener = createOpener({ fileKey: identityOpener(vector.identities), cipher });
  for (let at = 0; at < binary.value.length; at += pieceSize) {
    const pushed = opener.push(binary.value.subarray(at, at + pieceSize), sink);
    if (!pushed.ok) return pushed;
  }
  return opener.end(sink);
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/**
 * The kit records what the Go implementation lets out before it fails. It tries a full chunk under both flags, so it lets
 * out one that our opener rightly holds back: not yet followed by another and not marked last, or marked last and followed.
 */
const heldBack = [
  'armor_garbage_encoded',
  'stream_no_final_full',
  'stream_no_final_two_chunks_full',
  'stream_trailing_garbage_long',
  'stream_trailing_garbage_short',
  'stream_two_final_chunks',
  'stream_two_final_chunks_full',
  'stream_two_final_chunks_second',
];

/** The chunk after `released`, under whichever flag it opens with. */
function nextChunk(vector: Vector, released: Uint8Array): Buffer {
  const binary = binaryOf(vector);
  const header = binary.ok ? parseHeader(binary.value) : binary;
  if (!binary.ok || !header.ok) throw new Error(`${vector.name} has no header`);
  const payload = binary.value.subarray(header.value.length);
  const key = payloadKey(Buffer.from(vector.fileKey, 'hex'), payload.subarray(0, payloadNonceSize));
  const index = released.length / chunkSize;
  const chunk = payload.subarray(payloadNonceSize + index * sealedChunkSize).subarray(0, sealedChunkSize);
  const plain = Buffer.alloc(chunk.length - 16);
  const nonce = new Uint8Array(12);
  for (const last of [false, true]) {
    writeChunkNonce(nonce, index, last);
    if (cipher.open(plain, chunk, nonce, key)) return plain;
  }
  throw new Error(`${vector.name}: chunk ${index} opens under neither flag`);
}

describe('age test kit', () => {
  it('has all of its vectors, the native cipher and no feature left out', () => {
    expect(kit).toHaveLength(143);
    expect(cipher.name).toBe('libsodium');
  });

  it.each(kit)('$name: $expect', (vector) => {
    const expected = vector.expect === 'success' ? 'success' : classes[vector.expect];
    expect(expected).toBeDefined();
    // 7,919 and 65,537 are odd to every boundary of the format.
    for (const size of [Number.MAX_SAFE_INTEGER, 7919, 65_537, 1]) {
      const { result, released } = open(vector, size);
      expect(result, `pieces of ${size}`).toBe(expected);
      if (vector.payload === undefined) continue;
      const whole = heldBack.includes(vector.name) ? Buffer.concat([released, nextChunk(vector, released)]) : released;
      expect(sha256(whole), `pieces of ${size}`).toBe(vector.payload);
    }
  });

  it('gives the same with the pure cipher', () => {
    const vector = kit.find(({ name }) => name === 'stream_three_chunks');
    expect(vector).toBeDefined();
    const opener = createOpener({ fileKey: identityOpener(vector?.identities ?? []), cipher: pureCipher });
    const hash = createHash('sha256');
    expect(opener.push(vector?.file ?? new Uint8Array(0), (plain) => void hash.update(plain)).ok).toBe(true);
    expect(opener.end((plain) => void hash.update(plain)).ok).toBe(true);
    expect(hash.digest('hex')).toBe(vector?.payload);
  });
});
