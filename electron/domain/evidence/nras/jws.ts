import { utf8ToBytes } from '@noble/hashes/utils.js';
import { decodeBase64 } from '../../encoding/base64.ts';
import { Malformed, parseWith, type Parsed } from '../readers/bytes.ts';
import { jsonMember, jsonText, readJson, type JsonNode } from '../readers/json.ts';

/** A JWS in compact serialization (RFC 7515 §7.1). Nothing of it is believed before its signature is checked. */
export interface CompactJws {
  /** As it came: what a digest of the token is over. */
  readonly text: string;
  readonly algorithm: string;
  readonly keyId: string;
  readonly payload: JsonNode;
  /** `header.payload`, ASCII. */
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
}

const maximumTokenCharacters = 65_536;

/**
 * Reads a token whose payload is a JSON object. Keys named in the header (`jwk`, `jku`, `x5c`) are not read at all: a
 * token never brings its own key. Extensions that must be understood (`crit`) are refused.
 */
export function parseCompactJws(text: string): Parsed<CompactJws> {
  return parseWith(() => {
    if (text.length > maximumTokenCharacters) throw new Malformed('the token is longer than 64 KiB');
    const parts = text.split('.');
    const [head, body, tail] = parts.map((part) => fromBase64url(part));
    if (parts.length !== 3 || head === undefined || body === undefined || tail === undefined) {
      throw new Malformed('the token is not three parts of base64url');
    }
    const limits = { maxSize: maximumTokenCharacters, maxDepth: 16 };
    const header = readJson(head, { what: 'the header of the token', ...limits });
    const payload = readJson(body, { what: 'the payload of the token', ...limits });
    const [algorithm, keyId] = [jsonText(header, 'alg'), jsonText(header, 'kid')];
    if (algorithm === undefined || payload.kind !== 'object') {
      throw new Malformed('the token has no algorithm, or its payload is not an object');
    }
    if (jsonMember(header, 'crit') !== undefined || jsonMember(header, 'b64') !== undefined) {
      throw new Malformed('the token wants a header extension that is not known');
    }
    const signed = utf8ToBytes(text.slice(0, text.lastIndexOf('.')));
    return { text, algorithm, keyId: keyId ?? '', payload, signed, signature: tail };
  });
}

/** Strict base64url without padding (RFC 7515 §2). @returns undefined for anything else */
export function fromBase64url(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) return undefined;
  return decodeBase64(text.replaceAll('-', '+').replaceAll('_', '/'), { padding: false });
}
