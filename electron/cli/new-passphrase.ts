import { err, type Result } from '../contract/result.ts';
import { wipeSecrets } from '../contract/secret-bytes.ts';
import type { CommandIo } from './command.ts';
import { passphraseDescriptor, type SessionOptions } from './session.ts';

/**
 * A new passphrase: asked twice at a terminal, where a slip of the finger cannot be seen; a descriptor gives it once.
 * Errors: `invalid_input`, `cancelled`.
 */
export async function askNewPassphrase(
  io: CommandIo,
  options: SessionOptions,
  question: string,
): Promise<Result<Uint8Array>> {
  const descriptor = passphraseDescriptor(options);
  if (!descriptor.ok) return descriptor;
  const first = await io.secret(question, descriptor.value);
  if (!first.ok || descriptor.value !== undefined) return first;
  const again = await io.secret('The same again', undefined);
  if (!again.ok) {
    wipeSecrets(first.value);
    return again;
  }
  const same =
    first.value.length === again.value.length && first.value.every((byte, index) => byte === again.value[index]);
  wipeSecrets(again.value);
  if (same) return first;
  wipeSecrets(first.value);
  return err('invalid_input', 'The two passphrases are not the same.');
}
