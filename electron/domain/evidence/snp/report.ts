import { isZero, Malformed, parseWith, toHex, type Parsed } from '../readers/bytes.ts';

/**
 * SEV-SNP ATTESTATION_REPORT (AMD 56860, SEV-SNP Firmware ABI, rev 1.58), versions 2, 3 and 5. Version 3 adds the CPUID
 * of the chip, version 5 the mitigation vectors.
 */
export const snpReportBytes = 1184;
/** Signed: [0, 0x2A0). */
export const snpSignedBytes = 0x2a0;

/** Offset and size of every field that is read. One table for the parser, the simulated builder and the tests. */
export const snpLayout = {
  version: [0x000, 4],
  guestSvn: [0x004, 4],
  policy: [0x008, 8],
  familyId: [0x010, 16],
  imageId: [0x020, 16],
  vmpl: [0x030, 4],
  signatureAlgorithm: [0x034, 4],
  currentTcb: [0x038, 8],
  platformInfo: [0x040, 8],
  flags: [0x048, 4],
  reserved0: [0x04c, 4],
  reportData: [0x050, 64],
  measurement: [0x090, 48],
  hostData: [0x0c0, 32],
  idKeyDigest: [0x0e0, 48],
  authorKeyDigest: [0x110, 48],
  reportId: [0x140, 32],
  reportIdMigration: [0x160, 32],
  reportedTcb: [0x180, 8],
  cpuid: [0x188, 3],
  reserved1: [0x18b, 21],
  chipId: [0x1a0, 64],
  committedTcb: [0x1e0, 8],
  currentVersion: [0x1e8, 3],
  committedVersion: [0x1ec, 3],
  launchTcb: [0x1f0, 8],
  launchMitigation: [0x1f8, 8],
  currentMitigation: [0x200, 8],
  signatureR: [0x2a0, 72],
  signatureS: [0x2e8, 72],
  signatureReserved: [0x330, 368],
} as const satisfies Record<string, readonly [number, number]>;

export type SnpField = keyof typeof snpLayout;

export interface SnpGuestPolicy {
  readonly raw: bigint;
  readonly abiMinor: number;
  readonly abiMajor: number;
  readonly smt: boolean;
  /** Bit 17, must be one. */
  readonly reservedOne: boolean;
  readonly migrationAgent: boolean;
  readonly debug: boolean;
  readonly singleSocket: boolean;
}

export interface SnpPlatformInfo {
  readonly raw: bigint;
  readonly smt: boolean;
  readonly tsme: boolean;
  readonly ecc: boolean;
  readonly raplDisabled: boolean;
  readonly ciphertextHiding: boolean;
  readonly aliasCheckComplete: boolean;
  readonly tio: boolean;
}

export interface SnpReport {
  readonly bytes: Uint8Array;
  readonly version: 2 | 3 | 5;
  readonly guestSvn: number;
  readonly policy: SnpGuestPolicy;
  /** 0xFFFFFFFF: asked for by the host, not by a guest. */
  readonly vmpl: number;
  readonly signatureAlgorithm: number;
  readonly platform: SnpPlatformInfo;
  readonly authorKeyEnabled: boolean;
  readonly chipKeyMasked: boolean;
  /** 0 VCEK, 1 VLEK, 7 none. */
  readonly signingKey: number;
  readonly reportData: Uint8Array;
  readonly measurement: Uint8Array;
  readonly hostData: Uint8Array;
  readonly idKeyDigest: Uint8Array;
  readonly authorKeyDigest: Uint8Array;
  readonly reportId: Uint8Array;
  readonly familyId: Uint8Array;
  readonly imageId: Uint8Array;
  /** Undefined in version 2. */
  readonly cpuid: { readonly family: number; readonly model: number; readonly stepping: number } | undefined;
  readonly chipId: Uint8Array;
  /** Raw TCB_VERSION, 8 bytes; their meaning depends on the product. */
  readonly currentTcb: Uint8Array;
  readonly reportedTcb: Uint8Array;
  readonly committedTcb: Uint8Array;
  readonly launchTcb: Uint8Array;
  /** `build.minor.major` as numbers. */
  readonly currentVersion: readonly [number, number, number];
  readonly committedVersion: readonly [number, number, number];
  /** The bytes under the signature. */
  readonly signed: Uint8Array;
  /** r ‖ s big-endian, 96 bytes. */
  readonly signature: Uint8Array;
}

/** A field's bytes, a view. */
export function snpField(report: Uint8Array, field: SnpField): Uint8Array {
  const [offset, size] = snpLayout[field];
  return report.subarray(offset, offset + size);
}

