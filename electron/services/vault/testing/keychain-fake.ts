import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { err, ok } from '../../../contract/result.ts';
import { copySecret } from '../../../contract/secret-bytes.ts';
import type { KeychainPort, KeychainStatus } from '../keychain.ts';

/** A keychain that really encrypts, under a key of its own as a system's would be; `status` can be changed. */
export function createFakeKeychain(): KeychainPort & { now: KeychainStatus; key: Buffer } {
  const keychain = {
    now: { available: true, backend: 'test_keychain' } as KeychainStatus,
    key: randomBytes(32),
    status: async () => keychain.now,
    async seal(secret: Uint8Array) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', keychain.key, nonce);
      const box = Buffer.concat([cipher.update(secret), cipher.final()]);
      return ok(new Uint8Array(Buffer.concat([nonce, cipher.getAuthTag(), box])));
    },
    async open(box: Uint8Array) {
      const cipher = createDecipheriv('aes-256-gcm', keychain.key, box.subarray(0, 12));
      cipher.setAuthTag(box.subarray(12, 28));
      try {
        const opened = cipher.update(box.subarray(28));
        cipher.final();
        const secret = copySecret(opened);
        opened.fill(0);
        return ok(secret);
      } catch {
        return err('damaged', 'The keychain cannot open what it sealed.');
      }
    },
  };
  return keychain;
}
