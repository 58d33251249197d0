import { z } from 'zod';
import type { KeyType } from '../../contract/keys.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { decodeBase64, encodeBase64 } from '../encoding/base64.ts';
import { equalBytes } from '../merkle/merkle.ts';
import { keyFileMaximum, rawPublicKey, type DerivePublicKey, type KeyMaterial } from './material.ts';

/** JSON Web Keys (RFC 7517): OKP Ed25519 and X25519 (RFC 8037), EC secp256k1 (RFC 8812). */
const curves = { ed25519: 'Ed25519', 'age-x25519': 'X25519', secp256k1: 'secp256k1' } as const;

const privateJwkSchema = z.object({
  kty: z.enum(['OKP', 'EC']),
  crv: z.enum(['Ed25519', 'X25519', 'secp256k1']),
  x: z.string().max(64),
  y: z.string().max(64).optional(),
  d: z.string().max(64),
});

const base64url = (bytes: Uint8Array) =>
  encodeBase64(bytes, { padding: false }).replaceAll('+', '-').replaceAll('/', '_');

function fromBase64url(text: string): Uint8Array | undefined {
  if (/[+/]/.test(text)) return undefined;
  return decodeBase64(text.replaceAll('-', '+').replaceAll('_', '/'), { padding: false });
}

function publicMembers(type: keyof typeof curves, raw: Uint8Array): Record<string, string> {
  if (type !== 'secp256k1') return { kty: 'OKP', crv: curves[type], x: base64url(raw) };
  return { kty: 'EC', crv: 'secp256k1', x: base64url(raw.subarray(1, 33)), y: base64url(raw.subarray(33)) };
}

const noForm = () =>
  err('invalid_input', 'A hybrid age key has no JWK form.', { hint: 'Export it in the format "age".' });

/** Errors: `invalid_input` for a hybrid key. */
export function encodePublicJwk(type: KeyType, raw: Uint8Array): Result<string> {
  return type === 'age-hybrid' ? noForm() : ok(`${JSON.stringify(publicMembers(type, raw), null, 2)}\n`);
}

/** Errors: `invalid_input` for a hybrid key. */
export function encodePrivateJwk(material: KeyMaterial): Result<string> {
  const { type, secret } = material;
  if (type === 'age-hybrid') return noForm();
  const members = { ...publicMembers(type, rawPublicKey(material)), d: base64url(secret) };
  return ok(`${JSON.stringify(members, null, 2)}\n`);
}

/** A private JWK whose public members belong to it. Errors: `invalid_input`, never repeating the key. */
export function parsePrivateJwk(text: string, derive: DerivePublicKey = rawPublicKey): Result<KeyMaterial> {
  if (text.length > keyFileMaximum) return err('invalid_input', 'The JWK is too large for a key.');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return err('invalid_input', 'This is not a JWK: it is not JSON.');
  }
  const parsed = privateJwkSchema.safeParse(value);
  if (!parsed.success) {
    const place = parsed.error.issues[0]?.path.join('.') ?? '';
    return err('invalid_input', `This is not a private JWK that Nacre uses: look at ${place || 'its members'}.`, {
      hint: 'Ed25519, X25519 and secp256k1 with "d" can be imported.',
    });
  }
  const { kty, crv, x, y, d } = parsed.data;
  if ((kty === 'EC') !== (crv === 'secp256k1')) return err('invalid_input', `A JWK of type ${kty} cannot be ${crv}.`);
  const secret = fromBase64url(d);
  if (secret?.length !== 32) return err('invalid_input', 'The member d of the JWK is not 32 bytes in base64url.');
  const type = crv === 'Ed25519' ? 'ed25519' : crv === 'X25519' ? 'age-x25519' : 'secp256k1';
  const material: KeyMaterial = { type, secret };
  const own = publicOf(material, derive);
  const given = [x, ...(type === 'secp256k1' ? [y ?? ''] : [])].map((member) => fromBase64url(member));
  const claimed = type === 'secp256k1' ? [own?.subarray(1, 33), own?.subarray(33)] : [own];
  const fits = given.every((member, index) => {
    const expected = claimed[index];
    return member !== undefined && expected !== undefined && equalBytes(member, expected);
  });
  if (fits) return ok(material);
  secret.fill(0);
  return err('invalid_input', 'The public members of the JWK do not belong to its private one.');
}

function publicOf(material: KeyMaterial, derive: DerivePublicKey): Uint8Array | undefined {
  try {
    return derive(material);
  } catch {
    // A scalar that is zero or too large.
    return undefined;
  }
}
