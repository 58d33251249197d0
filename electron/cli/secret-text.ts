import { wipeSecrets } from '../contract/secret-bytes.ts';

/**
 * What was typed as text, for those who take nothing else (shares); the bytes are wiped.
 * What is not UTF-8 gets replacement characters, which then open nothing.
 */
export function textOf(secret: Uint8Array): string {
  const text = new TextDecoder().decode(secret);
  wipeSecrets(secret);
  return text;
}
