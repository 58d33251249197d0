import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { dsseEnvelopeSchema } from '../../contract/dsse.ts';
import { packIndexSchema, packLimits, packMagic, packPayloadType, type PackIndex } from '../../contract/pack.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import {
  canonicalJson,
  keyIdOf,
  signJson,
  verifyEd25519,
  verifyJson,
  type Signer,
  type VerifySignature,
} from '../dsse/dsse.ts';
import { decodeBase64, encodeBase64 } from '../encoding/base64.ts';
import { decodeUtf8 } from '../encoding/utf8.ts';
import { equalBytes } from '../merkle/merkle.ts';

/** Faster implementations where there are any; pure code otherwise. */
export interface PackCrypto {
  readonly verify: VerifySignature;
  sha256(bytes: Uint8Array): Uint8Array;
}

export const pureCrypto: PackCrypto = { verify: verifyEd25519, sha256: (bytes) => sha256(bytes) };

/** Decimal digits of the index length, and the newline after them. */
const lengthDigits = 10;
const headerBytes = packMagic.length + lengthDigits + 1;

/** What goes into the index beside the list of entries. */
export type PackTitle = Pick<PackIndex, 'runId' | 'runName' | 'simulated' | 'createdAt'>;

/** Entries by path. */
export type PackEntries = ReadonlyMap<string, Uint8Array>;

/**
 * Writes the container (layout: contract/pack.ts). The same entries, title and key give the same bytes.
 * Errors: `invalid_input` when a path or a size does not fit the format.
 */
export function writePack(
  title: PackTitle,
  entries: PackEntries,
  organisation: Signer & { readonly publicKey: Uint8Array },
  crypto: PackCrypto = pureCrypto,
): Result<Uint8Array> {
  // Code unit order: paths are ASCII.
  const ordered = [...entries].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const index = packIndexSchema.safeParse({
    version: 1,
    format: 'nacre-pack',
    ...title,
    organisationKey: encodeBase64(organisation.publicKey),
    entries: ordered.map(([path, bytes]) => ({
      path,
      bytes: bytes.length,
      sha256: bytesToHex(crypto.sha256(bytes)),
    })),
  });
  if (!index.success) {
    const issue = index.error.issues[0];
    return err('invalid_input', `This cannot be packed: ${issue?.path.join('.')}: ${issue?.message}.`);
  }
  const envelope = canonicalJson(signJson(packPayloadType, index.data, organisation));
  const total = headerBytes + envelope.length + ordered.reduce((sum, [, bytes]) => sum + bytes.length, 0);
  if (envelope.length > packLimits.indexBytes || total > packLimits.packBytes) {
    return err('invalid_input', `The pack would hold ${total} bytes; a pack holds at most ${packLimits.packBytes}.`);
  }
  const length = utf8ToBytes(`${String(envelope.length).padStart(lengthDigits, '0')}\n`);
  return ok(concatBytes(utf8ToBytes(packMagic), length, envelope, ...ordered.map(([, bytes]) => bytes)));
}

export interface OpenedPack {
  readonly index: PackIndex;
  /** The key that signed the index, raw; whose it is, the reader must know from elsewhere. */
  readonly organisationKey: Uint8Array;
  readonly entries: PackEntries;
}

/** The first thing that does not hold, with a stable reason code for the check row. */
export interface PackFault {
  readonly at: 'container' | 'index' | 'entry';
  readonly reason: string;
  readonly detail: string;
}

/**
 * Opens a container and proves it whole: fixed header, canonical index signed by the key it names, every entry with its
 * size and digest, no byte over and none missing. Survives any bytes; never throws.
 */
export function openPack(
  bytes: Uint8Array,
  crypto: PackCrypto = pureCrypto,
): { readonly ok: true; readonly value: OpenedPack } | { readonly ok: false; readonly fault: PackFault } {
  const frame = readFrame(bytes);
  if (!frame.ok) return frame;
  const signed = readIndex(frame.value, crypto);
  if (!signed.ok) return signed;
  const { index, organisationKey } = signed.value;
  let at = headerBytes + frame.value.length;
  const entries = new Map<string, Uint8Array>();
  let previous = '';
  for (const entry of index.entries) {
    if (entry.path <= previous) return fault('index', 'order', `The index lists ${entry.path} out of order or twice.`);
    previous = entry.path;
    if (at + entry.bytes > bytes.length) {
      return fault('container', 'truncated', `The file ends inside ${entry.path}: ${bytes.length} bytes are not all.`);
    }
    const content = bytes.subarray(at, at + entry.bytes);
    const digest = bytesToHex(crypto.sha256(content));
    if (digest !== entry.sha256) {
      return fault(
        'entry',
        'digest',
        `${entry.path} was changed: the index signs SHA-256 ${entry.sha256}, found ${digest}.`,
      );
    }
    entries.set(entry.path, content);
    at += entry.bytes;
  }
  if (at !== bytes.length) {
    return fault('container', 'extended', `${bytes.length - at} bytes follow the last entry; nothing may.`);
  }
  return { ok: true, value: { index, organisationKey, entries } };
}

