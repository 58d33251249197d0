import { Malformed } from '../../readers/bytes.ts';
import { FieldReader } from './field-reader.ts';

const maximumDepth = 8;
const major = { unsigned: 0, negative: 1, bytes: 2, text: 3, array: 4, map: 5 } as const;

interface Item {
  readonly major: number;
  /** Value of a number, length of a string, count of an array or map; undefined for an open map. */
  readonly argument: number | undefined;
}

/** The COSE_Sign1 envelope and the payload of a Nitro document, item by item with offsets. @throws Malformed */
export function nitroFields(reader: FieldReader): void {
  if (reader.bytes[0] === 0xd2) reader.take('tag', 1, 'hex', 'COSE_Sign1');
  const envelope = head(reader, 'envelope');
  if (envelope.major !== major.array || envelope.argument !== 4) throw stop('envelope is not an array of four', reader);
  value(reader, 'protected', 0);
  value(reader, 'unprotected', 0);
  const payload = head(reader, 'payload');
  if (payload.major !== major.bytes || payload.argument === undefined)
    throw stop('payload is not a byte string', reader);
  const from = reader.at;
  if (payload.argument > reader.left) throw stop(`payload needs ${payload.argument} bytes`, reader);
  // The payload is CBOR inside a byte string: its items are shown at their place in the file.
  value(reader, '', 0);
  if (reader.at !== from + payload.argument) throw stop('the payload does not end where it says', reader);
  value(reader, 'signature', 0);
  reader.rest('trailing', 'bytes behind the document: none are allowed');
}

function value(reader: FieldReader, name: string, depth: number): void {
  if (depth > maximumDepth) throw stop('it is nested too deep', reader);
  const offset = reader.at;
  if (reader.bytes[offset] === 0xf6) {
    reader.take(name, 1, 'hex', 'null');
    return;
  }
  const { major: kind, argument } = head(reader, name);
  const inside = (part: string) => (name === '' ? part : `${name}.${part}`);
  if (kind === major.bytes || kind === major.text) {
    if (argument === undefined || argument > reader.left)
      throw stop(`${name} needs ${argument ?? 'unknown'} bytes`, reader);
    reader.take(name, argument, kind === major.text ? 'text' : 'hex', meanings[name]);
  } else if (kind === major.array) {
    for (let at = 0; at < (argument ?? 0); at++) value(reader, `${name}[${at}]`, depth + 1);
  } else if (kind === major.map) {
    for (let at = 0; argument === undefined ? reader.bytes[reader.at] !== 0xff : at < argument; at++) {
      value(reader, inside(key(reader)), depth + 1);
    }
    if (argument === undefined) reader.at += 1;
  } else if (kind === major.unsigned || kind === major.negative) {
    const shown = kind === major.unsigned ? (argument ?? 0) : -1 - (argument ?? 0);
    const bytes = reader.bytes.subarray(offset, reader.at);
    reader.fields.push({ name, offset, length: bytes.length, value: String(shown), ...numberMeaning(name, shown) });
  } else throw stop(`${name} is of a type that is not allowed`, reader, offset);
}

/** The header of an item. @throws Malformed */
function head(reader: FieldReader, name: string): Item {
  const offset = reader.at;
  const initial = reader.bytes[offset];
  if (initial === undefined) throw stop(`${name} is missing`, reader);
  reader.at += 1;
  if (initial === 0xbf) return { major: major.map, argument: undefined };
  const info = initial & 31;
  if (info < 24) return { major: initial >> 5, argument: info };
  if (info > 27) throw stop(`${name} has a length that is not allowed`, reader, offset);
  const size = 1 << (info - 24);
  if (size > reader.left) throw stop(`${name} ends inside its length`, reader);
  let argument = 0;
  for (let i = 0; i < size; i++) argument = argument * 256 + (reader.bytes[reader.at++] ?? 0);
  if (!Number.isSafeInteger(argument)) throw stop(`${name} has a length that is too large`, reader, offset);
  return { major: initial >> 5, argument };
}

/** A map key as text: names and register numbers. @throws Malformed */
function key(reader: FieldReader): string {
  const offset = reader.at;
  const { major: kind, argument = 0 } = head(reader, 'a key');
  if (kind === major.unsigned) return String(argument);
  if (kind === major.negative) return String(-1 - argument);
  if (kind !== major.text || argument > reader.left || argument > 256)
    throw stop('a key is not a text', reader, offset);
  const bytes = reader.bytes.subarray(reader.at, reader.at + argument);
  reader.at += argument;
  return Array.from(bytes, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '?')).join('');
}

function stop(problem: string, reader: FieldReader, offset = reader.at): Malformed {
  return new Malformed(`${problem}, at offset ${offset}`);
}

const meanings: Readonly<Record<string, string>> = {
  protected: 'signed header: the algorithm',
  signature: 'ES384, r and s',
  'pcrs.0': 'the enclave image',
  'pcrs.1': 'kernel and boot ramdisk',
  'pcrs.2': 'the application',
  'pcrs.3': 'role of the parent instance',
  'pcrs.4': 'id of the parent instance',
  'pcrs.8': 'signer of the image',
  'pcrs.16': 'init parameters (Oyster)',
  certificate: 'leaf certificate, DER',
  public_key: 'key that the enclave bound',
};

function numberMeaning(name: string, value: number): { meaning?: string } {
  if (name !== 'timestamp' || value > 8.64e15) return {};
  return { meaning: new Date(value).toISOString() };
}
