import { snpReportBytes } from '../../snp/report.ts';
import { FieldReader } from './field-reader.ts';
import { snpFields } from './snp-fields.ts';

/** Azure's HCL report: header, hardware report, runtime data (ATTESTATION §4.7). @throws Malformed */
export function hclFields(reader: FieldReader): void {
  reader.take('header.signature', 4, 'text');
  reader.number('header.version', 4, 'little-endian');
  reader.number('header.report_size', 4, 'little-endian');
  reader.number('header.request_type', 4, 'little-endian');
  reader.number('header.status', 4, 'little-endian');
  reader.take('header.reserved', 12);
  const start = reader.at;
  const inner = new FieldReader(reader.bytes.subarray(start, start + snpReportBytes));
  const version = inner.bytes[0] ?? 0;
  if (inner.bytes.length === snpReportBytes && version >= 2 && version <= 5) {
    snpFields(inner);
    for (const field of inner.fields)
      reader.fields.push({ ...field, name: `report.${field.name}`, offset: start + (field.offset ?? 0) });
    reader.at += snpReportBytes;
  } else if (version === tdReportType) tdReportFields(reader, start);
  else reader.take('report', snpReportBytes);
  reader.number('runtime.data_size', 4, 'little-endian');
  reader.number('runtime.version', 4, 'little-endian');
  reader.number('runtime.report_type', 4, 'little-endian', (type) => ({ 2: 'SNP', 4: 'TDX' })[type] ?? 'unknown');
  reader.number(
    'runtime.hash_type',
    4,
    'little-endian',
    (type) => ({ 1: 'SHA-256', 2: 'SHA-384', 3: 'SHA-512' })[type] ?? 'unknown',
  );
  const size = reader.number('runtime.variable_size', 4, 'little-endian');
  reader.take('runtime.variable_data', size, 'text', 'JSON with the vTPM’s key; its hash is in REPORT_DATA');
  reader.rest('trailing', 'padding');
}

const tdReportType = 0x81;
/** TDREPORT_STRUCT (TDX Module ABI specification): name and size of each field. */
const tdReportLayout = [
  ['type', 4],
  ['reserved', 12],
  ['cpusvn', 16],
  ['tee_tcb_info_hash', 48],
  ['tee_info_hash', 48],
  ['reportdata', 64],
  ['reserved', 32],
  ['mac', 32],
  ['tee_tcb_valid', 8],
  ['tee_tcb_svn', 16],
  ['mrseam', 48],
  ['mrsignerseam', 48],
  ['seamattributes', 8],
  ['tee_tcb_svn_2', 16],
  ['reserved', 112],
  ['tdattributes', 8],
  ['xfam', 8],
  ['mrtd', 48],
  ['mrconfigid', 48],
  ['mrowner', 48],
  ['mrownerconfig', 48],
  ['rtmr0', 48],
  ['rtmr1', 48],
  ['rtmr2', 48],
  ['rtmr3', 48],
  ['servtd_hash', 48],
  ['reserved', 64],
] as const;

/** The TD report of a paravisor on TDX; what its area has more is padding. Only its own machine can check the MAC. */
function tdReportFields(reader: FieldReader, start: number): void {
  for (const [name, size] of tdReportLayout) reader.take(`report.${name}`, size);
  reader.take('report.padding', start + snpReportBytes - reader.at);
}

/** TPMS_ATTEST of a quote (TPM 2.0 part 2 §10.12.8). @throws Malformed */
export function tpmQuoteFields(reader: FieldReader): void {
  reader.take('magic', 4, 'hex', 'ff544347: made inside a TPM');
  reader.take('type', 2, 'hex', '8018: quote');
  sized(reader, 'qualified_signer');
  sized(reader, 'extra_data', 'nonce or binding of the relying party');
  reader.take('clock', 8, 'big-endian');
  reader.take('reset_count', 4, 'big-endian');
  reader.take('restart_count', 4, 'big-endian');
  reader.take('safe', 1);
  reader.take('firmware_version', 8);
  const count = reader.number('pcr_selections', 4, 'big-endian');
  for (let at = 0; at < count; at++) {
    reader.take(`pcr_selection[${at}].algorithm`, 2, 'hex', '000b: SHA-256, 000c: SHA-384');
    const size = reader.number(`pcr_selection[${at}].size`, 1, 'big-endian');
    reader.take(`pcr_selection[${at}].bitmap`, size);
  }
  sized(reader, 'pcr_digest', 'hash over the selected registers');
  reader.rest('trailing', 'bytes behind the quote');
}

