import { randomBytes } from 'node:crypto';
import { Decrypter, Encrypter, generateHybridIdentity, identityToRecipient } from 'age-encryption';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Result } from '../../contract/result.ts';
import { decodeArmor, isArmored } from './armor.ts';
import { decodeBech32, encodeBech32 } from './bech32.ts';
import { chooseCipher, probeCipher, pureCipher, type StreamCipher } from './cipher.ts';
import { parseHeader } from './header.ts';
import {
  fileKeyOpener,
  generateIdentity,
  parseIdentity,
  parseIdentityFile,
  passphraseIdentity,
  unwrapFileKey,
  type Identity,
} from './identities.ts';
import { createOpener, identityOpener } from './opener.ts';
import { parseRecipient, parseRecipients, passphraseRecipient, type Recipient } from './recipients.ts';
import { createSealer, openBytes, sealBytes, startSealing } from './sealer.ts';
import { chunkCount, plainStreamSize, sealedStreamSize, writeChunkNonce } from './stream.ts';

const random = (length: number) => new Uint8Array(randomBytes(length));
const cipher = pureCipher;

function take<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

function pair(kind: 'x25519' | 'hybrid' = 'x25519'): { text: string; identity: Identity; recipient: Recipient } {
  const text = generateIdentity(random, kind);
  const identity = take(parseIdentity(text));
  return { text, identity, recipient: take(parseRecipient(identity.recipient ?? '')) };
}

const one = pair();
const other = pair();
const hybrid = pair('hybrid');

describe('bech32', () => {
  it('round-trips any bytes and refuses any changed character', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.nat(),
        fc.constantFrom(...'qpzry9x8gf2tvdw0'),
        (bytes, at, to) => {
          const text = encodeBech32('age', bytes);
          expect(decodeBech32(text)).toEqual({ prefix: 'age', bytes });
          expect(decodeBech32(text.toUpperCase())).toEqual({ prefix: 'age', bytes });
          const place = 4 + (at % (text.length - 4));
          fc.pre(text[place] !== to);
          expect(decodeBech32(text.slice(0, place) + to + text.slice(place + 1))).toBeUndefined();
        },
      ),
    );
    expect(decodeBech32('Age1qqqq')).toBeUndefined();
    expect(decodeBech32('a12uel5l')).toEqual({ prefix: 'a', bytes: new Uint8Array(0) });
  });
});

describe('recipients and identities', () => {
  it('are what age-encryption derives', async () => {
    expect(one.identity.recipient).toBe(await identityToRecipient(one.text));
    expect(hybrid.identity.recipient).toBe(await identityToRecipient(hybrid.text));
    const theirs = await generateHybridIdentity();
    expect(take(parseIdentity(theirs)).recipient).toBe(await identityToRecipient(theirs));
  });

  it('refuse what is none, without repeating a secret', () => {
    const bad = [
      '',
      'age1',
      one.text,
      `${one.identity.recipient}q`,
      one.identity.recipient?.toUpperCase() ?? '',
      'ssh-ed25519 AAAA',
    ];
    for (const text of bad) {
      const parsed = parseRecipient(text);
      expect(parsed).toMatchObject({ ok: false, error: { code: 'invalid_input' } });
      expect(JSON.stringify(parsed)).not.toContain(one.text);
    }
    // The point of order 1 has a valid checksum, and everyone knows every secret shared with it.
    expect(parseRecipient(encodeBech32('age', new Uint8Array(32))).ok).toBe(false);
    expect(parseRecipients([])).toMatchObject({ error: { code: 'invalid_input' } });
    const mixed = [one.identity.recipient ?? '', hybrid.identity.recipient ?? ''];
    expect(parseRecipients(mixed)).toMatchObject({
      error: { code: 'invalid_input', message: expect.stringContaining('mixed') },
    });
    expect(take(parseRecipients([mixed[0] ?? '', mixed[0] ?? '']))).toHaveLength(1);
  });

  it('are read from a file with comments, and a bad line is named but not shown', () => {
    const file = `# created: today\n# public key: ${one.identity.recipient}\n${one.text}\n\n${hybrid.text}\r\n`;
    expect(take(parseIdentityFile(file)).map(({ kind }) => kind)).toEqual(['x25519', 'hybrid']);
    const broken = parseIdentityFile(`# x\n${one.text.slice(0, -1)}\n`);
    expect(broken).toMatchObject({ error: { message: expect.stringContaining('Line 2') } });
    expect(JSON.stringify(broken)).not.toContain(one.text.slice(15, 40));
    expect(parseIdentityFile('# nothing\n').ok).toBe(false);
  });
});

