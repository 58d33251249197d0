import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { err, ok, type Result } from '../../contract/result.ts';

/**
 * One recovery share as text that a person can write down and type: `NACRE-SHARE-2` and 26 groups of five characters.
 *
 *   payload = version(1) ‖ vault id(16) ‖ set id(8) ‖ index(1) ‖ threshold(1) ‖ number of shares(1) ‖ share(33)
 *   text    = base32(payload ‖ first 4 bytes of SHA-256(payload)), alphabet of bech32, four characters a group
 *   fifth   = check character of the group over GF(32), x^5+x^2+1: place ⊕ Σ 2^i · character i, i = 1 … 4
 *
 * The check character finds every single wrong character, every two neighbours that changed places and every two groups
 * that did, and names the group. What slips through several errors at once (1 in 32 a group) the digest finds.
 */
export interface ShareFields {
  /** Hex, 16 bytes. */
  readonly vaultId: string;
  /** Hex, 8 bytes. All shares that were made together have the same. */
  readonly setId: string;
  /** From 1, as it is printed. */
  readonly index: number;
  readonly threshold: number;
  readonly shares: number;
  /** The share itself, 33 bytes: a secret. */
  readonly bytes: Uint8Array;
}

export const shareMark = 'NACRE-SHARE-2';
const version = 2;
const alphabet = 'QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L';
const payloadBytes = 61;
const digestBytes = 4;
const groupData = 4;
const groupSize = groupData + 1;
export const groupCount = ((payloadBytes + digestBytes) * 8) / (5 * groupData);
const longest = 512;
/** Letters that are not in the alphabet because they look like one that is. */
const lookalikes: Readonly<Record<string, string>> = { O: '0', I: 'L', '1': 'L', B: '8' };

/** The whole text, groups parted by spaces. */
export function encodeShare(share: ShareFields): string {
  return `${shareMark} ${shareGroups(share).join(' ')}`;
}

/** The groups as they are printed. */
export function shareGroups(share: ShareFields): string[] {
  const payload = new Uint8Array(payloadBytes + digestBytes);
  payload.set([version, ...hexToBytes(share.vaultId), ...hexToBytes(share.setId)]);
  payload.set([share.index, share.threshold, share.shares], 25);
  payload.set(share.bytes, 28);
  payload.set(sha256(payload.subarray(0, payloadBytes)).subarray(0, digestBytes), payloadBytes);
  const symbols = toSymbols(payload);
  payload.fill(0);
  const groups: string[] = [];
  for (let at = 0; at < groupCount; at++) {
    const group = symbols.slice(at * groupData, (at + 1) * groupData);
    groups.push([...group, checkOf(group, at + 1)].map((symbol) => alphabet[symbol]).join(''));
  }
  return groups;
}

/**
 * Reads a share that was typed or scanned: any case, any spaces or hyphens, with or without mark and group numbers.
 * Errors: `invalid_input`, naming every group that is wrong. Never repeats what was typed.
 */
export function decodeShare(text: string): Result<ShareFields> {
  if (text.length > longest) return refuse('This is too long for a recovery share.');
  const groups = splitGroups(text);
  if (!groups.ok) return groups;
  const wrong: number[] = [];
  const symbols: number[] = [];
  for (const [at, group] of groups.value.entries()) {
    const read = [...group].map((letter) => alphabet.indexOf(lookalikes[letter] ?? letter));
    const data = read.slice(0, groupData);
    if (read.includes(-1) || checkOf(data, at + 1) !== read[groupData]) wrong.push(at + 1);
    symbols.push(...data);
  }
  if (wrong.length > 0) return wrongGroups(wrong);
  if (groups.value.length !== groupCount) {
    return refuse(`${groups.value.length} of ${groupCount} groups are there.`, 'Type all of them, in their order.');
  }
  const payload = toBytes(symbols);
  const digest = sha256(payload.subarray(0, payloadBytes));
  if (payload.subarray(payloadBytes).some((byte, at) => byte !== digest[at])) {
    return refuse('The recovery share has several typing errors: its digest does not fit.', 'Compare every group.');
  }
  if (payload[0] !== version) return refuse('The recovery share is of a kind that this Nacre does not know.');
  const bytes = new Uint8Array(new ArrayBuffer(33));
  bytes.set(payload.subarray(28, payloadBytes));
  const [index = 0, threshold = 0, shares = 0] = payload.subarray(25, 28);
  const fields = {
    vaultId: bytesToHex(payload.subarray(1, 17)),
    setId: bytesToHex(payload.subarray(17, 25)),
    index,
    threshold,
    shares,
    bytes,
  };
  payload.fill(0);
  return ok(fields);
}

function splitGroups(text: string): Result<string[]> {
  const body = text.toUpperCase().replace(/^\s*NACRE[-\s]?SHARE[-\s]?2[\s:-]*/, '');
  const words = body.split(/[^A-Z0-9]+/).filter((word) => word !== '');
  if (words.length === 0) return refuse('There is no recovery share in this.', 'It is 26 groups of five characters.');
  // Numbers of groups, copied along from the printed page.
  const given = words.filter((word) => !/^\d{1,2}$/.test(word));
  if (given.every((word) => word.length === groupSize) && given.length <= groupCount) return ok(given);
  const joined = given.join('');
  if (joined.length === groupCount * groupSize) return ok(joined.match(/.{5}/g) ?? []);
  const odd = given.findIndex((word) => word.length !== groupSize);
  if (given.length > 1 && odd >= 0 && odd < groupCount) {
    return refuse(`Group ${odd + 1} has ${given[odd]?.length ?? 0} characters; every group has five.`);
  }
  return refuse(`${joined.length} characters are there; a recovery share has ${groupCount * groupSize}.`);
}

function wrongGroups(wrong: readonly number[]): Result<never> {
  const [first] = wrong;
  if (wrong.length > groupCount / 2) {
    return refuse('This is not a recovery share of Nacre.', 'It begins with NACRE-SHARE-2 and has 26 groups.');
  }
  const message =
    wrong.length === 1
      ? `Group ${first} has a typing error, or stands in the wrong place.`
      : `Groups ${wrong.slice(0, -1).join(', ')} and ${wrong.at(-1)} have typing errors, or stand in the wrong places.`;
  return refuse(message, 'Compare them with the printed ones.');
}

function refuse(message: string, hint?: string): Result<never> {
  return err('invalid_input', message, hint === undefined ? {} : { hint });
}

function checkOf(data: readonly number[], place: number): number {
  let sum = place;
  for (const [at, symbol] of data.entries()) {
    let product = symbol < 0 ? 0 : symbol;
    for (let power = 0; power <= at; power++) product = (product << 1) ^ ((product & 16) === 0 ? 0 : 37);
    sum ^= product;
  }
  return sum;
}

function toSymbols(bytes: Uint8Array): number[] {
  const symbols: number[] = [];
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff;
    bits += 8;
    for (; bits >= 5; bits -= 5) symbols.push((held >> (bits - 5)) & 31);
  }
  return symbols;
}

function toBytes(symbols: readonly number[]): Uint8Array {
  const bytes = new Uint8Array((symbols.length * 5) / 8);
  let held = 0;
  let bits = 0;
  let at = 0;
  for (const symbol of symbols) {
    held = ((held << 5) | symbol) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = (held >> bits) & 0xff;
    }
  }
  return bytes;
}
