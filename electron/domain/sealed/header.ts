import { hkdf } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { ok, type Result } from '../../contract/result.ts';
import { decodeBase64, encodeBase64 } from '../encoding/base64.ts';
import { decodeUtf8 } from '../encoding/utf8.ts';
import { equalBytes } from '../merkle/merkle.ts';
import { refuse } from './failures.ts';

/** One wrapped copy of the file key. */
export interface Stanza {
  readonly type: string;
  readonly args: readonly string[];
  readonly body: Uint8Array;
}

export interface AgeHeader {
  readonly stanzas: readonly Stanza[];
  /** What the MAC covers: all up to and with `---`. */
  readonly macInput: Uint8Array;
  readonly mac: Uint8Array;
  /** The whole header, up to and with the newline after the MAC; the payload nonce follows. */
  readonly bytes: Uint8Array;
  readonly length: number;
}

/** The largest header read: about 150 hybrid recipients. */
export const headerMaximum = 256 * 1024;

const versionLine = 'age-encryption.org/v1';
const bodyColumns = 64;
const newline = 10;

/**
 * The header at the start of these bytes; what follows it is not looked at. Strict, as the age specification demands:
 * one way to write each header, or the MAC would be computed over something else than what was read.
 * Errors: `damaged` with failure `header`.
 */
export function parseHeader(bytes: Uint8Array): Result<AgeHeader> {
  const lines = createLineReader(bytes);
  if (lines.next() !== versionLine) {
    return refuse('header', 'This is not an age v1 file: its first line is another one.');
  }
  const stanzas: Stanza[] = [];
  for (let line = lines.next(); line !== undefined; line = lines.next()) {
    if (line.startsWith('---')) {
      const mac = /^--- [A-Za-z0-9+/]{43}$/.test(line) ? decodeBase64(line.slice(4), { padding: false }) : undefined;
      if (mac === undefined) return refuse('header', `Line ${lines.number()} of the age header has no valid MAC.`);
      const macInput = bytes.slice(0, lines.lineStart() + 3);
      const length = lines.position();
      return ok({ stanzas, macInput, mac, bytes: bytes.slice(0, length), length });
    }
    const stanza = readStanza(line, lines);
    if (stanza === undefined) return refuse('header', `Line ${lines.number()} of the age header is malformed.`);
    stanzas.push(stanza);
  }
  return refuse('header', 'The age header ends too early, or is longer than 256 KiB.');
}

function readStanza(first: string, lines: LineReader): Stanza | undefined {
  const [arrow, type, ...args] = first.split(' ');
  if (arrow !== '->' || type === undefined || ![type, ...args].every((arg) => /^[!-~]+$/.test(arg))) return undefined;
  const pieces: Uint8Array[] = [];
  for (;;) {
    const line = lines.next();
    if (line === undefined || line.length > bodyColumns) return undefined;
    const piece = decodeBase64(line, { padding: false });
    if (piece === undefined) return undefined;
    pieces.push(piece);
    // Only a short line, if need be an empty one, ends a body.
    if (line.length < bodyColumns) return { type, args, body: concatBytes(...pieces) };
  }
}

interface LineReader {
  /** The next whole line without its newline, or undefined: no more, not text, or past the limit. */
  next(): string | undefined;
  number(): number;
  lineStart(): number;
  position(): number;
}

function createLineReader(bytes: Uint8Array): LineReader {
  const limit = Math.min(bytes.length, headerMaximum);
  let start = 0;
  let position = 0;
  let number = 0;
  return {
    next() {
      const end = bytes.indexOf(newline, position);
      if (end < 0 || end >= limit) return undefined;
      start = position;
      position = end + 1;
      number += 1;
      return decodeUtf8(bytes.subarray(start, end));
    },
    number: () => number,
    lineStart: () => start,
    position: () => position,
  };
}

/** The header with its MAC under this file key. */
export function encodeHeader(stanzas: readonly Stanza[], fileKey: Uint8Array): Uint8Array {
  const text = stanzas.map((stanza) => `${['->', stanza.type, ...stanza.args].join(' ')}\n${encodeBody(stanza.body)}`);
  const macInput = utf8ToBytes(`${versionLine}\n${text.join('')}---`);
  const mac = encodeBase64(headerMac(macInput, fileKey), { padding: false });
  return concatBytes(macInput, utf8ToBytes(` ${mac}\n`));
}

function encodeBody(body: Uint8Array): string {
  const text = encodeBase64(body, { padding: false });
  let lines = '';
  for (let at = 0; at + bodyColumns <= text.length; at += bodyColumns) lines += `${text.slice(at, at + bodyColumns)}\n`;
  return `${lines}${text.slice(text.length - (text.length % bodyColumns))}\n`;
}

/** Whether this file key made this header. */
export function verifyHeader(header: AgeHeader, fileKey: Uint8Array): boolean {
  return equalBytes(headerMac(header.macInput, fileKey), header.mac);
}

function headerMac(macInput: Uint8Array, fileKey: Uint8Array): Uint8Array {
  return hmac(sha256, hkdf(sha256, fileKey, undefined, utf8ToBytes('header'), 32), macInput);
}
