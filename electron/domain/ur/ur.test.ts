import { UREncoder, URDecoder, UR } from '@ngraveio/bc-ur';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBytewords, encodeBytewords } from './bytewords.ts';
import { crc32 } from './crc32.ts';
import { chooseDegree, createFountain, createFountainReader, fragmentSize } from './fountain.ts';
import { createUrParts, createUrReader, encodeUr } from './ur.ts';
import { createSampler, createXoshiro, shuffled } from './xoshiro.ts';

const text = (value: string) => new TextEncoder().encode(value);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const wolf = () => createXoshiro(text('Wolf'));

/** The message that the reference's tests make of a seed. */
function referenceMessage(length: number): Uint8Array {
  const generator = wolf();
  return Uint8Array.from({ length }, () => generator.nextInt(0, 255));
}

describe('published vectors', () => {
  it('CRC-32', () => {
    expect(crc32(text('Wolf'))).toBe(0x598c84dc);
    expect(crc32(text('Hello, world!'))).toBe(0xebe6c6e6);
    expect(crc32(text('123456789'))).toBe(0xcbf43926);
  });

  it('bytewords, minimal', () => {
    const bytes = Uint8Array.of(0, 1, 2, 128, 255);
    expect(encodeBytewords(bytes)).toBe('aeadaolazmjendeoti');
    expect(decodeBytewords('AEADAOLAZMJENDEOTI')).toEqual(bytes);
    expect(decodeBytewords('aeadaolazmjendeotf')).toBeUndefined();
  });

  it('xoshiro256**, its whole numbers, and the alias sampler', () => {
    const generator = wolf();
    expect(Array.from({ length: 30 }, () => Number(generator.next() % 100n))).toEqual([
      42, 81, 85, 8, 82, 84, 76, 73, 70, 88, 2, 74, 40, 48, 77, 54, 88, 7, 5, 88, 37, 25, 82, 13, 69, 59, 30, 39, 11,
      82,
    ]);
    const second = wolf();
    expect(Array.from({ length: 20 }, () => second.nextInt(1, 10))).toEqual([
      6, 5, 8, 4, 10, 5, 7, 10, 4, 9, 10, 9, 7, 7, 1, 1, 2, 9, 9, 2,
    ]);
    const third = wolf();
    const sample = createSampler([1, 2, 4, 8]);
    const drawn = Array.from({ length: 500 }, () => sample(third.nextDouble));
    expect(drawn.slice(0, 16)).toEqual([3, 3, 3, 3, 3, 3, 3, 0, 2, 3, 3, 3, 3, 1, 2, 2]);
    expect([0, 1, 2, 3].map((value) => drawn.filter((other) => other === value).length)).toEqual([28, 68, 130, 274]);
  });

  it('shuffling', () => {
    const generator = wolf();
    const values = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    expect(values.map((count) => shuffled(values, count, generator))).toEqual([
      [6],
      [5, 8],
      [4, 10, 5],
      [7, 10, 3, 8],
      [10, 8, 6, 5, 1],
      [1, 3, 9, 8, 4, 6],
      [4, 6, 8, 9, 3, 2, 1],
      [3, 9, 7, 4, 5, 1, 10, 8],
      [3, 10, 2, 6, 8, 5, 7, 9, 1],
      [1, 5, 3, 8, 2, 6, 7, 9, 4, 10],
    ]);
  });

  it('sizes and degrees of fragments', () => {
    expect(fragmentSize(12_345, 1005, 1955)).toBe(1764);
    expect(fragmentSize(12_345, 1005, 30_000)).toBe(12_345);
    expect(createFountain(referenceMessage(1024), 100).fragments).toBe(11);
    expect(hex(createFountain(referenceMessage(1024), 100).part(1).data).slice(0, 24)).toBe('916ec65cf77cadf55cd7f9cd');
    const generator = wolf();
    const degrees = Array.from({ length: 1000 }, () => chooseDegree(11, generator.nextDouble));
    expect(degrees.slice(0, 20)).toEqual([7, 9, 2, 1, 4, 2, 1, 1, 3, 10, 7, 1, 1, 4, 3, 8, 6, 2, 3, 2]);
    const counts = Array.from({ length: 11 }, (_, i) => degrees.filter((degree) => degree === i + 1).length);
    expect(counts).toEqual([328, 151, 116, 77, 71, 54, 52, 55, 33, 33, 30]);
  });
});

