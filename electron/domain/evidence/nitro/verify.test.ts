import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createNodeCrypto } from '../../../services/evidence/node-crypto.ts';
import { simulatedAnchors, vendorAnchors } from '../anchors.ts';
import { Malformed, concat, toHex } from '../readers/bytes.ts';
import { cborBytes, readCbor } from '../readers/cbor.ts';
import { maximumDocumentBytes, parseNitroDocument } from './document.ts';
import { oysterImageId, oysterParametersRegister } from './oyster.ts';
import { verifyNitro, type NitroInput } from './verify.ts';

const folder = '../shared/vectors/nitro';
const available = existsSync(folder);
const crypto = createNodeCrypto();

interface Meta {
  readonly expected: string;
  readonly evaluate_at: string;
  readonly timestamp: string;
  readonly module_id: string;
  readonly pcrs: Readonly<Record<string, string>>;
  readonly public_key_hex: string | null;
  readonly user_data_hex: string | null;
  readonly nonce_hex: string | null;
  readonly oyster_image_id: string;
}

function load(name: string): { meta: Meta; input: NitroInput } {
  const meta = JSON.parse(readFileSync(join(folder, name, 'meta.json'), 'utf8')) as Meta;
  const document = new Uint8Array(readFileSync(join(folder, name, 'attestation.cbor')));
  const now = Date.parse(meta.evaluate_at);
  return {
    meta,
    input: { name: 'cpu0', document, nonce: undefined, pcrs: new Map(), anchors: vendorAnchors, now, crypto },
  };
}

const reasons: Readonly<Record<string, string>> = {
  'invalid:cose-signature': 'cose-signature',
  'invalid:debug-enabled': 'debug-enabled',
  'invalid:root-not-aws': 'chain-root-not-pinned',
};

function failures(input: NitroInput): (string | undefined)[] {
  return verifyNitro(input)
    .verdict.checks.filter(({ outcome }) => outcome !== 'pass')
    .map(({ reason }) => reason);
}

describe('Nitro vectors', () => {
  if (!available) {
    it('needs ../shared/vectors', () => {
      expect(process.env['CI'], 'the evidence vectors are missing').not.toBe('true');
    });
    return;
  }
  const names = readdirSync(folder);
  const valid = names.filter((name) => load(name).meta.expected === 'valid');
  it('are all there', () => {
    expect(names).toHaveLength(7);
    expect(valid).toHaveLength(3);
  });

  it.each(names)('%s', (name) => {
    const { meta, input } = load(name);
    const { verdict } = verifyNitro(input);
    if (meta.expected === 'valid') {
      expect(failures(input)).toEqual([]);
      expect(verdict.status).toBe('affirming');
    } else {
      expect(verdict.status).toBe('contraindicated');
      expect(failures(input)).toContain(reasons[meta.expected]);
    }
    expect(verdict.notChecked).not.toEqual([]);
  });

  it.each(names)('%s reads field by field', (name) => {
    const { meta, input } = load(name);
    const parsed = parseNitroDocument(input.document);
    if (!parsed.ok) throw new Error(parsed.detail);
    const document = parsed.value;
    const hex = (bytes: Uint8Array | undefined) => (bytes === undefined ? null : toHex(bytes));
    expect(document.moduleId).toBe(meta.module_id);
    expect(new Date(document.timestamp).toISOString()).toBe(meta.timestamp);
    for (const [index, digest] of Object.entries(meta.pcrs)) expect(hex(document.pcrs.get(Number(index)))).toBe(digest);
    expect(hex(document.publicKey)).toBe(meta.public_key_hex);
    expect(hex(document.userData)).toBe(meta.user_data_hex);
    expect(hex(document.nonce)).toBe(meta.nonce_hex);
    expect(hex(oysterImageId(document.pcrs, crypto))).toBe(meta.oyster_image_id);
  });

  it.each(valid)('%s: no bit of it can change', (name) => {
    const { input } = load(name);
    fc.assert(
      fc.property(fc.nat(input.document.length - 1), fc.nat(7), (at, bit) => {
        const changed = input.document.slice();
        changed[at] = (changed[at] ?? 0) ^ (1 << bit);
        return verifyNitro({ ...input, document: changed }).verdict.status !== 'affirming';
      }),
      { numRuns: 60 },
    );
    expect(failures({ ...input, document: concat(input.document, Uint8Array.of(0)) })).toEqual(['evidence-malformed']);
    expect(failures({ ...input, document: concat(Uint8Array.of(0xd2), input.document) })).toEqual([]);
    expect(failures({ ...input, document: concat(Uint8Array.of(0xd3), input.document) })).toEqual([
      'evidence-malformed',
    ]);
  });

  it.each(valid)('%s: clock, nonce, registers and root count', (name) => {
    const { input } = load(name);
    const hour = 3_600_000;
    const parsed = parseNitroDocument(input.document);
    if (!parsed.ok) throw new Error(parsed.detail);
    const { nonce, pcrs } = parsed.value;
    const pcr0 = pcrs.get(0) ?? new Uint8Array(48);
    expect(failures({ ...input, now: input.now + 24 * hour })).toEqual(['certificate-expired', 'document-time']);
    expect(failures({ ...input, now: input.now + hour / 6 })).toEqual(['document-time']);
    expect(() => verifyNitro({ ...input, now: Number.NaN })).toThrow(TypeError);
    expect(failures({ ...input, nonce: new Uint8Array(32).fill(7) })).toEqual(['nonce-mismatch']);
    expect(failures({ ...input, nonce })).toEqual([]);
    expect(failures({ ...input, nonce: new Uint8Array(0) })).toEqual(['nonce-mismatch']);
    expect(failures({ ...input, pcrs: new Map([[0, pcr0]]) })).toEqual([]);
    expect(failures({ ...input, pcrs: new Map([[0, new Uint8Array(48)]]) })).toEqual(['register-mismatch']);
    expect(failures({ ...input, pcrs: new Map([[31, new Uint8Array(48)]]) })).toEqual(['register-missing']);
    expect(failures({ ...input, anchors: simulatedAnchors({ amd: [], nvidia: [] }) })).toEqual([
      'chain-root-not-pinned',
    ]);
  });
});

