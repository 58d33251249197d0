import { concatBytes } from '@noble/hashes/utils.js';
import type { KeyType } from '../../contract/keys.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { decodeBase64, encodeBase64 } from '../encoding/base64.ts';
import { derTags, expectTag, objectIdentifier, readDer, sequence, smallInteger } from '../evidence/readers/der.ts';
import { parseWith } from '../evidence/readers/bytes.ts';
import { keyFileMaximum, rawPublicKey, type KeyMaterial } from './material.ts';

/**
 * PKCS#8 private keys (RFC 5958) and SubjectPublicKeyInfo (RFC 5280) in PEM (RFC 7468), for Ed25519 and X25519 (RFC 8410)
 * and secp256k1 (RFC 5915, SEC 2). A hybrid key has no such form that other programs read.
 */
const oids = { ed25519: '1.3.101.112', x25519: '1.3.101.110', ec: '1.2.840.10045.2.1', secp256k1: '1.3.132.0.10' };

const encodedOids = {
  ed25519: Uint8Array.of(6, 3, 0x2b, 0x65, 0x70),
  'age-x25519': Uint8Array.of(6, 3, 0x2b, 0x65, 0x6e),
  // ecPublicKey, then the name of the curve
  secp256k1: Uint8Array.of(6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 5, 0x2b, 0x81, 4, 0, 10),
};
type PemType = keyof typeof encodedOids;

function element(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const content = concatBytes(...contents);
  const length = content.length < 0x80 ? [content.length] : [0x81, content.length];
  return concatBytes(Uint8Array.of(tag, ...length), content);
}

function armored(label: string, der: Uint8Array): string {
  const lines = encodeBase64(der).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

function hasPem(type: KeyType): type is PemType {
  return type !== 'age-hybrid';
}

const noForm = () =>
  err('invalid_input', 'A hybrid age key has no PEM form.', { hint: 'Export it in the format "age".' });

/** PKCS#8 as `openssl pkey` reads it. Errors: `invalid_input` for a hybrid key. */
export function encodePkcs8(material: KeyMaterial): Result<string> {
  const { type, secret } = material;
  if (!hasPem(type)) return noForm();
  const version = Uint8Array.of(2, 1, 0);
  const inner =
    type === 'secp256k1'
      ? element(
          0x30,
          Uint8Array.of(2, 1, 1),
          element(4, secret),
          element(0xa1, element(3, Uint8Array.of(0), rawPublicKey(material))),
        )
      : element(4, secret);
  return ok(armored('PRIVATE KEY', element(0x30, version, element(0x30, encodedOids[type]), element(4, inner))));
}

/** SubjectPublicKeyInfo of a raw public key. Errors: `invalid_input` for a hybrid key. */
export function encodeSpki(type: KeyType, publicKey: Uint8Array): Result<string> {
  if (!hasPem(type)) return noForm();
  return ok(
    armored('PUBLIC KEY', element(0x30, element(0x30, encodedOids[type]), element(3, Uint8Array.of(0), publicKey))),
  );
}

/** One unencrypted PKCS#8 private key. Errors: `invalid_input`, saying what it is instead; never repeating it. */
export function parsePkcs8(text: string): Result<KeyMaterial> {
  if (text.length > keyFileMaximum) return err('invalid_input', 'The PEM file is too large for a key.');
  const found = /^\s*-----BEGIN ([A-Z0-9 ]{1,40})-----([A-Za-z0-9+/=\s]*)-----END \1-----\s*$/.exec(text);
  if (found === null) return err('invalid_input', 'This is not one PEM block.');
  const label = found[1] ?? '';
  if (label !== 'PRIVATE KEY') {
    return err('invalid_input', `The PEM block is a ${label}; a PRIVATE KEY (PKCS#8) is needed.`, {
      hint: label.includes('ENCRYPTED')
        ? 'Take the password away first: openssl pkcs8 -in FILE -out PLAIN'
        : 'openssl pkcs8 -topk8 -nocrypt -in FILE writes this form.',
    });
  }
  const der = decodeBase64((found[2] ?? '').replaceAll(/\s/g, ''));
  if (der === undefined) return err('invalid_input', 'The body of the PEM block is not base64.');
  const parsed = parseWith(() => readPkcs8(der));
  der.fill(0);
  if (!parsed.ok) return err('invalid_input', `The private key cannot be read: ${parsed.detail}.`);
  return parsed.value === undefined
    ? err('invalid_input', 'The private key is of a kind that Nacre does not use.', {
        hint: 'Ed25519, X25519 and secp256k1 can be imported.',
      })
    : ok(parsed.value);
}

/** undefined for another algorithm. @throws Malformed */
function readPkcs8(der: Uint8Array): KeyMaterial | undefined {
  const [version, algorithm, key] = sequence(readDer(der, keyFileMaximum), 'PKCS#8');
  // 0 without, 1 with the public key behind it (RFC 5958); that one is computed anew and not believed.
  if (smallInteger(expectTag(version, derTags.integer, 'version'), 'version') > 1) return undefined;
  const [oid, curve] = sequence(algorithm, 'algorithm');
  const name = objectIdentifier(oid);
  const inner = readDer(expectTag(key, derTags.octetString, 'private key').content, keyFileMaximum);
  if (name === oids.ed25519 || name === oids.x25519) {
    const { content } = expectTag(inner, derTags.octetString, 'private key');
    if (content.length !== 32) return undefined;
    return { type: name === oids.ed25519 ? 'ed25519' : 'age-x25519', secret: ownCopy(content) };
  }
  if (name !== oids.ec || objectIdentifier(curve) !== oids.secp256k1) return undefined;
  const { content } = expectTag(sequence(inner, 'EC private key')[1], derTags.octetString, 'EC private key');
  return content.length === 32 ? { type: 'secp256k1', secret: ownCopy(content) } : undefined;
}

/** Over a buffer of its own: it can be wiped, and the parsed file too. */
function ownCopy(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new ArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}
