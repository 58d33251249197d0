import type { SimulatedCpu } from '../../../contract/simulated-hardware.ts';
import { fromHex } from '../readers/bytes.ts';
import { snpLayout, snpReportBytes, snpSignedBytes, type SnpField } from '../snp/report.ts';
import { encodeTcb } from '../snp/tcb.ts';
import { p384Signer } from './p384-key.ts';

/** Fields of a SIMULATED report that differ from an honest guest's; raw little-endian bytes. */
export type SnpFieldOverrides = Partial<Record<SnpField, Uint8Array>>;

const cpuidOfGenoa = Uint8Array.of(0x19, 0x11, 0x01);
/** SMT allowed, reserved bit set; DEBUG is bit 19. */
const honestPolicy = 0x3_0000n;
const debugBit = 1n << 19n;
/** SMT, ECC, ALIAS_CHECK_COMPLETE. */
const honestPlatform = 0x25n;

/** A signed SNP attestation report of version 5 in the real format, by the simulated chip's VCEK. */
export function buildSnpReport(
  cpu: SimulatedCpu,
  reportData: Uint8Array,
  random: (bytes: number) => Uint8Array,
  overrides: SnpFieldOverrides = {},
): Uint8Array {
  const tcb = encodeTcb(cpu.tcb, cpu.product);
  const fields: Record<string, Uint8Array> & SnpFieldOverrides = {
    version: littleEndian(5n, 4),
    policy: littleEndian(cpu.debug ? honestPolicy | debugBit : honestPolicy, 8),
    signatureAlgorithm: littleEndian(1n, 4),
    currentTcb: tcb,
    platformInfo: littleEndian(honestPlatform, 8),
    reportData,
    measurement: hexBytes(cpu.measurement),
    reportId: random(32),
    reportIdMigration: new Uint8Array(32).fill(0xff),
    reportedTcb: tcb,
    cpuid: cpuidOfGenoa,
    chipId: hexBytes(cpu.chipId),
    committedTcb: tcb,
    currentVersion: Uint8Array.of(21, 55, 1),
    committedVersion: Uint8Array.of(21, 55, 1),
    launchTcb: tcb,
    ...overrides,
  };
  const report = new Uint8Array(snpReportBytes);
  for (const [name, bytes] of Object.entries(fields)) {
    const layout = snpLayout[name as SnpField];
    if (bytes !== undefined) report.set(bytes.subarray(0, layout[1]), layout[0]);
  }
  const signature = p384Signer(cpu.privateKey).sign(report.subarray(0, snpSignedBytes));
  report.set(signature.slice(0, 48).toReversed(), snpLayout.signatureR[0]);
  report.set(signature.slice(48).toReversed(), snpLayout.signatureS[0]);
  return report;
}

/** `size` bytes, least significant first. */
export function littleEndian(value: bigint, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, at) => Number((value >> BigInt(8 * at)) & 0xffn));
}

function hexBytes(hex: string): Uint8Array {
  return fromHex(hex) ?? new Uint8Array();
}
