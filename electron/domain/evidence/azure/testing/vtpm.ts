import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import type { SimulatedVtpm } from '../../simulated/azure-builder.ts';

const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'base64url'));

/** A SIMULATED vTPM with a key of its own. */
export function createVtpm(): SimulatedVtpm & { readonly privateKey: KeyObject } {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const { n = '', e = '' } = publicKey.export({ format: 'jwk' });
  const sha256 = (data: Uint8Array) => new Uint8Array(sign('sha256', data, privateKey));
  return { modulus: bytes(n), exponent: bytes(e), sign: sha256, privateKey };
}
