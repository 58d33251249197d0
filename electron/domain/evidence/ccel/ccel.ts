import type { EvidenceCrypto } from '../crypto.ts';
import type { MeasuredEvent } from '../eventlog/measured-events.ts';
import { ByteReader, Malformed, parseWith, toHex, type Parsed } from '../readers/bytes.ts';
import { printable } from '../readers/printable.ts';

/** The log may be padded to the size of its ACPI area. */
export const maximumCcelBytes = 1_048_576;
const maximumEvents = 4096;
const noAction = 0x3;
const sha384Algorithm = 0x000c;
const endMarker = 0xffff_ffff;

/** Names of the TCG PC Client event types that guests log. */
const typeNames: Readonly<Record<number, string>> = {
  0x1: 'EV_POST_CODE',
  0x4: 'EV_SEPARATOR',
  0x5: 'EV_ACTION',
  0x6: 'EV_EVENT_TAG',
  0x8: 'EV_S_CRTM_VERSION',
  0xa: 'EV_PLATFORM_CONFIG_FLAGS',
  0xd: 'EV_IPL',
  0x8000_0001: 'EV_EFI_VARIABLE_DRIVER_CONFIG',
  0x8000_0002: 'EV_EFI_VARIABLE_BOOT',
  0x8000_0003: 'EV_EFI_BOOT_SERVICES_APPLICATION',
  0x8000_0006: 'EV_EFI_GPT_EVENT',
  0x8000_0007: 'EV_EFI_ACTION',
  0x8000_000a: 'EV_EFI_PLATFORM_FIRMWARE_BLOB2',
  0x8000_000b: 'EV_EFI_HANDOFF_TABLES2',
  0x8000_00e0: 'EV_EFI_VARIABLE_AUTHORITY',
};

/**
 * Reads a confidential-computing event log (CCEL: TCG PC Client Platform Firmware Profile, crypto-agile format). The first
 * event declares the digests; measurement register index 1 to 4 is RTMR0 to RTMR3; events of no action extend nothing.
 * After the last event only padding may stand.
 */
export function parseCcel(bytes: Uint8Array, crypto: EvidenceCrypto): Parsed<readonly MeasuredEvent[]> {
  return parseWith(() => {
    if (bytes.length > maximumCcelBytes) throw new Malformed(`an event log has at most ${maximumCcelBytes} bytes`);
    const reader = new ByteReader(bytes);
    const sizes = readSpecification(reader);
    const events: MeasuredEvent[] = [];
    for (;;) {
      if (isPadding(bytes.subarray(reader.at))) return events;
      if (events.length >= maximumEvents) throw new Malformed(`the event log has more than ${maximumEvents} events`);
      const event = readEvent(reader, sizes, crypto);
      if (event !== undefined) events.push(event);
    }
  });
}

/** TCG_PCR_EVENT with a SHA-1 digest of zeros, holding TCG_EfiSpecIdEvent. @returns digest size by algorithm */
function readSpecification(reader: ByteReader): ReadonlyMap<number, number> {
  reader.u32le('the register of the first event');
  if (reader.u32le('the type of the first event') !== noAction)
    throw new Malformed('the log does not begin with its specification');
  reader.slice(20, 'the digest of the first event');
  const event = new ByteReader(reader.slice(reader.u32le('the size of the first event'), 'the first event'));
  const signature = String.fromCharCode(...event.slice(16, 'the signature'));
  if (signature !== 'Spec ID Event03\0') throw new Malformed('the log is not in the crypto-agile format');
  event.slice(8, 'the specification version');
  const count = event.u32le('the number of digests');
  if (count < 1 || count > 8) throw new Malformed(`the log declares ${count} digests`);
  const sizes = new Map<number, number>();
  for (let at = 0; at < count; at++) {
    const algorithm = event.u16le('a digest algorithm');
    const size = event.u16le('a digest size');
    if (size > 64 || sizes.has(algorithm)) throw new Malformed('the log declares a digest that cannot be');
    sizes.set(algorithm, size);
  }
  if (sizes.get(sha384Algorithm) !== 48) throw new Malformed('the log has no SHA-384 digests');
  event.slice(event.u8('the vendor size'), 'the vendor information');
  event.end('the specification');
  return sizes;
}

/** TCG_PCR_EVENT2. @returns undefined for what extends nothing */
function readEvent(
  reader: ByteReader,
  sizes: ReadonlyMap<number, number>,
  crypto: EvidenceCrypto,
): MeasuredEvent | undefined {
  const start = reader.at;
  const index = reader.u32le('a register index');
  const type = reader.u32le('an event type');
  const count = reader.u32le('the number of digests');
  if (count > sizes.size) throw new Malformed(`the event at byte ${start} has more digests than declared`);
  let digest: Uint8Array | undefined;
  for (let at = 0; at < count; at++) {
    const algorithm = reader.u16le('a digest algorithm');
    const size = sizes.get(algorithm);
    if (size === undefined) throw new Malformed(`the event at byte ${start} has a digest that was not declared`);
    const value = reader.slice(size, 'a digest');
    if (algorithm !== sha384Algorithm) continue;
    if (digest !== undefined) throw new Malformed(`the event at byte ${start} has two SHA-384 digests`);
    digest = value;
  }
  const data = reader.slice(reader.u32le('the size of an event'), 'an event');
  if (type === noAction) return undefined;
  // Index 0 is MRTD, which is complete before the guest runs.
  if (index < 1 || index > 4) throw new Malformed(`the event at byte ${start} extends register index ${index}`);
  if (digest === undefined) throw new Malformed(`the event at byte ${start} has no SHA-384 digest`);
  const confirmed = crypto.equal(crypto.sha384(data), digest);
  return { register: index - 1, type, label: eventLabel(type, data), digest, confirmed };
}

/** Bytes of 0xFF or of zero to the end: no event begins with either. */
function isPadding(rest: Uint8Array): boolean {
  const [first] = rest;
  if (first === undefined) return true;
  if (rest.length >= 4 && new ByteReader(rest).u32le('the end') === endMarker)
    return rest.every((byte) => byte === 0xff);
  return first === 0 && rest.every((byte) => byte === 0);
}

const variableTypes: ReadonlySet<number> = new Set([0x8000_0001, 0x8000_0002, 0x8000_00e0]);
const textTypes: ReadonlySet<number> = new Set([0x5, 0xa, 0xd, 0x8000_0007]);

/** `EV_IPL "grub_cmd: …"`, `EV_EFI_VARIABLE_BOOT SecureBoot`: shown, never believed. */
export function eventLabel(type: number, data: Uint8Array): string {
  const name = typeNames[type] ?? `event of type 0x${type.toString(16)}`;
  if (textTypes.has(type)) return `${name} "${textOf(data.subarray(0, 80))}"`;
  if (variableTypes.has(type)) return `${name} ${variableName(data)}`;
  return name;
}

/** UEFI_VARIABLE_DATA: GUID of 16 bytes, length of the name in UTF-16 units, length of the data, the name. */
function variableName(data: Uint8Array): string {
  if (data.length < 32) return toHex(data.subarray(0, 16));
  const reader = new ByteReader(data);
  reader.slice(16, 'the GUID');
  const units = Number(reader.u64le('the name length') & 0xffn);
  reader.slice(8, 'the data length');
  const name = data.subarray(32, 32 + 2 * units);
  return textOf(name.filter((_, at) => at % 2 === 0));
}

function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return printable(String.fromCharCode(...(end < 0 ? bytes : bytes.subarray(0, end))));
}
