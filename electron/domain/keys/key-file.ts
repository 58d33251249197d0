import { hexToBytes } from '@noble/hashes/utils.js';
import type { KeyFormat, KeyType } from '../../contract/keys.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { decodeBech32 } from '../sealed/bech32.ts';
import { encodePrivateJwk, encodePublicJwk, parsePrivateJwk } from './jwk.ts';
import {
  ageIdentityText,
  keyFileMaximum,
  publicPartOf,
  rawPublicKey,
  type DerivePublicKey,
  type KeyMaterial,
} from './material.ts';
import { encodeSshPrivate, encodeSshPublic, parseSshPrivate } from './openssh.ts';
import { encodePkcs8, encodeSpki, parsePkcs8 } from './pem.ts';

/** Words beside the key bytes in a file. */
export interface KeyFileFacts {
  readonly label: string;
  readonly createdAt: string;
  /** Four random bytes, for OpenSSH. */
  readonly check: Uint8Array;
}

/**
 * One private key from the text of a file, whatever its format: an age identity, PKCS#8 PEM, JWK, OpenSSH, or 64 hex
 * digits of a secp256k1 key. Errors: `invalid_input`; the content is never repeated. The caller wipes the secret.
 */
export function parseKeyFile(text: string, derive: DerivePublicKey = rawPublicKey): Result<KeyMaterial> {
  if (text.length > keyFileMaximum) return err('invalid_input', 'The file is too large for one key.');
  const parsed = parseByShape(text, derive);
  if (!parsed.ok) return parsed;
  const usable = publicPartOf(parsed.value, derive);
  return usable.ok ? parsed : usable;
}

function parseByShape(text: string, derive: DerivePublicKey): Result<KeyMaterial> {
  const start = text.trimStart();
  if (start.startsWith('-----BEGIN OPENSSH')) return parseSshPrivate(text);
  if (start.startsWith('-----BEGIN')) return parsePkcs8(text);
  if (start.startsWith('{')) return parsePrivateJwk(text, derive);
  const hex = /^(?:0x)?([0-9a-fA-F]{64})$/.exec(text.trim());
  if (hex !== null) return ok({ type: 'secp256k1', secret: ownCopy(hexToBytes(hex[1] ?? '')) });
  return parseAgeIdentity(text);
}

function parseAgeIdentity(text: string): Result<KeyMaterial> {
  const lines = text.split('\n').map((line) => line.trim());
  const identities = lines.filter((line) => line !== '' && !line.startsWith('#'));
  const [line] = identities;
  const decoded = line?.startsWith('AGE-SECRET-KEY-') === true ? decodeBech32(line) : undefined;
  if (decoded?.bytes.length !== 32) {
    return err('invalid_input', 'The file holds no private key that Nacre knows.', {
      hint: 'age identities, PKCS#8 PEM, private JWK, OpenSSH Ed25519 and hex secp256k1 keys can be imported.',
    });
  }
  if (identities.length > 1) return err('invalid_input', 'The file holds several identities; import them one by one.');
  const secret = ownCopy(decoded.bytes);
  decoded.bytes.fill(0);
  if (decoded.prefix === 'age-secret-key-') return ok({ type: 'age-x25519', secret });
  if (decoded.prefix === 'age-secret-key-pq-') return ok({ type: 'age-hybrid', secret });
  secret.fill(0);
  return err('invalid_input', 'The identity is of an age plugin, whose keys stay with the plugin.');
}

/** The text of a private key file. Errors: `invalid_input` where the type has no such format. */
export function encodePrivateKey(material: KeyMaterial, format: KeyFormat, facts: KeyFileFacts): Result<string> {
  const { type, secret } = material;
  if (format === 'pem') return encodePkcs8(material);
  if (format === 'jwk') return encodePrivateJwk(material);
  if (format === 'openssh') {
    return type === 'ed25519' ? ok(encodeSshPrivate(secret, facts.label, facts.check)) : noFormat(type, format);
  }
  if (format === 'hex') return type === 'secp256k1' ? ok(`${toHex(secret)}\n`) : noFormat(type, format);
  if (type !== 'age-x25519' && type !== 'age-hybrid') return noFormat(type, format);
  const part = publicPartOf(material);
  if (!part.ok) return part;
  return ok(`# created: ${facts.createdAt}\n# public key: ${part.value.publicKey}\n${ageIdentityText(type, secret)}\n`);
}

/** The text of a public key file. Errors: `invalid_input` where the type has no such format. */
export function encodePublicKey(material: KeyMaterial, format: KeyFormat, facts: KeyFileFacts): Result<string> {
  const { type } = material;
  const raw = rawPublicKey(material);
  if (format === 'pem') return encodeSpki(type, raw);
  if (format === 'jwk') return encodePublicJwk(type, raw);
  if (format === 'openssh') return type === 'ed25519' ? ok(encodeSshPublic(raw, facts.label)) : noFormat(type, format);
  if (format === 'hex') return type === 'secp256k1' ? ok(`${toHex(raw)}\n`) : noFormat(type, format);
  if (type !== 'age-x25519' && type !== 'age-hybrid') return noFormat(type, format);
  const part = publicPartOf(material);
  return part.ok ? ok(`${part.value.publicKey}\n`) : part;
}

const formatsOf: Readonly<Record<KeyType, string>> = {
  ed25519: 'pem, jwk and openssh',
  'age-x25519': 'age, pem and jwk',
  'age-hybrid': 'age',
  secp256k1: 'pem, jwk and hex',
};

function noFormat(type: KeyType, format: KeyFormat): Result<never> {
  return err('invalid_input', `A key of type ${type} has no form "${format}".`, { hint: `It has ${formatsOf[type]}.` });
}

function toHex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function ownCopy(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new ArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}