type Step<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: PackFault };

function fault(at: PackFault['at'], reason: string, detail: string): { readonly ok: false; readonly fault: PackFault } {
  return { ok: false, fault: { at, reason, detail } };
}

/** The bytes of the index. */
function readFrame(bytes: Uint8Array): Step<Uint8Array> {
  if (bytes.length > packLimits.packBytes) {
    return fault('container', 'too-large', `${bytes.length} bytes; a pack has at most ${packLimits.packBytes}.`);
  }
  const magic = utf8ToBytes(packMagic);
  if (!equalBytes(bytes.subarray(0, magic.length), magic)) {
    return fault('container', 'not-a-pack', 'The file does not begin with "nacre-pack/1": it is no Nacre pack.');
  }
  const digits = decodeUtf8(bytes.subarray(magic.length, headerBytes)) ?? '';
  if (!/^\d{10}\n$/.test(digits)) {
    return fault('container', 'header', 'The length of the index is not ten digits and a newline.');
  }
  const length = Number(digits.slice(0, lengthDigits));
  if (length === 0 || length > packLimits.indexBytes || headerBytes + length > bytes.length) {
    return fault('container', 'truncated', `The header announces an index of ${length} bytes that is not there.`);
  }
  return { ok: true, value: bytes.subarray(headerBytes, headerBytes + length) };
}

function readIndex(bytes: Uint8Array, crypto: PackCrypto): Step<{ index: PackIndex; organisationKey: Uint8Array }> {
  const json = parseCanonical(bytes);
  if (json === undefined) return fault('index', 'not-canonical', 'The index is not JSON in its canonical form.');
  const envelope = dsseEnvelopeSchema.safeParse(json.value);
  const payload = envelope.success ? decodeBase64(envelope.data.payload) : undefined;
  if (!envelope.success || payload === undefined) {
    return fault('index', 'not-signed', 'The index is not a DSSE envelope.');
  }
  const body = parseCanonical(payload);
  if (body === undefined) return fault('index', 'not-canonical', 'The signed index is not in its canonical form.');
  const claimed = packIndexSchema.safeParse(body.value);
  if (!claimed.success) {
    const issue = claimed.error.issues[0];
    return fault('index', 'malformed', `The index is malformed at ${issue?.path.join('.')}: ${issue?.message}.`);
  }
  const organisationKey = decodeBase64(claimed.data.organisationKey);
  if (organisationKey?.length !== 32) return fault('index', 'key', 'The index names no Ed25519 key.');
  const [signature, ...others] = envelope.data.signatures;
  // The hint and the count are outside the signature: they are fixed here, so that they cannot be changed unseen.
  if (others.length > 0 || signature?.keyid !== keyIdOf(organisationKey)) {
    return fault('index', 'signature', 'The index must have one signature, under the id of the key it names.');
  }
  const verified = verifyJson(envelope.data, packIndexSchema, {
    payloadType: packPayloadType,
    trusted: [{ publicKey: organisationKey }],
    verify: crypto.verify,
  });
  if (!verified.ok) return fault('index', 'signature', `The signature of the index is bad: ${verified.error.message}`);
  return { ok: true, value: { index: verified.value.value, organisationKey } };
}

/** JSON whose canonical form is exactly these bytes; undefined for anything else. */
export function parseCanonical(bytes: Uint8Array): { readonly value: unknown } | undefined {
  const text = decodeUtf8(bytes);
  if (text === undefined || isNestedTooDeep(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return equalBytes(canonicalJson(value), bytes) ? { value } : undefined;
  } catch {
    // Not JSON, or JSON that has no canonical form (a lone surrogate): either way not what the writer writes.
    return undefined;
  }
}

/** Deeper than any document of a pack. Readers after this one recurse, and must not run out of stack. */
const nestingMaximum = 64;

function isNestedTooDeep(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      // A string: brackets in it do not count, nor does an escaped quote end it.
      for (at += 1; at < text.length && text.charCodeAt(at) !== 0x22; at++) if (text.charCodeAt(at) === 0x5c) at += 1;
    } else if (code === 0x5b || code === 0x7b) {
      depth += 1;
      if (depth > nestingMaximum) return true;
    } else if (code === 0x5d || code === 0x7d) depth -= 1;
  }
  return false;
}
