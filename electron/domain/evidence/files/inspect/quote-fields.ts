import { Malformed } from '../../readers/bytes.ts';
import { bits, type FieldReader } from './field-reader.ts';

const bodyBytes: Readonly<Record<number, number>> = { 1: 384, 2: 584, 3: 648 };

/** Every field of an SGX or TDX quote of version 3, 4 or 5 (ATTESTATION §4.1). @throws Malformed */
export function quoteFields(reader: FieldReader): void {
  const version = reader.number('header.version', 2, 'little-endian');
  reader.number('header.att_key_type', 2, 'little-endian', (type) => (type === 2 ? 'ECDSA P-256' : 'not supported'));
  const tee = reader.number(
    'header.tee_type',
    4,
    'little-endian',
    (type) => ({ 0: 'SGX', 129: 'TDX' })[type] ?? 'unknown',
  );
  reader.number(version === 3 ? 'header.qe_svn' : 'header.reserved0', 2, 'little-endian');
  reader.number(version === 3 ? 'header.pce_svn' : 'header.reserved1', 2, 'little-endian');
  reader.take('header.qe_vendor_id', 16);
  reader.take('header.user_data', 20);
  let type = tee === 0x81 ? 2 : 1;
  if (version === 5) {
    type = reader.number(
      'body_type',
      2,
      'little-endian',
      (kind) => ['', 'SGX enclave', 'TD 1.0', 'TD 1.5'][kind] ?? 'unknown',
    );
    const size = reader.number('body_size', 4, 'little-endian');
    if (size !== bodyBytes[type])
      throw new Malformed(`a body of type ${type} has not ${size} bytes, at offset ${reader.at - 4}`);
  } else if (version !== 3 && version !== 4) throw new Malformed(`quote version ${version} is not known, at offset 0`);
  if (type === 1) enclaveReport(reader, 'body');
  else tdBody(reader, type === 3);
  signatureData(reader, version);
  reader.rest('trailing', 'bytes behind the signature data: not signed, not read');
}

function tdBody(reader: FieldReader, version15: boolean): void {
  const field = (name: string, size: number, meaning?: string | ((bytes: Uint8Array) => string)) =>
    void reader.take(`body.${name}`, size, 'hex', meaning);
  field('tee_tcb_svn', 16, 'TDX module and CPU security versions');
  field('mrseam', 48, 'measurement of the TDX module');
  field('mrsignerseam', 48, 'zero for Intel’s module');
  field('seamattributes', 8);
  field(
    'tdattributes',
    8,
    bits({ 0: 'DEBUG', 28: 'SEPT_VE_DISABLE', 29: 'MIGRATABLE', 30: 'PKS', 31: 'KL', 63: 'PERFMON' }),
  );
  field('xfam', 8, 'CPU features that the guest may use');
  field('mrtd', 48, 'measurement of the initial guest: its firmware');
  field('mrconfigid', 48);
  field('mrowner', 48);
  field('mrownerconfig', 48);
  for (const index of [0, 1, 2, 3]) field(`rtmr${index}`, 48, registerMeaning[index]);
  field('reportdata', 64, 'what the guest bound: keys, nonce');
  if (!version15) return;
  field('tee_tcb_svn_2', 16);
  field('mrservicetd', 48, 'zero unless a service TD is bound');
}

const registerMeaning = [
  'firmware configuration',
  'boot loader and kernel',
  'kernel command line and initial disk',
  'runtime events',
];

/** An SGX report body, 384 bytes: of an enclave, or of the quoting enclave. */
function enclaveReport(reader: FieldReader, prefix: string): void {
  const field = (name: string, size: number, meaning?: string | ((bytes: Uint8Array) => string)) =>
    void reader.take(`${prefix}.${name}`, size, 'hex', meaning);
  field('cpusvn', 16);
  field('miscselect', 4);
  field('reserved1', 28);
  field(
    'attributes',
    16,
    bits({ 0: 'INIT', 1: 'DEBUG', 2: 'MODE64BIT', 4: 'PROVISION_KEY', 5: 'EINITTOKEN_KEY', 7: 'KSS' }),
  );
  field('mrenclave', 32, 'measurement of the enclave');
  field('reserved2', 32);
  field('mrsigner', 32, 'hash of the key that signed the enclave');
  field('reserved3', 96);
  reader.number(`${prefix}.isvprodid`, 2, 'little-endian');
  reader.number(`${prefix}.isvsvn`, 2, 'little-endian');
  field('reserved4', 60);
  field('reportdata', 64);
}

function signatureData(reader: FieldReader, version: number): void {
  const size = reader.number('signature.size', 4, 'little-endian');
  const end = reader.at + size;
  if (size > reader.left)
    throw new Malformed(`the signature data has ${size} bytes at offset ${reader.at}, ${reader.left} are left`);
  reader.take('signature.quote', 64, 'hex', 'ECDSA P-256 by the attestation key, r and s');
  reader.take('signature.attestation_key', 64, 'hex', 'x and y');
  if (version > 3) {
    reader.number('signature.certification.type', 2, 'little-endian', (type) =>
      type === 6 ? 'QE report' : 'not supported',
    );
    reader.number('signature.certification.size', 4, 'little-endian');
  }
  enclaveReport(reader, 'signature.qe_report');
  reader.take('signature.qe_report_signature', 64, 'hex', 'ECDSA P-256 by the PCK');
  const authentication = reader.number('signature.qe_authentication.size', 2, 'little-endian');
  reader.take('signature.qe_authentication.data', authentication);
  reader.number('signature.chain.type', 2, 'little-endian', (type) => (type === 5 ? 'PEM chain' : 'not supported'));
  const chain = reader.number('signature.chain.size', 4, 'little-endian');
  reader.take('signature.chain.pem', chain, 'text', 'PCK certificate, its CA, the root');
  if (reader.at !== end)
    throw new Malformed(`the signature data ends at offset ${end}, its parts at offset ${reader.at}`);
}
