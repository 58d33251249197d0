import { utf8ToBytes } from '@noble/hashes/utils.js';
import { decodeUtf8 } from '../../encoding/utf8.ts';
import { Malformed, parseWith, type Parsed } from './bytes.ts';

/**
 * JSON as evidence needs it (RFC 8259 within I-JSON, RFC 7493): `JSON.parse` lets the last of two equal keys win, so that
 * two readers of one signed text can see two values. Here a repeated key, a lone surrogate, broken UTF-8, too deep nesting
 * and anything after the value are refused with the byte offset. Every node knows its bytes, because some formats hash
 * or sign the source text of one member.
 */
export type JsonNode = { readonly start: number; readonly end: number } & (
  | { readonly kind: 'object'; readonly members: ReadonlyMap<string, JsonNode> }
  | { readonly kind: 'array'; readonly items: readonly JsonNode[] }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'null' }
);

export interface JsonLimits {
  /** What the text is, for the error: "the QE identity". */
  readonly what: string;
  /** Bytes. */
  readonly maxSize: number;
  /** Nested objects and arrays; default 32. */
  readonly maxDepth?: number;
}

/** @param source bytes, or a text that is taken as its UTF-8. Offsets are bytes either way. */
export function parseJson(source: Uint8Array | string, limits: JsonLimits): Parsed<JsonNode> {
  return parseWith(() => readJson(source, limits));
}

/** As `parseJson`, for use inside another parser. @throws Malformed */
export function readJson(source: Uint8Array | string, { what, maxSize, maxDepth = 32 }: JsonLimits): JsonNode {
  if (source.length > maxSize) throw new Malformed(`${what} is longer than ${maxSize} bytes`);
  if (typeof source === 'string' && !source.isWellFormed()) throw new Malformed(`${what} has half a surrogate pair`);
  const bytes = typeof source === 'string' ? utf8ToBytes(source) : source;
  if (bytes.length > maxSize) throw new Malformed(`${what} is longer than ${maxSize} bytes`);
  return new Reader(bytes, what, maxDepth).document();
}

/** The exact source bytes of a node: what its author hashed or signed. */
export function jsonSource(source: Uint8Array, node: JsonNode): Uint8Array {
  return source.subarray(node.start, node.end);
}

/** A member of an object. @returns undefined when the node is no object or has no such member */
export function jsonMember(node: JsonNode | undefined, name: string): JsonNode | undefined {
  return node?.kind === 'object' ? node.members.get(name) : undefined;
}

/** The text of a string member. @returns undefined unless it is a string */
export function jsonText(node: JsonNode | undefined, name: string): string | undefined {
  const found = jsonMember(node, name);
  return found?.kind === 'string' ? found.value : undefined;
}

/** The value of a number member. @returns undefined unless it is a number */
export function jsonNumber(node: JsonNode | undefined, name: string): number | undefined {
  const found = jsonMember(node, name);
  return found?.kind === 'number' ? found.value : undefined;
}

/** The items of an array member. @returns undefined unless it is an array */
export function jsonItems(node: JsonNode | undefined, name: string): readonly JsonNode[] | undefined {
  const found = jsonMember(node, name);
  return found?.kind === 'array' ? found.items : undefined;
}

const maximumOctets = 65_536;

/** Bytes that are written as a list of numbers, as Rust's serializer does. @returns undefined for any other value */
export function octetList(node: JsonNode): Uint8Array | undefined {
  if (node.kind !== 'array' || node.items.length === 0 || node.items.length > maximumOctets) return undefined;
  const bytes = new Uint8Array(node.items.length);
  for (const [at, item] of node.items.entries()) {
    if (item.kind !== 'number' || !Number.isInteger(item.value) || item.value < 0 || item.value > 255) return undefined;
    bytes[at] = item.value;
  }
  return bytes;
}

/** Plain values for a schema to look at. Objects have no prototype, so `__proto__` is a key like another. */
export function jsonPlain(node: JsonNode): unknown {
  switch (node.kind) {
    case 'object': {
      const plain = Object.create(null) as Record<string, unknown>;
      for (const [name, value] of node.members) plain[name] = jsonPlain(value);
      return plain;
    }
    case 'array':
      return node.items.map(jsonPlain);
    case 'null':
      return null;
    case 'string':
    case 'number':
    case 'boolean':
      return node.value;
  }
}

const quote = 0x22;
const backslash = 0x5c;
const simpleEscapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

class Reader {
  readonly #bytes: Uint8Array;
  /** The whole text where every character is one byte, so that offsets into both are the same; else undefined. */
  readonly #ascii: string | undefined;
  readonly #what: string;
  readonly #maxDepth: number;
  #at = 0;

  constructor(bytes: Uint8Array, what: string, maxDepth: number) {
    this.#bytes = bytes;
    const text = decodeUtf8(bytes);
    this.#ascii = text?.length === bytes.length ? text : undefined;
    this.#what = what;
    this.#maxDepth = maxDepth;
  }

  document(): JsonNode {
    this.#space();
    const node = this.#value(0);
    this.#space();
    if (this.#at !== this.#bytes.length) this.#refuse('something follows the value');
    return node;
  }

  #refuse(problem: string, at = this.#at): never {
    throw new Malformed(`${this.#what} is not usable JSON: ${problem} at byte ${at}`);
  }

