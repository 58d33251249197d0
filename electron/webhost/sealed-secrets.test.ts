import { randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wipeSecrets } from '../contract/secret-bytes.ts';
import { partSecrets, sealSecrets } from '../../renderer/src/host/sealed-secrets.ts';
import { createSecretDoor } from './sealed-secrets.ts';

const random = (bytes: number) => new Uint8Array(randomBytes(bytes));
const utf8 = (text: string) => new TextEncoder().encode(text);

/** What a page sends, over JSON as HTTP carries it. */
async function sent(door: ReturnType<typeof createSecretDoor>, method: string, given: unknown) {
  const { input, secrets } = partSecrets(given);
  const text = JSON.stringify({ input, sealed: await sealSecrets(method, secrets, door.newKey()) });
  return { text, ...(JSON.parse(text) as { input: unknown; sealed: Awaited<ReturnType<typeof sealSecrets>> }) };
}

describe('secrets that a page sends', () => {
  it('arrive as bytes of their own at their places, and are nowhere in what HTTP carries', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 8, maxLength: 300 }), fc.uint8Array(), async (first, second) => {
        const door = createSecretDoor(random);
        const given = { passphrase: first, with: { shares: [{ text: 'a' }], next: second }, path: '/x' };
        const { input, sealed, text } = await sent(door, 'backup.restore', given);
        expect(text).not.toContain(Buffer.from(first).toString('base64').slice(0, 10));
        expect(door.place('backup.restore', input, sealed)).toEqual({ ok: true, value: undefined });
        expect(input).toEqual(given);
        const { passphrase } = input as typeof given;
        expect(passphrase.buffer.byteLength).toBe(first.length);
        wipeSecrets(input);
        expect(passphrase.every((byte) => byte === 0)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it('are read once, for the method they were meant for, and whole', async () => {
    const given = () => ({ passphrase: utf8('four random words here') });
    const door = createSecretDoor(random);
    const refused = { ok: false, error: { code: 'invalid_input' } };
    const { input, sealed } = await sent(door, 'vault.unlock', given());
    expect(door.place('vault.create', structuredClone(input), sealed)).toMatchObject(refused);
    expect(door.place('vault.unlock', input, sealed), 'its key was used up').toMatchObject(refused);
    for (let at = 0; at < 38; at += 1) {
      const other = await sent(door, 'vault.unlock', given());
      const box = Buffer.from(other.sealed.box, 'base64');
      box[at] = (box[at] ?? 0) ^ 1;
      const changed = { ...other.sealed, box: box.toString('base64') };
      expect(door.place('vault.unlock', other.input, changed)).toMatchObject(refused);
    }
  });

  it('never land where the input has something else, in a prototype, or in part', async () => {
    const door = createSecretDoor(random);
    for (const path of [['name'], ['__proto__', 'x'], ['toString'], ['deep', 'toString'], ['absent'], []]) {
      const { sealed } = await sent(door, 'vault.unlock', { passphrase: utf8('words') });
      const [place] = sealed.places;
      const input = { passphrase: null, name: 'x', deep: {} };
      const places = [{ path, bytes: place?.bytes ?? 0 }];
      expect(door.place('vault.unlock', input, { ...sealed, places }).ok).toBe(false);
      expect(input).toEqual({ passphrase: null, name: 'x', deep: {} });
    }
    for (const bytes of [4, 6]) {
      const { sealed, input } = await sent(door, 'vault.unlock', { passphrase: utf8('words') });
      expect(door.place('vault.unlock', input, { ...sealed, places: [{ path: ['passphrase'], bytes }] }).ok).toBe(
        false,
      );
    }
  });

  it('survives any key, box and place, and keeps few unused keys', async () => {
    const door = createSecretDoor(random);
    const first = door.newKey();
    for (let more = 0; more < 16; more += 1) door.newKey();
    const late = await sealSecrets('vault.unlock', [{ path: ['passphrase'], bytes: utf8('words') }], first);
    expect(door.place('vault.unlock', { passphrase: null }, late).ok).toBe(false);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.uint8Array({ maxLength: 60 }), (publicKey, box) => {
        const sealed = {
          keyId: door.newKey().id,
          publicKey: Buffer.from(publicKey).toString('base64'),
          places: [{ path: ['passphrase'], bytes: 5 }],
          box: Buffer.from(box).toString('base64'),
        };
        expect(door.place('vault.unlock', { passphrase: null }, sealed).ok).toBe(false);
      }),
    );
  });
});
