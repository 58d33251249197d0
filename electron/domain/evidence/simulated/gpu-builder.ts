import { utf8ToBytes } from '@noble/hashes/utils.js';
import type { SimulatedGpu } from '../../../contract/simulated-hardware.ts';
import { opaqueTypes } from '../nvidia/report.ts';
import { concat, fromHex } from '../readers/bytes.ts';
import { p384Signer } from './p384-key.ts';
import { littleEndian } from './snp-builder.ts';

/** What a SIMULATED device measures and states, and its attestation key. */
interface DeviceReport {
  /** Hex of blocks 1, 2, 3 … */
  readonly measurements: readonly string[];
  readonly opaque: Uint8Array;
  /** P-384 private scalar. */
  readonly privateKey: string;
}

/**
 * A signed SPDM 1.1 measurement report in NVIDIA's format, by the simulated GPU's attestation key.
 * @param nvdec0 state of the video decoder: 0xaa on, 0x55 off; undefined: not stated
 */
export function buildGpuReport(
  gpu: SimulatedGpu,
  nonce: Uint8Array,
  random: (bytes: number) => Uint8Array,
  { nvdec0 }: { readonly nvdec0: number | undefined } = { nvdec0: 0x55 },
): Uint8Array {
  const opaque = concat(
    field(opaqueTypes.vbiosVersion, vbiosBytes(gpu.vbiosVersion)),
    field(opaqueTypes.chipSku, text('882')),
    field(opaqueTypes.project, text('1010')),
    field(opaqueTypes.projectSku, text('0200')),
    field(opaqueTypes.driverVersion, text(gpu.driverVersion)),
    ...(nvdec0 === undefined ? [] : [field(opaqueTypes.nvdec0Status, Uint8Array.of(nvdec0))]),
    field(opaqueTypes.fwid, fromHex(gpu.fwid) ?? new Uint8Array()),
    field(opaqueTypes.protectedPcie, Uint8Array.of(0x55)),
  );
  return signReport({ ...gpu, opaque }, nonce, random);
}

/** A SIMULATED NVSwitch (LS10). */
export interface SimulatedSwitch {
  readonly privateKey: string;
  /** As text, `96.10.55.00.01`. */
  readonly biosVersion: string;
  /** Physical device id, 8 bytes. */
  readonly deviceId: Uint8Array;
  readonly measurements: readonly string[];
}

/** The report of a switch: BIOS version as text, its id, no driver, no firmware id. */
export function buildSwitchReport(
  device: SimulatedSwitch,
  nonce: Uint8Array,
  random: (bytes: number) => Uint8Array,
): Uint8Array {
  const opaque = concat(
    field(opaqueTypes.vbiosVersion, utf8ToBytes(device.biosVersion)),
    field(opaqueTypes.switchIds, device.deviceId),
  );
  return signReport({ ...device, opaque }, nonce, random);
}

function signReport(
  { measurements, opaque, privateKey }: DeviceReport,
  nonce: Uint8Array,
  random: (bytes: number) => Uint8Array,
): Uint8Array {
  const blocks = measurements.map((hex, at) => {
    const value = fromHex(hex) ?? new Uint8Array();
    return concat(Uint8Array.of(at + 1, 1), u16(value.length + 3), Uint8Array.of(1), u16(value.length), value);
  });
  const record = concat(...blocks);
  const signed = concat(
    Uint8Array.of(0x11, 0xe0, 0x01, 0xff),
    nonce,
    Uint8Array.of(0),
    Uint8Array.of(0x11, 0x60, 0, 0, blocks.length),
    littleEndian(BigInt(record.length), 3),
    record,
    random(32),
    u16(opaque.length),
    opaque,
  );
  return concat(signed, p384Signer(privateKey).sign(signed));
}

function u16(value: number): Uint8Array {
  return littleEndian(BigInt(value), 2);
}

function field(type: number, value: Uint8Array): Uint8Array {
  return concat(u16(type), u16(value.length), value);
}

function text(value: string): Uint8Array {
  return concat(utf8ToBytes(value), Uint8Array.of(0));
}

/** `96.00.5E.00.01` as the 8 bytes of the report. */
function vbiosBytes(version: string): Uint8Array {
  const [a = 0, b = 0, c = 0, d = 0, e = 0] = version.split('.').map((part) => Number.parseInt(part, 16));
  return Uint8Array.of(d, c, b, a, e, 0, 0, 0);
}