describe('beside another implementation', () => {
  it('makes the same parts, fixed and mixed', () => {
    for (const length of [5, 300, 1024, 2500]) {
      const message = referenceMessage(length);
      const own = createUrParts(message, 90);
      const peer = new UREncoder(UR.fromBuffer(Buffer.from(message)), 90);
      const count = own.fragments === 1 ? 1 : own.fragments * 3;
      for (let sequence = 1; sequence <= count; sequence++) {
        expect(own.part(sequence), `part ${sequence} of ${length}`).toBe(peer.nextPart().toLowerCase());
      }
    }
  });

  it('is read by it, and reads it, with only mixed parts', () => {
    const message = referenceMessage(1500);
    const own = createUrParts(message, 100);
    const peerReader = new URDecoder();
    for (let sequence = own.fragments + 1; !peerReader.isComplete() && sequence < 400; sequence++) {
      peerReader.receivePart(own.part(sequence));
    }
    expect(hex(peerReader.resultUR().decodeCBOR())).toBe(hex(message));
    const peer = new UREncoder(UR.fromBuffer(Buffer.from(message)), 100, 50);
    const reader = createUrReader();
    for (let i = 0; i < 400 && reader.message() === undefined; i++) reader.add(peer.nextPart());
    expect(reader.message()).toEqual(message);
  });
});

describe('a UR', () => {
  it('comes back whole through loss, repeats and any order', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 3000 }),
        fc.integer({ min: 20, max: 400 }),
        fc.nat(),
        (message, size, seed) => {
          const parts = createUrParts(message, size);
          const random = createXoshiro(text(String(seed)));
          const reader = createUrReader();
          for (let i = 0; reader.message() === undefined; i++) {
            expect(i, 'parts seen').toBeLessThan(parts.fragments * 20 + 50);
            const sequence = random.nextInt(1, parts.fragments * 6);
            expect(reader.add(parts.part(sequence)).ok).toBe(true);
          }
          expect(reader.message()).toEqual(message);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('survives any text, and names what is not its own', () => {
    const reader = createUrReader();
    fc.assert(fc.property(fc.string({ maxLength: 200 }), (any) => !reader.add(any).ok));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (any) => {
        for (const head of ['ur:bytes/', 'ur:bytes/1-2/']) createUrReader().add(head + encodeBytewords(any));
      }),
    );
    const whole = encodeUr(text('one'));
    for (let i = 9; i < whole.length; i++) {
      const other = whole[i] === 'a' ? 'e' : 'a';
      expect(createUrReader().add(whole.slice(0, i) + other + whole.slice(i + 1)).ok, `letter ${i}`).toBe(false);
    }
    const [one, two] = [createUrParts(referenceMessage(500), 50), createUrParts(referenceMessage(501), 50)];
    expect(reader.add(one.part(1)).ok).toBe(true);
    expect(reader.add(two.part(2))).toMatchObject({ ok: false, error: { code: 'integrity' } });
  });

  it('refuses parts whose sizes cannot be', () => {
    const good = createFountain(referenceMessage(500), 50).part(1);
    for (const bad of [
      { ...good, fragments: 4097 },
      { ...good, fragments: 0 },
      { ...good, sequence: 0 },
      { ...good, messageBytes: 10_000_000 },
      { ...good, messageBytes: 5 },
      { ...good, data: new Uint8Array(3) },
    ]) {
      expect(createFountainReader().add(bad)).toBe(false);
    }
  });
});
