import { ok, type Result } from '../../contract/result.ts';
import { decodeBase64 } from '../encoding/base64.ts';
import { decodeUtf8 } from '../encoding/utf8.ts';
import { refuse } from './failures.ts';

const begin = '-----BEGIN AGE ENCRYPTED FILE-----';
const end = '-----END AGE ENCRYPTED FILE-----';
const columns = 64;

/** The largest armored file read; text form is for mail and clipboards, not for datasets. */
export const armorMaximum = 64 * 1024 * 1024;

/** Whether a file starts like the text form of age: its marker, after white space only. */
export function isArmored(start: Uint8Array): boolean {
  let at = 0;
  while (at < start.length && at < 1024 && isSpace(start[at])) at += 1;
  return startsWith(start.subarray(at), '-----BEGIN AGE');
}

/**
 * Decodes age's strict PEM form (age-encryption.org/v1, "ASCII armor"): both line ends, white space only outside.
 * Errors: `damaged` with failure `armor`.
 */
export function decodeArmor(bytes: Uint8Array): Result<Uint8Array> {
  const text = bytes.length > armorMaximum ? undefined : decodeUtf8(bytes);
  if (text === undefined) return refuse('armor', 'The armored age file is not text, or is larger than 64 MiB.');
  const lines = text
    .replace(/^[ \t\r\n]+/, '')
    .replace(/[ \t\r\n]+$/, '')
    .split(/\r?\n/);
  if (lines[0] !== begin || lines.at(-1) !== end || lines.length < 2) {
    return refuse('armor', 'The armored age file does not begin and end with its markers.');
  }
  const body = lines.slice(1, -1);
  const shape = body.every((line, i) =>
    i < body.length - 1 ? line.length === columns : line.length > 0 && line.length <= columns,
  );
  const decoded = shape ? decodeBase64(body.join('')) : undefined;
  return decoded === undefined ? refuse('armor', 'The text of the armored age file is damaged.') : ok(decoded);
}

function isSpace(byte: number | undefined): boolean {
  return byte === 32 || byte === 9 || byte === 10 || byte === 13;
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  return [...text].every((character, i) => bytes[i] === character.charCodeAt(0));
}
