import { decodeBase64 } from '../../encoding/base64.ts';
import { Malformed, parseWith, type Parsed } from './bytes.ts';

const maximumCharacters = 65_536;
const block = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE-----/y;

/** DER of the certificates in a PEM text (RFC 7468), in order; nothing but white space may stand between them. */
export function parsePemCertificates(text: string): Parsed<Uint8Array[]> {
  return parseWith(() => readPemBodies(text).map(decodePemBody));
}

/** The base64 of each certificate as it stands in the text, for `decodePemBody`. At most 64 KiB of text. @throws Malformed */
export function readPemBodies(text: string): string[] {
  if (text.length > maximumCharacters) {
    throw new Malformed(`PEM of ${text.length} characters, at most ${maximumCharacters} allowed`);
  }
  const found: string[] = [];
  // Some quotes end their PEM with a zero byte.
  const rest = (text.endsWith('\0') ? text.replace(/\0+$/, '') : text).trimEnd();
  let at = rest.length - rest.trimStart().length;
  while (at < rest.length) {
    block.lastIndex = at;
    const match = block.exec(rest);
    if (match === null) throw new Malformed(`PEM has something else than a certificate at character ${at}`);
    found.push(match[1] ?? '');
    at = block.lastIndex;
    while (at < rest.length && /\s/.test(rest.charAt(at))) at++;
  }
  return found;
}

/** @param body base64 with white space @throws Malformed */
export function decodePemBody(body: string): Uint8Array {
  const der = decodeBase64(body.replace(/\s+/g, ''));
  if (der === undefined) throw new Malformed('PEM with a body that is not base64');
  return der;
}