describe('age files', () => {
  const lengths = fc.oneof(fc.nat(300), fc.constantFrom(65_535, 65_536, 65_537, 131_072, 200_000));

  it('open to what was sealed, whatever the pieces', () => {
    fc.assert(
      fc.property(
        lengths,
        fc.integer({ min: 1, max: 70_000 }),
        fc.integer({ min: 1, max: 70_000 }),
        (length, inPiece, outPiece) => {
          const plain = random(length);
          const sealer = take(createSealer({ recipients: [one.recipient, other.recipient], random, cipher }));
          const sealed: Buffer[] = [];
          for (let at = 0; at < length; at += inPiece) {
            sealer.push(plain.subarray(at, at + inPiece), (bytes) => void sealed.push(Buffer.from(bytes)));
          }
          sealer.end((bytes) => void sealed.push(Buffer.from(bytes)));
          const file = Buffer.concat(sealed);
          const header = take(parseHeader(file));
          expect(file.length).toBe(header.length + 16 + sealedStreamSize(length));
          for (const identity of [one.identity, other.identity]) {
            const opener = createOpener({ fileKey: identityOpener([pair().identity, identity]), cipher });
            const opened: Buffer[] = [];
            for (let at = 0; at < file.length; at += outPiece) {
              take(opener.push(file.subarray(at, at + outPiece), (bytes) => void opened.push(Buffer.from(bytes))));
            }
            expect(take(opener.end((bytes) => void opened.push(Buffer.from(bytes))))).toBe(length);
            expect(Buffer.concat(opened).equals(plain)).toBe(true);
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  it('are refused with any byte changed or cut off, and never give wrong bytes', () => {
    const plain = random(70_000);
    const file = take(sealBytes([one.recipient], plain, { random, cipher }));
    fc.assert(
      fc.property(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 }), fc.boolean(), (at, flip, cut) => {
        const changed = cut ? file.slice(0, at) : file.slice();
        if (!cut) changed[at] = (changed[at] ?? 0) ^ flip;
        expect(openBytes(changed, { fileKey: identityOpener([one.identity]), cipher }).ok).toBe(false);
        const opener = createOpener({ fileKey: identityOpener([one.identity]), cipher });
        let given = 0;
        opener.push(changed, (bytes) => {
          expect(Buffer.from(bytes).equals(plain.subarray(given, given + bytes.length))).toBe(true);
          given += bytes.length;
        });
      }),
      { numRuns: 150 },
    );
  });

  it('open with the released file key, and with no other', () => {
    const plain = random(1000);
    const file = take(sealBytes([one.recipient], plain, { random, cipher }));
    const key = take(unwrapFileKey(take(parseHeader(file)), [one.identity]));
    expect(key).toHaveLength(16);
    expect(take(openBytes(file, { fileKey: fileKeyOpener(key), cipher }))).toEqual(plain);
    for (const wrong of [random(16), key.slice(1), new Uint8Array(0)]) {
      expect(openBytes(file, { fileKey: fileKeyOpener(wrong), cipher })).toMatchObject({
        error: { code: 'integrity', details: { failure: 'hmac' } },
      });
    }
  });

  it('never repeat a key or nonce', () => {
    const starts = Array.from({ length: 20 }, () => take(startSealing([one.recipient], random)));
    expect(new Set(starts.map(({ key }) => Buffer.from(key).toString('hex'))).size).toBe(20);
    const nonces = [0, 1, 255, 256, 65_536, 2 ** 32, 2 ** 40 + 7].flatMap((index) =>
      [false, true].map((last) => {
        const nonce = new Uint8Array(12);
        writeChunkNonce(nonce, index, last);
        expect(Buffer.from(nonce.subarray(0, 11)).readBigUInt64BE(3)).toBe(BigInt(index));
        return Buffer.from(nonce).toString('hex');
      }),
    );
    expect(new Set(nonces).size).toBe(nonces.length);
  });

  it('have sizes that follow from the plaintext, one to one', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 40), (size) => {
        expect(plainStreamSize(sealedStreamSize(size))).toBe(size);
      }),
    );
    expect([chunkCount(0), chunkCount(1), chunkCount(65_536), chunkCount(65_537)]).toEqual([1, 1, 1, 2]);
    for (const size of [0, 15, 65_552 + 1, 65_552 + 16]) expect(plainStreamSize(size)).toBeUndefined();
  });

  it('pass to and from age-encryption: X25519, hybrid and passphrase', async () => {
    const plain = random(150_000);
    for (const { text, recipient, identity } of [one, hybrid]) {
      const decrypter = new Decrypter();
      decrypter.addIdentity(text);
      expect(await decrypter.decrypt(take(sealBytes([recipient], plain, { random, cipher })))).toEqual(plain);
      const encrypter = new Encrypter();
      encrypter.addRecipient(identity.recipient ?? '');
      const theirs = await encrypter.encrypt(plain);
      expect(take(openBytes(theirs, { fileKey: identityOpener([identity]), cipher }))).toEqual(plain);
    }
    const decrypter = new Decrypter();
    decrypter.addPassphrase('correct horse');
    const sealed = take(sealBytes([passphraseRecipient(Buffer.from('correct horse'), 10)], plain, { random, cipher }));
    expect(await decrypter.decrypt(sealed)).toEqual(plain);
    expect(
      openBytes(sealed, { fileKey: identityOpener([passphraseIdentity(Buffer.from('wrong'))]), cipher }),
    ).toMatchObject({
      error: { code: 'wrong_passphrase' },
    });
    expect(sealBytes([passphraseRecipient(Buffer.from('a'), 10), one.recipient], plain, { random, cipher }).ok).toBe(
      false,
    );
    expect(sealBytes([], plain, { random, cipher }).ok).toBe(false);
  });

  it('are not found in other bytes, however many', () => {
    const opener = createOpener({ fileKey: identityOpener([one.identity]), cipher });
    const piece = random(64 * 1024).map((byte) => (byte === 10 ? 11 : byte));
    const results = Array.from({ length: 8 }, () => opener.push(piece, () => expect.unreachable()));
    expect(results.at(-1)).toMatchObject({ ok: false, error: { code: 'damaged', details: { failure: 'header' } } });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
        expect(parseHeader(bytes).ok).toBe(false);
        expect(decodeArmor(bytes).ok).toBe(false);
        isArmored(bytes);
        const prefixed = Buffer.concat([Buffer.from('age-encryption.org/v1\n-> X25519 '), bytes]);
        expect(openBytes(prefixed, { fileKey: identityOpener([one.identity]), cipher }).ok).toBe(false);
      }),
    );
  });
});

describe('cipher probe', () => {
  it('passes the pure cipher and refuses broken ones', () => {
    expect(probeCipher(pureCipher)).toBe(true);
    const broken: StreamCipher[] = [
      { ...pureCipher, open: () => true },
      { ...pureCipher, open: () => false },
      { ...pureCipher, seal: (out) => void out.fill(7) },
      {
        ...pureCipher,
        seal: () => {
          throw new Error('not in this build');
        },
      },
    ];
    for (const one of broken) expect(probeCipher(one)).toBe(false);
    expect(chooseCipher(broken)).toBe(pureCipher);
  });
});
