import { utf8ToBytes } from '@noble/hashes/utils.js';
import type { SimulatedGpu } from '../../../contract/simulated-hardware.ts';
import { opaqueTypes } from '../nvidia/report.ts';
import { concat, fromHex } from '../readers/bytes.ts';
import { p384Signer } from './p384-key.ts';
import { littleEndian } from './snp-builder.ts';

/** A signed SPDM 1.1 measurement report in NVIDIA's format, by the simulated GPU's attestation key. */
export function buildGpuReport(
  gpu: SimulatedGpu,
  nonce: Uint8Array,
  random: (bytes: number) => Uint8Array,
): Uint8Array {
  const blocks = gpu.measurements.map((hex, at) => {
    const value = fromHex(hex) ?? new Uint8Array();
    return concat(Uint8Array.of(at + 1, 1), u16(value.length + 3), Uint8Array.of(1), u16(value.length), value);
  });
  const record = concat(...blocks);
  const opaque = concat(
    field(opaqueTypes.vbiosVersion, vbiosBytes(gpu.vbiosVersion)),
    field(opaqueTypes.chipSku, text('882')),
    field(opaqueTypes.project, text('1010')),
    field(opaqueTypes.projectSku, text('0200')),
    field(opaqueTypes.driverVersion, text(gpu.driverVersion)),
    field(opaqueTypes.nvdec0Status, Uint8Array.of(0x55)),
    field(opaqueTypes.fwid, fromHex(gpu.fwid) ?? new Uint8Array()),
    field(opaqueTypes.protectedPcie, Uint8Array.of(0x55)),
  );
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
  return concat(signed, p384Signer(gpu.privateKey).sign(signed));
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
