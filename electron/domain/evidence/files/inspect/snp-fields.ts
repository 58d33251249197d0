import { snpLayout, snpReportBytes, type SnpField } from '../../snp/report.ts';
import { Malformed } from '../../readers/bytes.ts';
import { bits, type FieldForm, type FieldReader } from './field-reader.ts';

const names: Readonly<
  Record<SnpField, readonly [name: string, form: FieldForm, meaning?: string | ((bytes: Uint8Array) => string)]>
> = {
  version: ['VERSION', 'little-endian'],
  guestSvn: ['GUEST_SVN', 'little-endian'],
  policy: [
    'POLICY',
    'hex',
    bits({
      16: 'SMT allowed',
      17: 'reserved, must be one',
      18: 'MIGRATE_MA',
      19: 'DEBUG',
      20: 'SINGLE_SOCKET',
      21: 'CXL allowed',
      22: 'MEM_AES_256_XTS',
      23: 'RAPL_DIS',
      24: 'CIPHERTEXT_HIDING',
      25: 'PAGE_SWAP_DISABLE',
    }),
  ],
  familyId: ['FAMILY_ID', 'hex'],
  imageId: ['IMAGE_ID', 'hex'],
  vmpl: ['VMPL', 'little-endian', 'privilege level that asked; 4294967295 is the host'],
  signatureAlgorithm: ['SIGNATURE_ALGO', 'little-endian', '1 is ECDSA P-384 with SHA-384'],
  currentTcb: ['CURRENT_TCB', 'hex', 'firmware that runs'],
  platformInfo: [
    'PLATFORM_INFO',
    'hex',
    bits({
      0: 'SMT_EN',
      1: 'TSME_EN',
      2: 'ECC_EN',
      3: 'RAPL_DIS',
      4: 'CIPHERTEXT_HIDING',
      5: 'ALIAS_CHECK_COMPLETE',
      7: 'TIO_EN',
    }),
  ],
  flags: ['FLAGS', 'hex', (bytes) => flagWords(bytes[0] ?? 0)],
  reserved0: ['reserved', 'hex'],
  reportData: ['REPORT_DATA', 'hex', 'what the guest bound: keys, nonce'],
  measurement: ['MEASUREMENT', 'hex', 'SHA-384 of the launched image'],
  hostData: ['HOST_DATA', 'hex', 'what the host bound at launch'],
  idKeyDigest: ['ID_KEY_DIGEST', 'hex'],
  authorKeyDigest: ['AUTHOR_KEY_DIGEST', 'hex'],
  reportId: ['REPORT_ID', 'hex'],
  reportIdMigration: ['REPORT_ID_MA', 'hex'],
  reportedTcb: ['REPORTED_TCB', 'hex', 'firmware that the endorsement key is derived from'],
  cpuid: ['CPUID_FAM_MOD_STEP', 'hex', 'family, model, stepping; version 3 and later'],
  reserved1: ['reserved', 'hex'],
  chipId: ['CHIP_ID', 'hex', 'zero when masked'],
  committedTcb: ['COMMITTED_TCB', 'hex', 'firmware that cannot be rolled back'],
  currentVersion: ['CURRENT_VERSION', 'hex', version],
  committedVersion: ['COMMITTED_VERSION', 'hex', version],
  launchTcb: ['LAUNCH_TCB', 'hex'],
  launchMitigation: ['LAUNCH_MIT_VECTOR', 'hex', 'version 5 and later'],
  currentMitigation: ['CURRENT_MIT_VECTOR', 'hex', 'version 5 and later'],
  signatureR: ['SIGNATURE.R', 'hex', 'little-endian'],
  signatureS: ['SIGNATURE.S', 'hex', 'little-endian'],
  signatureReserved: ['SIGNATURE.reserved', 'hex', 'must be zero'],
};

/** Every field of an SNP report, gaps included. @throws Malformed */
export function snpFields(reader: FieldReader): void {
  if (reader.bytes.length !== snpReportBytes) {
    const stop = Math.min(reader.bytes.length, snpReportBytes);
    readUntil(reader, stop);
    throw new Malformed(
      `an SNP report has ${snpReportBytes} bytes, this one ${reader.bytes.length}, at offset ${stop}`,
    );
  }
  readUntil(reader, snpReportBytes);
}

function readUntil(reader: FieldReader, end: number): void {
  for (const [field, [offset, size]] of Object.entries(snpLayout)) {
    if (offset > reader.at && offset <= end) reader.take('reserved', offset - reader.at);
    const [name, form, meaning] = names[field as SnpField];
    if (offset + size > end) return;
    reader.take(name, size, form, meaning);
  }
}

function flagWords(flags: number): string {
  const key = ['VCEK', 'VLEK'][(flags >> 2) & 7] ?? ((flags >> 2) & 7 ? 'no key' : 'VCEK');
  return `signed by ${key}${flags & 1 ? ', AUTHOR_KEY_EN' : ''}${flags & 2 ? ', MASK_CHIP_KEY' : ''}`;
}

function version([build = 0, minor = 0, major = 0]: Uint8Array): string {
  return `${major}.${minor}.${build}`;
}