  #space(): void {
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      this.#at++;
    }
  }

  /** Takes one ASCII character when it is the next. */
  #take(character: string): boolean {
    if (this.#bytes[this.#at] !== character.charCodeAt(0)) return false;
    this.#at++;
    return true;
  }

  #value(depth: number): JsonNode {
    const start = this.#at;
    const byte = this.#bytes[start];
    if (byte === undefined) this.#refuse('it ends too early');
    switch (byte) {
      case 0x7b:
        return this.#object(start, depth + 1);
      case 0x5b:
        return this.#array(start, depth + 1);
      case quote:
        return { kind: 'string', value: this.#string(), start, end: this.#at };
      case 0x74:
        return { kind: 'boolean', value: true, start, end: this.#word('true') };
      case 0x66:
        return { kind: 'boolean', value: false, start, end: this.#word('false') };
      case 0x6e:
        return { kind: 'null', start, end: this.#word('null') };
      default:
        return { kind: 'number', value: this.#number(), start, end: this.#at };
    }
  }

  #word(word: string): number {
    for (const character of word) if (!this.#take(character)) this.#refuse('an unknown word');
    return this.#at;
  }

  #object(start: number, depth: number): JsonNode {
    this.#enter(depth);
    const members = new Map<string, JsonNode>();
    this.#space();
    if (!this.#take('}')) {
      do {
        this.#space();
        const at = this.#at;
        if (this.#bytes[at] !== quote) this.#refuse('a member name is missing');
        const name = this.#string();
        if (members.has(name)) this.#refuse('a member name appears twice', at);
        this.#space();
        if (!this.#take(':')) this.#refuse('a colon is missing');
        this.#space();
        members.set(name, this.#value(depth));
        this.#space();
      } while (this.#take(','));
      if (!this.#take('}')) this.#refuse('an object is not closed');
    }
    return { kind: 'object', members, start, end: this.#at };
  }

  #array(start: number, depth: number): JsonNode {
    this.#enter(depth);
    const items: JsonNode[] = [];
    this.#space();
    if (!this.#take(']')) {
      do {
        this.#space();
        items.push(this.#value(depth));
        this.#space();
      } while (this.#take(','));
      if (!this.#take(']')) this.#refuse('an array is not closed');
    }
    return { kind: 'array', items, start, end: this.#at };
  }

  #enter(depth: number): void {
    if (depth > this.#maxDepth) this.#refuse(`it is nested deeper than ${this.#maxDepth} levels`);
    this.#at++;
  }

  /** From the opening to behind the closing quote. Escapes are checked as bytes, so that their offsets can be named. */
  #string(): string {
    const opening = this.#at++;
    let escaped = false;
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) this.#refuse('a string is not closed', opening);
      if (byte < 0x20) this.#refuse('a control character in a string');
      if (byte === quote) break;
      this.#at++;
      if (byte === backslash) {
        this.#escape();
        escaped = true;
      }
    }
    // Decoded once: a string of a million escapes must not cost a million decoders.
    const raw = this.#text(opening + 1, this.#at++);
    if (raw === undefined) this.#refuse('a string is not UTF-8', opening);
    const text = escaped ? raw.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/g, unescape) : raw;
    if (!text.isWellFormed()) this.#refuse('half of a surrogate pair in a string', opening);
    return text;
  }

  /** @returns undefined when the bytes are not UTF-8 */
  #text(start: number, end: number): string | undefined {
    return this.#ascii?.slice(start, end) ?? decodeUtf8(this.#bytes.subarray(start, end));
  }

  /** Behind the backslash. */
  #escape(): void {
    const at = this.#at - 1;
    const character = String.fromCharCode(this.#bytes[this.#at++] ?? 0);
    if (character !== 'u') {
      if (simpleEscapes[character] === undefined) this.#refuse('an unknown escape', at);
      return;
    }
    for (let digit = 0; digit < 4; digit++)
      if (!isHexDigit(this.#bytes[this.#at++])) this.#refuse('an unknown escape', at);
  }

  #number(): number {
    const start = this.#at;
    while (isNumberByte(this.#bytes[this.#at])) this.#at++;
    const text = this.#text(start, Math.min(this.#at, start + 64)) ?? '';
    const value = Number(text);
    if (this.#at - start > 40 || !/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text) || !Number.isFinite(value)) {
      this.#refuse('no value', start);
    }
    return value;
  }
}

function unescape(_: string, hex: string | undefined, character: string | undefined): string {
  return hex === undefined ? (simpleEscapes[character ?? ''] ?? '') : String.fromCharCode(Number.parseInt(hex, 16));
}

function isHexDigit(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  const lower = byte | 0x20;
  return (byte >= 0x30 && byte <= 0x39) || (lower >= 0x61 && lower <= 0x66);
}

/** Digits, `+`, `-`, `.`, `e`, `E`. */
function isNumberByte(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  return (byte >= 0x30 && byte <= 0x39) || byte === 0x2b || byte === 0x2d || byte === 0x2e || (byte | 0x20) === 0x65;
}
