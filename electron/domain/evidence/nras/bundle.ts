import { decodeUtf8 } from '../../encoding/utf8.ts';
import { Malformed, parseWith, type Parsed } from '../readers/bytes.ts';
import { jsonMember, jsonText, readJson, type JsonNode } from '../readers/json.ts';
import { printable } from '../readers/printable.ts';
import { parseCompactJws, type CompactJws } from './jws.ts';

/** A detached EAT bundle of NRAS: one overall token and one token a device. */
export interface NrasBundle {
  readonly overall: CompactJws;
  /** By the name that the overall token uses: `GPU-0`. */
  readonly devices: ReadonlyMap<string, CompactJws>;
  /** What the overall token says must be the device tokens. */
  readonly submodules: ReadonlyMap<string, Submodule>;
  /** The bundle came inside the token of a client (`REMOTE_GPU_CLAIMS`), which NVIDIA did not sign. */
  readonly wrapped: boolean;
}

export type Submodule =
  /** Hex SHA-256 of the compact device token. */
  | { readonly kind: 'digest'; readonly sha256: string }
  /** The token stands in the overall one, under its signature. */
  | { readonly kind: 'nested' };

const maximumBundleBytes = 1_048_576;
const maximumDevices = 64;
/** `GPU-0`. Names stand in rows and claims. */
const devicePattern = /^[A-Za-z0-9_-]{1,32}$/;
const wrapperMember = 'REMOTE_GPU_CLAIMS';

/**
 * Reads what NRAS answers, in the forms that are about: `[["JWT", overall], {"GPU-0": device, …}]`; the same inside
 * the bundle of NVIDIA's client under `REMOTE_GPU_CLAIMS`, or as the one member of its report that is such a list; or an
 * overall token alone, `["JWT", overall]` or bare, whose `submods` hold the device tokens themselves.
 * @param source text or bytes; parsed JSON is taken by its JSON text
 */
export function parseNrasBundle(source: unknown): Parsed<NrasBundle> {
  return parseWith(() => {
    const given = sourceText(source);
    const text = typeof given === 'string' ? given : (decodeUtf8(given) ?? given);
    if (typeof text === 'string' && /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/.test(text.trim())) {
      return fromTokens(text.trim(), new Map(), false);
    }
    const document = readJson(text, { what: 'the NRAS answer', maxSize: maximumBundleBytes, maxDepth: 12 });
    return fromDocument(document, false);
  });
}

function sourceText(source: unknown): string | Uint8Array {
  if (typeof source === 'string' || source instanceof Uint8Array) return source;
  try {
    return JSON.stringify(source) ?? '';
  } catch {
    throw new Malformed('the NRAS answer is no JSON');
  }
}

function fromDocument(document: JsonNode, wrapped: boolean): NrasBundle {
  // `{claims, detached_eat, result_code, …}`: what the client says beside the tokens is only its word.
  const lists = document.kind === 'object' ? [...document.members.values()].filter(beginsWithToken) : [];
  const [list, ...others] = lists;
  if (list !== undefined && others.length === 0 && !wrapped) return fromDocument(list, true);
  if (document.kind !== 'array') throw new Malformed('the NRAS answer is not a list');
  const [first, second, ...rest] = document.items;
  if (rest.length > 0) throw new Malformed('the NRAS answer has a third part');
  if (first?.kind === 'string' && first.value === 'JWT' && second?.kind === 'string') {
    return fromTokens(second.value, new Map(), wrapped);
  }
  const inner = jsonMember(second, wrapperMember);
  if (inner !== undefined) {
    if (wrapped) throw new Malformed('the NRAS answer is wrapped twice');
    return fromDocument(inner, true);
  }
  const overall = taggedToken(first);
  if (overall === undefined) throw new Malformed('the NRAS answer does not begin with its overall token');
  const devices = new Map<string, string>();
  if (second !== undefined) {
    if (second.kind !== 'object') throw new Malformed('the device tokens of the NRAS answer are not an object');
    for (const [name, token] of second.members) {
      if (token.kind !== 'string') throw new Malformed(`the token of ${printable(name, 32)} is not a text`);
      devices.set(name, token.value);
    }
  }
  return fromTokens(overall, devices, wrapped);
}

function beginsWithToken(node: JsonNode): boolean {
  return node.kind === 'array' && taggedToken(node.items[0]) !== undefined;
}

/** `["JWT", token]` (RFC 9711 §4.2.18). */
function taggedToken(node: JsonNode | undefined): string | undefined {
  if (node?.kind !== 'array' || node.items.length !== 2) return undefined;
  const [tag, token] = node.items;
  return tag?.kind === 'string' && tag.value === 'JWT' && token?.kind === 'string' ? token.value : undefined;
}

function fromTokens(text: string, detached: ReadonlyMap<string, string>, wrapped: boolean): NrasBundle {
  const overall = token(text, 'the overall token');
  const members = jsonMember(overall.payload, 'submods');
  if (members?.kind !== 'object') throw new Malformed('the overall token has no submods');
  if (members.members.size > maximumDevices || detached.size > maximumDevices) {
    throw new Malformed(`the NRAS answer has more than ${maximumDevices} devices`);
  }
  for (const name of [...members.members.keys(), ...detached.keys()]) {
    if (!devicePattern.test(name)) throw new Malformed(`a device has the name ${printable(name, 32)}`);
  }
  const submodules = new Map<string, Submodule>();
  const devices = new Map<string, CompactJws>();
  for (const [name, compact] of detached) devices.set(name, token(compact, `the token of ${printable(name, 32)}`));
  for (const [name, member] of members.members) {
    const nested = taggedToken(member);
    if (nested !== undefined) {
      if (devices.has(name)) throw new Malformed(`${printable(name, 32)} has two tokens`);
      devices.set(name, token(nested, `the token of ${printable(name, 32)}`));
    }
    submodules.set(name, nested === undefined ? { kind: 'digest', sha256: digest(member, name) } : { kind: 'nested' });
  }
  return { overall, devices, submodules, wrapped };
}

/** `["DIGEST", ["SHA-256", hex]]` (RFC 9711 §4.2.18.2.1). */
function digest(node: JsonNode, name: string): string {
  const [tag, pair] = node.kind === 'array' ? node.items : [];
  const [algorithm, hex] = pair?.kind === 'array' && pair.items.length === 2 ? pair.items : [];
  const fits =
    tag?.kind === 'string' && tag.value === 'DIGEST' && algorithm?.kind === 'string' && algorithm.value === 'SHA-256';
  if (!fits || hex?.kind !== 'string' || !/^[0-9a-f]{64}$/i.test(hex.value)) {
    throw new Malformed(`the submodule ${printable(name, 32)} is neither a SHA-256 digest nor a token`);
  }
  return hex.value.toLowerCase();
}

function token(text: string, what: string): CompactJws {
  const parsed = parseCompactJws(text);
  if (!parsed.ok) throw new Malformed(`${what}: ${parsed.detail}`);
  return parsed.value;
}

/** A claim of a token that must be a text, as it is. */
export function claimText(jws: CompactJws, name: string): string | undefined {
  return jsonText(jws.payload, name);
}

/** A claim of a token that must be true or false. */
export function claimFlag(jws: CompactJws, name: string): boolean | undefined {
  const node = jsonMember(jws.payload, name);
  return node?.kind === 'boolean' ? node.value : undefined;
}
