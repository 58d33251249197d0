import { utf8ToBytes } from '@noble/hashes/utils.js';
import { canonicalJson } from '../../dsse/dsse.ts';
import { eventLabel } from '../ccel/ccel.ts';
import type { EvidenceCrypto } from '../crypto.ts';
import { registerBytes, replayRegisters, type MeasuredEvent } from '../eventlog/measured-events.ts';
import { Malformed, fromHex, parseWith, toHex, type Parsed } from '../readers/bytes.ts';
import { jsonMember, jsonNumber, jsonText, readJson, type JsonNode } from '../readers/json.ts';
import { printable } from '../readers/printable.ts';

/** A runtime event of RTMR3: what dstack itself measured. */
export interface RuntimeEvent {
  readonly name: string;
  readonly payload: Uint8Array;
}

/** A dstack event log as it was read. The digests of runtime events are computed, whatever the log states. */
export interface DstackLog {
  /** All events in order. */
  readonly measured: readonly MeasuredEvent[];
  /** The runtime events in order. */
  readonly events: readonly RuntimeEvent[];
  /** Names of the runtime events whose stated digest is not their own. */
  readonly misstated: readonly string[];
}

/** What a dstack event log says when its events are replayed. True only if the registers are the quote's. */
export interface ReplayedLog {
  /** RTMR0 to RTMR3, 48 bytes each. */
  readonly registers: readonly Uint8Array[];
  /** The runtime events of RTMR3 in order; their digests were recomputed from name and payload. */
  readonly events: readonly RuntimeEvent[];
}

const maximumLogBytes = 1_048_576;
const maximumEvents = 4096;
const runtimeRegister = 3;
const runtimeType = 0x08000001;

/**
 * Replays a dstack event log (ATTESTATION §4.6): R = SHA-384(R ‖ digest) for each event of a register. A log that
 * states a wrong digest for a runtime event is malformed here, as is one without exactly one `compose-hash` before
 * `system-ready`. The caller compares the registers with a verified quote; `verifyEventLog` makes a verdict of it.
 */
export function replayEventLog(json: string | Uint8Array, crypto: EvidenceCrypto): Parsed<ReplayedLog> {
  const parsed = parseDstackLog(json, crypto);
  if (!parsed.ok) return parsed;
  const { measured, events, misstated } = parsed.value;
  const [name] = misstated;
  const problem = composeProblem(events.map((event) => event.name));
  if (name !== undefined) return { ok: false, detail: `the digest of event "${printable(name)}" is not its own` };
  if (problem !== undefined) return { ok: false, detail: problem.detail };
  return { ok: true, value: { registers: replayRegisters(measured, crypto), events } };
}

/**
 * Reads a log: a list of `{imr, event_type, digest, event, event_payload}`. Runtime events may come without a digest,
 * as stripped logs have them. `version` 2 of an event, or a stated digest that is the one of version 2, selects that.
 */
export function parseDstackLog(json: string | Uint8Array, crypto: EvidenceCrypto): Parsed<DstackLog> {
  return parseWith(() => {
    const document = readJson(json, { what: 'the event log', maxSize: maximumLogBytes, maxDepth: 8 });
    if (document.kind !== 'array') throw new Malformed('the event log is not a list of dstack events');
    if (document.items.length > maximumEvents)
      throw new Malformed(`the event log has more than ${maximumEvents} events`);
    const measured: MeasuredEvent[] = [];
    const events: RuntimeEvent[] = [];
    const misstated: string[] = [];
    for (const node of document.items) {
      const { register, type, stated, name, payload, version } = readEntry(node);
      if ((register === runtimeRegister) !== (type === runtimeType)) {
        throw new Malformed(`event "${printable(name)}" of type ${type} does not belong into RTMR${register}`);
      }
      if (type !== runtimeType) {
        if (stated === undefined) throw new Malformed(`a boot event of RTMR${register} has no digest`);
        const confirmed = payload.length > 0 && crypto.equal(crypto.sha384(payload), stated);
        measured.push({
          register,
          type,
          label: name === '' ? eventLabel(type, payload) : printable(name),
          digest: stated,
          confirmed,
        });
        continue;
      }
      const event = { name, payload };
      const digest = ownDigest(event, version, stated, crypto);
      if (stated !== undefined && !crypto.equal(digest, stated)) misstated.push(name);
      measured.push({ register, type, label: printable(name), digest, confirmed: true });
      events.push(event);
    }
    return { measured, events, misstated };
  });
}

