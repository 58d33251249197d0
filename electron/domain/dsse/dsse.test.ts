import * as fc from 'fast-check';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { payloadTypes } from '../../contract/dsse.ts';
import {
  canonicalJson,
  createSigner,
  preAuthenticationEncoding,
  readUnverified,
  signEnvelope,
  signJson,
  verifyEd25519,
  verifyEnvelope,
  verifyJson,
} from './dsse.ts';

const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'));
const alice = createSigner(new Uint8Array(32).fill(1));
const bob = createSigner(new Uint8Array(32).fill(2));
const type = payloadTypes.jobOrder;
const trusted = [{ publicKey: alice.publicKey }];
const schema = z.strictObject({ a: z.number(), b: z.string() });

describe('DSSE', () => {
  it('encodes the example of the protocol document', () => {
    const bytes = preAuthenticationEncoding('http://example.com/HelloWorld', utf8ToBytes('hello world'));
    expect(new TextDecoder().decode(bytes)).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world');
  });

  it('gives the signature of RFC 8032 test 1 and refuses a changed one', () => {
    const signer = createSigner(hex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60'));
    expect(Buffer.from(signer.publicKey).toString('hex')).toBe(
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    );
    const signature = signer.sign(new Uint8Array(0));
    expect(Buffer.from(signature).toString('hex')).toBe(
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    );
    expect(verifyEd25519(signature, new Uint8Array(0), signer.publicKey)).toBe(true);
    expect(verifyEd25519(signature, Uint8Array.of(0), signer.publicKey)).toBe(false);
    expect(verifyEd25519(signature.slice(1), new Uint8Array(0), signer.publicKey)).toBe(false);
    // The neutral element signs everything under ZIP 215; here it signs nothing.
    const neutral = new Uint8Array(32);
    neutral[0] = 1;
    const forged = new Uint8Array(64);
    forged[0] = 1;
    expect(verifyEd25519(forged, utf8ToBytes('anything'), neutral)).toBe(false);
  });

  it('signs JSON in canonical form and reads it back', () => {
    const envelope = signJson(type, { b: 'x', a: 1 }, alice);
    expect(Buffer.from(envelope.payload, 'base64').toString()).toBe('{"a":1,"b":"x"}');
    const verified = verifyJson(JSON.parse(JSON.stringify(envelope)), schema, { payloadType: type, trusted });
    expect(verified).toMatchObject({ ok: true, value: { value: { a: 1, b: 'x' }, signedBy: [alice.keyId] } });
    expect(readUnverified(envelope, schema)).toEqual({ ok: true, value: { a: 1, b: 'x' } });
    expect(() => canonicalJson(undefined)).toThrow(TypeError);
  });

  it('needs a trusted key, whatever the key id says', () => {
    const envelope = signJson(type, { a: 1, b: '' }, bob);
    const forged = { ...envelope, signatures: envelope.signatures.map((s) => ({ ...s, keyid: alice.keyId })) };
    for (const bad of [envelope, forged]) {
      expect(verifyEnvelope(bad, { payloadType: type, trusted })).toMatchObject({
        ok: false,
        error: { code: 'integrity' },
      });
    }
    expect(verifyEnvelope(envelope, { payloadType: type, trusted: [] })).toMatchObject({
      error: { code: 'integrity' },
    });
    const both = signJson(type, { a: 1, b: '' }, bob, alice);
    expect(verifyEnvelope(both, { payloadType: type, trusted })).toMatchObject({ value: { signedBy: [alice.keyId] } });
    const misnamed = { ...both, signatures: both.signatures.map((s) => ({ ...s, keyid: 'nobody' })) };
    expect(verifyEnvelope(misnamed, { payloadType: type, trusted })).toMatchObject({ ok: true });
  });

  it('does not take one kind of document for another', () => {
    const envelope = signJson(payloadTypes.policy, { a: 1, b: '' }, alice);
    expect(verifyJson(envelope, schema, { payloadType: type, trusted })).toMatchObject({
      error: { code: 'invalid_input' },
    });
    expect(verifyJson({ ...envelope, payloadType: type }, schema, { payloadType: type, trusted })).toMatchObject({
      error: { code: 'integrity' },
    });
  });

  it('refuses a signed payload of another shape, naming the place', () => {
    const bad = signJson(type, { a: 'one', b: '' }, alice);
    expect(verifyJson(bad, schema, { payloadType: type, trusted })).toMatchObject({
      error: { code: 'damaged', message: expect.stringContaining('a: ') },
    });
    const binary = signEnvelope(type, Uint8Array.of(0xff, 0xfe), alice);
    expect(verifyJson(binary, schema, { payloadType: type, trusted })).toMatchObject({ error: { code: 'damaged' } });
  });

  it('refuses every changed byte of a stored envelope', () => {
    const text = JSON.stringify(signJson(type, { a: 1, b: 'payload' }, alice));
    const keyid = text.indexOf('"keyid"');
    const afterKeyid = text.indexOf('"sig"');
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.integer({ min: 32, max: 126 }), (at, code) => {
        fc.pre(text.charCodeAt(at) !== code && !(at >= keyid && at < afterKeyid));
        const changed = text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1);
        let value: unknown;
        try {
          value = JSON.parse(changed);
        } catch {
          return;
        }
        expect(verifyEnvelope(value, { payloadType: type, trusted }).ok).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it('answers any value with a result', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(verifyEnvelope(value, { payloadType: type, trusted }).ok).toBe(false);
      }),
    );
  });
});
