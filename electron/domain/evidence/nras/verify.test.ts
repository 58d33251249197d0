import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createNodeCrypto } from '../../../services/evidence/node-crypto.ts';
import { fromHex } from '../readers/bytes.ts';
import { verifyNras, type NrasInput } from './verify.ts';

const folder = '../shared/vectors/nras';
const policy: NrasInput['policy'] = {
  required: true,
  architectures: ['hopper', 'blackwell'],
  models: [],
  requireReferenceMeasurements: true,
};
const crypto = createNodeCrypto();

interface Meta {
  readonly expected: string;
  readonly evaluate_at: string;
  readonly nonce?: string;
}

function load(name: string): { meta: Meta; input: NrasInput } {
  const text = (file: string) => readFileSync(join(folder, name, file), 'utf8');
  const meta = JSON.parse(text('meta.json')) as Meta;
  const now = Date.parse(meta.evaluate_at);
  const nonce = meta.nonce === undefined ? undefined : fromHex(meta.nonce);
  return { meta, input: { name: 'nras', eat: text('eat.json'), jwks: text('jwks.json'), nonce, policy, now, crypto } };
}

function failures(input: NrasInput): (string | undefined)[] {
  return verifyNras(input)
    .verdict.checks.filter(({ outcome }) => outcome === 'fail')
    .map(({ reason }) => reason);
}

describe('NRAS vectors', () => {
  if (!existsSync(folder)) {
    it('needs ../shared/vectors', () => {
      expect(process.env['CI'], 'the evidence vectors are missing').not.toBe('true');
    });
    return;
  }
  const names = readdirSync(folder);
  it('are all there', () => expect(names).toHaveLength(3));

  it('a genuine answer for one H100 is affirmed, in NVIDIA’s name', () => {
    const { meta, input } = load('nras-v3-h100-pass');
    const { verdict, devices } = verifyNras(input);
    expect(meta.expected).toBe('valid');
    expect(failures(input)).toEqual([]);
    expect(verdict.status).toBe('affirming');
    expect(devices).toHaveLength(1);
    expect(devices[0]?.hardwareModel).toBe('GH100');
    expect(verdict.notChecked.join(' ')).toContain('vouched by NVIDIA');
    expect(verifyNras({ ...input, nonce: undefined }).verdict.status).toBe('warning');
    expect(failures({ ...input, eat: JSON.parse(String(input.eat)) as unknown })).toEqual([]);
    expect(failures({ ...input, now: input.now + 3_600_000 })).toEqual(['token-expired']);
    expect(failures({ ...input, now: input.now - 1 })).toEqual(['token-not-yet-valid']);
    expect(failures({ ...input, expectedCount: 8 })).toEqual(['gpu-count']);
    expect(failures({ ...input, policy: { ...policy, architectures: ['blackwell'] } })).toEqual([
      'gpu-architecture-not-allowed',
    ]);
    expect(() => verifyNras({ ...input, now: Number.NaN })).toThrow(TypeError);
  });

  it('a perfectly signed answer that says false is refused for that', () => {
    const { meta, input } = load('nras-v3-overall-false');
    const { verdict } = verifyNras(input);
    expect(meta.expected).toBe('invalid:nras-overall-false');
    expect(failures(input)[0]).toBe('nras-overall-false');
    expect(verdict.checks.find(({ id }) => id === 'nras.signature')?.outcome).toBe('pass');
    expect(verdict.checks.find(({ id }) => id === 'nras.overall')?.detail).toContain('NONCE_NOT_MATCHING');
    expect(verdict.status).toBe('contraindicated');
  });

  it('the token of another platform’s device is refused by its digest', () => {
    const { meta, input } = load('derived-submod-swapped');
    expect(meta.expected).toBe('invalid:submods-digest-mismatch');
    expect(failures(input)).toContain('submods-digest-mismatch');
    expect(verifyNras(input).verdict.checks.find(({ id }) => id === 'nras.signature')?.outcome).toBe('pass');
  });

  it('no character of a genuine answer can change', () => {
    const { input } = load('nras-v3-h100-pass');
    const text = String(input.eat);
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom('A', 'b', '7', '.', '"'), (at, character) => {
        fc.pre(text[at] !== character);
        const eat = text.slice(0, at) + character + text.slice(at + 1);
        expect(verifyNras({ ...input, eat }).verdict.status).not.toBe('affirming');
      }),
      { numRuns: 150 },
    );
  });
});