const runtimeTypeBytes = Uint8Array.of(0x01, 0x00, 0x00, 0x08);
const colon = Uint8Array.of(0x3a);

/**
 * The digest of a runtime event. Version 1: SHA-384(type little-endian ‖ ":" ‖ name ‖ ":" ‖ payload); version 2:
 * SHA-384 of the JCS of name, payload in hex and type, in which a colon in a name cannot shift into the payload.
 */
export function runtimeDigest({ name, payload }: RuntimeEvent, version: 1 | 2, crypto: EvidenceCrypto): Uint8Array {
  if (version === 2) return crypto.sha384(canonicalJson({ name, payload: toHex(payload), type: runtimeType }));
  return crypto.sha384(runtimeTypeBytes, colon, utf8ToBytes(name), colon, payload);
}

/** The digest of the version that the event names, else of the one that its stated digest shows, else of version 1. */
function ownDigest(
  event: RuntimeEvent,
  version: 1 | 2 | undefined,
  stated: Uint8Array | undefined,
  crypto: EvidenceCrypto,
): Uint8Array {
  const first = runtimeDigest(event, version ?? 1, crypto);
  if (version !== undefined || stated === undefined || crypto.equal(first, stated)) return first;
  const second = runtimeDigest(event, 2, crypto);
  return crypto.equal(second, stated) ? second : first;
}

interface Entry {
  readonly register: number;
  readonly type: number;
  readonly stated: Uint8Array | undefined;
  readonly name: string;
  readonly payload: Uint8Array;
  readonly version: 1 | 2 | undefined;
}

function readEntry(node: JsonNode): Entry {
  const [imr, type, stated] = ['imr', 'event_type', 'version'].map((name) => jsonNumber(node, name));
  const version = stated === 1 ? 1 : stated === 2 ? 2 : undefined;
  // Boot events are what their digest says: some guests leave out the name and the data of them.
  const left = (member: string) =>
    imr !== runtimeRegister && ['null', undefined].includes(jsonMember(node, member)?.kind);
  const name = left('event') ? '' : jsonText(node, 'event');
  const payload = left('event_payload') ? new Uint8Array() : fromHex(jsonText(node, 'event_payload') ?? 'x');
  const digest = fromHex(jsonText(node, 'digest') ?? '');
  const fits =
    imr !== undefined &&
    [0, 1, 2, 3].includes(imr) &&
    type !== undefined &&
    Number.isInteger(type) &&
    type >= 0 &&
    type <= 0xffff_ffff &&
    name !== undefined &&
    name.length <= 256;
  if (!fits || payload === undefined || digest === undefined || digest.length > registerBytes) {
    throw new Malformed(`the event log is not a list of dstack events: see byte ${node.start}`);
  }
  if (jsonMember(node, 'version') !== undefined && version === undefined) {
    throw new Malformed(`the event at byte ${node.start} is of a version that is not known`);
  }
  return { register: imr, type, stated: padded(digest), name, payload, version };
}

/** Shorter digests are padded with zeros on the right. */
function padded(digest: Uint8Array): Uint8Array | undefined {
  if (digest.length === 0) return undefined;
  const bytes = new Uint8Array(registerBytes);
  bytes.set(digest);
  return bytes;
}

/** Exactly one `compose-hash`, and before the one `system-ready`: later events are the application's own. */
export function composeProblem(
  names: readonly string[],
): { readonly reason: string; readonly detail: string } | undefined {
  for (const name of ['compose-hash', 'system-ready']) {
    const count = names.filter((other) => other === name).length;
    if (count === 1) continue;
    const reason = `${name}-${count === 0 ? 'missing' : 'repeated'}`;
    return { reason, detail: `the event log does not hold compose-hash and system-ready once each` };
  }
  if (names.indexOf('compose-hash') > names.indexOf('system-ready')) {
    return { reason: 'compose-hash-late', detail: 'compose-hash comes after system-ready' };
  }
  return undefined;
}
