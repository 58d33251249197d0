import { sealedSecretsInfo, type SealedSecrets, type SecretKey } from '../../../electron/contract/web-paths.ts';

interface Secret {
  readonly path: readonly (string | number)[];
  readonly bytes: Uint8Array;
}

/** An input without its secrets, which have null at their places, and the secrets themselves. */
export interface Parted {
  readonly input: unknown;
  readonly secrets: readonly Secret[];
}

/** Byte arrays in an input are secrets; JSON must not carry them. */
export function partSecrets(input: unknown): Parted {
  const secrets: Secret[] = [];
  const part = (value: unknown, path: readonly (string | number)[]): unknown => {
    if (value instanceof Uint8Array) {
      secrets.push({ path, bytes: value });
      return null;
    }
    if (Array.isArray(value)) return value.map((member, at) => part(member, [...path, at]));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, part(member, [...path, name])]));
  };
  return { input: part(input, []), secrets };
}

/** Encrypts the secrets of one call to a key of the host; the format is told at `SealedSecrets`. */
export async function sealSecrets(method: string, secrets: readonly Secret[], key: SecretKey): Promise<SealedSecrets> {
  const { subtle } = crypto;
  const curve = { name: 'ECDH', namedCurve: 'P-256' };
  const host = fromBase64(key.publicKey);
  const pair = await subtle.generateKey(curve, false, ['deriveBits']);
  const own = new Uint8Array(await subtle.exportKey('raw', pair.publicKey));
  const hostKey = await subtle.importKey('raw', host, curve, false, []);
  const shared = await subtle.deriveBits({ name: 'ECDH', public: hostKey }, pair.privateKey, 256);
  const material = await subtle.importKey('raw', shared, 'HKDF', false, ['deriveBits']);
  const info = new TextEncoder().encode(sealedSecretsInfo);
  const derived = new Uint8Array(
    await subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt: joined([host, own]), info }, material, 44 * 8),
  );
  const sealing = await subtle.importKey('raw', derived.subarray(0, 32), 'AES-GCM', false, ['encrypt']);
  const plain = joined(secrets.map(({ bytes }) => bytes));
  const additionalData = new TextEncoder().encode(method);
  const box = await subtle.encrypt({ name: 'AES-GCM', iv: derived.subarray(32), additionalData }, sealing, plain);
  plain.fill(0);
  return {
    keyId: key.id,
    publicKey: toBase64(own),
    places: secrets.map(({ path, bytes }) => ({ path, bytes: bytes.length })),
    box: toBase64(new Uint8Array(box)),
  };
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(new ArrayBuffer(parts.reduce((sum, { length }) => sum + length, 0)));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const toBase64 = (bytes: Uint8Array): string => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
const fromBase64 = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
