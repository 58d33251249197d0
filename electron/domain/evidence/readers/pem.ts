import { decodeBase64 } from '../../encoding/base64.ts';
import { Malformed, parseWith, type Parsed } from './bytes.ts';

const block = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE-----/y;

/** DER of the certificates in a PEM text (RFC 7468), in order; nothing but white space may stand between them. */
export function parsePemCertificates(text: string, maximumBytes = 65_536): Parsed<Uint8Array[]> {
  return parseWith(() => {
    if (text.length > maximumBytes)
      throw new Malformed(`PEM of ${text.length} characters, at most ${maximumBytes} allowed`);
    const found: Uint8Array[] = [];
    // Some quotes end their PEM with a zero byte.
    const rest = text.replace(/\0+$/, '').trimEnd();
    let at = rest.length - rest.trimStart().length;
    while (at < rest.length) {
      block.lastIndex = at;
      const match = block.exec(rest);
      if (match === null) throw new Malformed(`PEM has something else than a certificate at character ${at}`);
      const der = decodeBase64((match[1] ?? '').replace(/\s/g, ''));
      if (der === undefined) throw new Malformed('PEM with a body that is not base64');
      found.push(der);
      at = block.lastIndex;
      while (at < rest.length && /\s/.test(rest.charAt(at))) at++;
    }
    return found;
  });
}