function sized(reader: FieldReader, name: string, meaning?: string): void {
  const size = reader.number(`${name}.size`, 2, 'big-endian');
  reader.take(name, size, 'hex', meaning);
}

const eventTypes: Readonly<Record<number, string>> = {
  0x3: 'EV_NO_ACTION',
  0x4: 'EV_SEPARATOR',
  0x8: 'EV_S_CRTM_VERSION',
  0xd: 'EV_IPL',
  0x80000001: 'EV_EFI_VARIABLE_DRIVER_CONFIG',
  0x80000002: 'EV_EFI_VARIABLE_BOOT',
  0x80000003: 'EV_EFI_BOOT_SERVICES_APPLICATION',
  0x80000006: 'EV_EFI_GPT_EVENT',
  0x80000007: 'EV_EFI_ACTION',
  0x8000000b: 'EV_EFI_PLATFORM_FIRMWARE_BLOB2',
  0x8000000c: 'EV_EFI_HANDOFF_TABLES2',
};

const digestBytes: Readonly<Record<number, number>> = { 4: 20, 11: 32, 12: 48, 13: 64 };

/** A TCG2 crypto-agile event log (TCG PFP §10): CCEL of a confidential guest. @throws Malformed */
export function ccelFields(reader: FieldReader): void {
  reader.number('spec_id.register', 4, 'little-endian');
  reader.take('spec_id.event_type', 4, 'little-endian', 'EV_NO_ACTION');
  reader.take('spec_id.digest', 20);
  const size = reader.number('spec_id.size', 4, 'little-endian');
  reader.take('spec_id.event', size, 'text');
  for (let at = 0; reader.left > 0; at++) {
    const register = peek(reader);
    if (register === 0xffff_ffff || register === 0) break;
    event(reader, at);
  }
  reader.rest('padding', 'unused space of the log');
}

function event(reader: FieldReader, at: number): void {
  const name = `event[${at}]`;
  reader.number(`${name}.register`, 4, 'little-endian', (register) => `RTMR${register - 1}`);
  reader.number(`${name}.type`, 4, 'little-endian', (type) => eventTypes[type] ?? `0x${type.toString(16)}`);
  const count = reader.number(`${name}.digest_count`, 4, 'little-endian');
  for (let digest = 0; digest < count; digest++) {
    const algorithm = reader.number(`${name}.digest[${digest}].algorithm`, 2, 'little-endian');
    reader.take(`${name}.digest[${digest}].value`, digestBytes[algorithm] ?? -1);
  }
  const size = reader.number(`${name}.size`, 4, 'little-endian');
  reader.take(`${name}.event`, size, 'text');
}

function peek({ bytes, at }: FieldReader): number {
  return (
    ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)) >>> 0
  );
}

/** The ACPI table that says where the log lies. @throws Malformed */
export function ccelTableFields(reader: FieldReader): void {
  reader.take('signature', 4, 'text');
  reader.number('length', 4, 'little-endian');
  reader.take('revision', 1);
  reader.take('checksum', 1);
  reader.take('oem_id', 6, 'text');
  reader.take('oem_table_id', 8, 'text');
  reader.take('oem_revision', 4);
  reader.take('creator_id', 4, 'text');
  reader.take('creator_revision', 4);
  reader.take('cc_type', 1, 'little-endian', '1: SEV, 2: TDX');
  reader.take('cc_subtype', 1);
  reader.take('reserved', 2);
  reader.take('log_length', 8, 'little-endian');
  reader.take('log_address', 8);
  reader.rest('trailing', 'bytes behind the table');
}
