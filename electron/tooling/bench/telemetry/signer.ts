import { generateKeyPairSync, sign } from 'node:crypto';
import type { FrameSigner } from '../../../agent/job/frame-log.ts';

/** A fresh Ed25519 key by node:crypto. `publicKey` is raw, base64. */
export function createNodeSigner(): FrameSigner & { readonly publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const { x = '' } = publicKey.export({ format: 'jwk' });
  return {
    publicKey: Buffer.from(x, 'base64url').toString('base64'),
    sign: (message) => sign(null, message, privateKey),
  };
}