/** Reads a report of exactly 1184 bytes. Unknown versions, set reserved bytes and wrong sizes are refused. */
export function parseSnpReport(bytes: Uint8Array): Parsed<SnpReport> {
  return parseWith(() => {
    if (bytes.length !== snpReportBytes) {
      throw new Malformed(`an SNP report has ${snpReportBytes} bytes, this one ${bytes.length}`);
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const field = (name: SnpField) => snpField(bytes, name);
    const u32 = (name: SnpField) => view.getUint32(snpLayout[name][0], true);
    const u64 = (name: SnpField) => view.getBigUint64(snpLayout[name][0], true);
    const version = u32('version');
    if (version !== 2 && version !== 3 && version !== 5)
      throw new Malformed(`SNP report version ${version} is not known`);
    for (const name of ['reserved0', 'signatureReserved'] as const) {
      if (!isZero(field(name))) throw new Malformed(`reserved bytes of the SNP report are set (${name})`);
    }
    const flags = u32('flags');
    if (flags >>> 5 !== 0) throw new Malformed('reserved flag bits of the SNP report are set');
    const [family = 0, model = 0, stepping = 0] = field('cpuid');
    return {
      bytes,
      version,
      guestSvn: u32('guestSvn'),
      policy: readPolicy(u64('policy')),
      vmpl: u32('vmpl'),
      signatureAlgorithm: u32('signatureAlgorithm'),
      platform: readPlatform(u64('platformInfo')),
      authorKeyEnabled: (flags & 1) !== 0,
      chipKeyMasked: (flags & 2) !== 0,
      signingKey: (flags >> 2) & 7,
      reportData: field('reportData'),
      measurement: field('measurement'),
      hostData: field('hostData'),
      idKeyDigest: field('idKeyDigest'),
      authorKeyDigest: field('authorKeyDigest'),
      reportId: field('reportId'),
      familyId: field('familyId'),
      imageId: field('imageId'),
      cpuid: version === 2 ? undefined : { family, model, stepping },
      chipId: field('chipId'),
      currentTcb: field('currentTcb'),
      reportedTcb: field('reportedTcb'),
      committedTcb: field('committedTcb'),
      launchTcb: field('launchTcb'),
      currentVersion: firmware(field('currentVersion')),
      committedVersion: firmware(field('committedVersion')),
      signed: bytes.subarray(0, snpSignedBytes),
      signature: readSignature(field('signatureR'), field('signatureS')),
    };
  });
}

function firmware(bytes: Uint8Array): readonly [number, number, number] {
  // Stored build, minor, major.
  return [bytes[2] ?? 0, bytes[1] ?? 0, bytes[0] ?? 0];
}

function bit(value: bigint, at: number): boolean {
  return ((value >> BigInt(at)) & 1n) === 1n;
}

function readPolicy(raw: bigint): SnpGuestPolicy {
  return {
    raw,
    abiMinor: Number(raw & 0xffn),
    abiMajor: Number((raw >> 8n) & 0xffn),
    smt: bit(raw, 16),
    reservedOne: bit(raw, 17),
    migrationAgent: bit(raw, 18),
    debug: bit(raw, 19),
    singleSocket: bit(raw, 20),
  };
}

function readPlatform(raw: bigint): SnpPlatformInfo {
  return {
    raw,
    smt: bit(raw, 0),
    tsme: bit(raw, 1),
    ecc: bit(raw, 2),
    raplDisabled: bit(raw, 3),
    ciphertextHiding: bit(raw, 4),
    aliasCheckComplete: bit(raw, 5),
    tio: bit(raw, 7),
  };
}

/** r and s are little-endian in 72 bytes each, of which P-384 needs 48. */
function readSignature(r: Uint8Array, s: Uint8Array): Uint8Array {
  if (!isZero(r.subarray(48)) || !isZero(s.subarray(48)))
    throw new Malformed('the SNP signature has numbers over 48 bytes');
  const signature = new Uint8Array(96);
  signature.set(r.slice(0, 48).toReversed(), 0);
  signature.set(s.slice(0, 48).toReversed(), 48);
  return signature;
}

/** Fields for people, in the order of the report. */
export function snpClaims(report: SnpReport): [name: string, value: string][] {
  const { policy, platform, cpuid } = report;
  const flags = [
    ['SMT', policy.smt],
    ['migration agent', policy.migrationAgent],
    ['DEBUG', policy.debug],
    ['single socket', policy.singleSocket],
  ] as const;
  const set = flags.filter(([, on]) => on).map(([name]) => name);
  return [
    ['report version', String(report.version)],
    ['guest policy', `0x${policy.raw.toString(16)}${set.length === 0 ? '' : ` (${set.join(', ')})`}`],
    ['VMPL', String(report.vmpl)],
    ['platform info', `0x${platform.raw.toString(16)}`],
    ['signing key', ['VCEK', 'VLEK'][report.signingKey] ?? `unknown (${report.signingKey})`],
    ['report data', toHex(report.reportData)],
    ['measurement', toHex(report.measurement)],
    ['host data', toHex(report.hostData)],
    ['id key digest', toHex(report.idKeyDigest)],
    ['author key digest', toHex(report.authorKeyDigest)],
    ['report id', toHex(report.reportId)],
    ['reported TCB', toHex(report.reportedTcb)],
    ['committed TCB', toHex(report.committedTcb)],
    ['current TCB', toHex(report.currentTcb)],
    ['launch TCB', toHex(report.launchTcb)],
    ['firmware', report.currentVersion.join('.')],
    ...(cpuid === undefined
      ? []
      : ([
          [
            'CPUID',
            `family 0x${cpuid.family.toString(16)} model 0x${cpuid.model.toString(16)} stepping ${cpuid.stepping}`,
          ],
        ] as [string, string][])),
    ['chip id', toHex(report.chipId)],
  ];
}