describe('strict CBOR', () => {
  it.each([
    ['a length that could be shorter', [0x18, 0x05]],
    ['an indefinite array', [0x9f, 0xff]],
    ['indefinite bytes', [0x5f, 0xff]],
    ['a map without its break', [0xbf, 0x01, 0x02]],
    ['a break in the place of a value', [0xbf, 0x01, 0xff]],
    ['a key twice', [0xa2, 0x01, 0x02, 0x01, 0x03]],
    ['a key twice in an indefinite map', [0xbf, 0x01, 0x02, 0x01, 0x03, 0xff]],
    ['a tag', [0xd2, 0x01]],
    ['a float', [0xf9, 0x00, 0x00]],
    ['a text that is not UTF-8', [0x61, 0xff]],
    ['an array longer than the input', [0x9a, 0xff, 0xff, 0xff, 0xff]],
    ['a second item', [0x01, 0x01]],
    ['nothing', []],
  ])('refuses %s', (_, bytes) => {
    expect(() => readCbor(Uint8Array.from(bytes), 'it')).toThrow(Malformed);
  });

  it('reads back byte strings of every size class', () => {
    fc.assert(
      fc.property(fc.constantFrom(0, 23, 24, 255, 256, 65_535), (size) => {
        const bytes = new Uint8Array(size).fill(7);
        expect(readCbor(cborBytes(bytes), 'it')).toEqual(bytes);
      }),
    );
    expect(readCbor(Uint8Array.of(0xbf, 0x38, 0x22, 0xf6, 0xff), 'it')).toEqual(new Map([[-35, null]]));
  });
});

describe('Nitro documents', () => {
  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => !parseNitroDocument(bytes).ok),
      { numRuns: 300 },
    );
    expect(parseNitroDocument(new Uint8Array(maximumDocumentBytes).fill(0x81)).ok).toBe(false);
    expect(parseNitroDocument(new Uint8Array(maximumDocumentBytes + 1)).ok).toBe(false);
  });

  it('orders and delimits the init parameters of Oyster', () => {
    const text = (value: string) => new TextEncoder().encode(value);
    const a = { name: 'a', content: text('one') };
    const b = { name: 'b', content: text('two') };
    const both = toHex(oysterParametersRegister([a, b], crypto));
    expect(both).toHaveLength(96);
    expect(toHex(oysterParametersRegister([b, a], crypto))).not.toBe(both);
    expect(toHex(oysterParametersRegister([{ name: 'ao', content: text('ne') }, b], crypto))).not.toBe(both);
    expect(oysterImageId(new Map([[0, new Uint8Array(48)]]), crypto)).toBeUndefined();
  });
});
