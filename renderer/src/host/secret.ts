import { secretBytes } from '../../../electron/contract/secret-bytes.ts';

/**
 * What a person typed, as the core takes it: UTF-8 in bytes that the transport overwrites when the call ends. The text
 * itself is a string and the value of a field; the field is emptied, the string stays until it is collected.
 */
export function secretOf(typed: string): Uint8Array {
  const room = secretBytes(typed.length * 3);
  const { written } = new TextEncoder().encodeInto(typed, room);
  return room.subarray(0, written);
}
