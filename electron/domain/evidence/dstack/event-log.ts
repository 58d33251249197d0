import { utf8ToBytes } from '@noble/hashes/utils.js';
import { z } from 'zod';
import type { EvidenceCrypto } from '../crypto.ts';
import { Malformed, fromHex, parseWith, type Parsed } from '../readers/bytes.ts';

/** What a dstack event log (version 1) says when its events are replayed. True only if the registers are the quote's. */
export interface ReplayedLog {
  /** RTMR0 to RTMR3, 48 bytes each. */
  readonly registers: readonly Uint8Array[];
  /** The runtime events of RTMR3 in order; their digests were recomputed from name and payload. */
  readonly events: readonly { readonly name: string; readonly payload: Uint8Array }[];
}

const maximumLogBytes = 1_048_576;
const maximumEvents = 4096;
const runtimeRegister = 3;
const runtimeType = 0x08000001;
const registerBytes = 48;

const hex = z.string().regex(/^(?:[0-9a-fA-F]{2})*$/);
const logSchema = z
  .array(
    z.object({
      imr: z.int().min(0).max(3),
      event_type: z.int().min(0).max(0xffff_ffff),
      digest: hex.min(2).max(2 * registerBytes),
      event: z.string().max(256),
      event_payload: hex,
    }),
  )
  .max(maximumEvents);

/**
 * Replays a dstack event log (ATTESTATION §4.6): R = SHA-384(R ‖ digest) for each event of a register. The digest of a
 * runtime event is never taken from the log: it is computed, and a log that says another is malformed, as is one
 * without exactly one `compose-hash` before `system-ready`. The caller compares the registers with a verified quote.
 */
export function replayEventLog(json: string, crypto: EvidenceCrypto): Parsed<ReplayedLog> {
  return parseWith(() => {
    const registers: Uint8Array[] = Array.from({ length: 4 }, () => new Uint8Array(registerBytes));
    const events: { name: string; payload: Uint8Array }[] = [];
    for (const { imr, event_type: type, digest, event: name, event_payload: payloadHex } of readLog(json)) {
      const stated = new Uint8Array(registerBytes);
      stated.set(bytesOf(digest));
      if ((imr === runtimeRegister) !== (type === runtimeType)) {
        throw new Malformed(`event "${name}" of type ${type} does not belong into RTMR${imr}`);
      }
      if (imr === runtimeRegister) {
        const payload = bytesOf(payloadHex);
        const computed = crypto.sha384(runtimeTypeBytes, colon, utf8ToBytes(name), colon, payload);
        if (!crypto.equal(computed, stated)) throw new Malformed(`the digest of event "${name}" is not its own`);
        events.push({ name, payload });
      }
      registers[imr] = crypto.sha384(registers[imr] ?? new Uint8Array(registerBytes), stated);
    }
    checkOrder(events.map(({ name }) => name));
    return { registers, events };
  });
}

const runtimeTypeBytes = Uint8Array.of(0x01, 0x00, 0x00, 0x08);
const colon = Uint8Array.of(0x3a);

function readLog(json: string): z.infer<typeof logSchema> {
  if (json.length > maximumLogBytes) throw new Malformed('the event log is longer than 1 MiB');
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new Malformed('the event log is not JSON');
  }
  const parsed = logSchema.safeParse(value);
  if (!parsed.success) throw new Malformed('the event log is not a list of dstack events');
  return parsed.data;
}

function checkOrder(names: readonly string[]): void {
  const only = (name: string) => names.indexOf(name) === names.lastIndexOf(name) && names.includes(name);
  if (!only('compose-hash') || !only('system-ready')) {
    throw new Malformed('the event log does not hold compose-hash and system-ready once each');
  }
  if (names.indexOf('compose-hash') > names.indexOf('system-ready')) {
    throw new Malformed('compose-hash comes after system-ready');
  }
}

function bytesOf(text: string): Uint8Array {
  const bytes = fromHex(text);
  if (bytes === undefined) throw new Malformed('the event log holds bytes that are not hex');
  return bytes;
}
