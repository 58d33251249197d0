import { sha384 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { canonicalJson } from '../../dsse/dsse.ts';
import { concat, fromHex, toHex } from '../readers/bytes.ts';
import { littleEndian } from './snp-builder.ts';

/** One entry of a dstack event log, as its JSON has it. */
export interface DstackEntry {
  readonly imr: number;
  readonly event_type: number;
  readonly digest: string;
  readonly event: string;
  readonly event_payload: string;
  readonly version?: number;
}

const runtimeType = 0x0800_0001;

/** A boot event of RTMR0 to RTMR2: its digest is of the payload. */
export function bootEntry(imr: 0 | 1 | 2, event_type: number, payload: Uint8Array): DstackEntry {
  return { imr, event_type, digest: toHex(sha384(payload)), event: '', event_payload: toHex(payload) };
}

/** A runtime event with the digest that dstack gives it. */
export function runtimeEntry(event: string, payload: Uint8Array, version: 1 | 2 = 1): DstackEntry {
  const event_payload = toHex(payload);
  const hashed =
    version === 1
      ? concat(littleEndian(BigInt(runtimeType), 4), utf8ToBytes(`:${event}:`), payload)
      : canonicalJson({ name: event, payload: event_payload, type: runtimeType });
  return { imr: 3, event_type: runtimeType, digest: toHex(sha384(hashed)), event, event_payload };
}

/** The log of an honest SIMULATED dstack guest. @param composeHash SHA-256 of the app compose */
export function honestDstackLog(composeHash: Uint8Array, version: 1 | 2 = 1): readonly DstackEntry[] {
  const runtime = (name: string, payload: Uint8Array) => runtimeEntry(name, payload, version);
  return [
    bootEntry(0, 0x8000_000b, utf8ToBytes('SIMULATED handoff tables')),
    bootEntry(0, 4, new Uint8Array(4)),
    bootEntry(1, 0x8000_0007, utf8ToBytes('Calling EFI Application from Boot Option')),
    bootEntry(2, 6, utf8ToBytes('SIMULATED kernel command line')),
    runtime('system-preparing', new Uint8Array()),
    runtime('app-id', composeHash.subarray(0, 20)),
    runtime('compose-hash', composeHash),
    runtime('instance-id', new Uint8Array(20).fill(7)),
    runtime('boot-mr-done', new Uint8Array()),
    runtime('os-image-hash', new Uint8Array(32).fill(9)),
    runtime('key-provider', utf8ToBytes('{"name":"kms","id":"SIMULATED"}')),
    runtime('system-ready', new Uint8Array()),
    runtime('application-event', utf8ToBytes('SIMULATED')),
  ];
}

/** RTMR0 to RTMR3 after the stated digests of a log were extended: what the TDX module would hold. */
export function extendedRegisters(entries: readonly { readonly imr: number; readonly digest: string }[]): Uint8Array[] {
  const registers: Uint8Array[] = Array.from({ length: 4 }, () => new Uint8Array(48));
  for (const { imr, digest } of entries) {
    registers[imr] = sha384(concat(registers[imr] ?? new Uint8Array(), fromHex(digest) ?? new Uint8Array()));
  }
  return registers;
}

export interface CcelEntry {
  /** 1 to 4 is RTMR0 to RTMR3. */
  readonly index: number;
  readonly type: number;
  readonly data: Uint8Array;
}

/** A crypto-agile CCEL with SHA-384 digests of the event data, padded with 0xFF as firmware pads it. */
export function buildCcel(entries: readonly CcelEntry[], padding = 64): Uint8Array {
  const specification = concat(
    utf8ToBytes('Spec ID Event03\0'),
    Uint8Array.of(0, 0, 0, 0, 0, 2, 0, 2),
    u32(1),
    Uint8Array.of(0x0c, 0, 48, 0),
    Uint8Array.of(0),
  );
  return concat(
    u32(1),
    u32(3),
    new Uint8Array(20),
    u32(specification.length),
    specification,
    ...entries.map(({ index, type, data }) =>
      concat(u32(index), u32(type), u32(1), Uint8Array.of(0x0c, 0), sha384(data), u32(data.length), data),
    ),
    new Uint8Array(padding).fill(0xff),
  );
}

const u32 = (value: number): Uint8Array => littleEndian(BigInt(value), 4);
