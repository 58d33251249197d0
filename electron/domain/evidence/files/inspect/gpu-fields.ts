import { Malformed } from '../../readers/bytes.ts';
import { FieldReader } from './field-reader.ts';

const opaqueNames: Readonly<Record<number, readonly [name: string, form: 'hex' | 'text']>> = {
  1: ['cert_issuer', 'hex'],
  2: ['cert_authority_key', 'hex'],
  3: ['driver_version', 'text'],
  4: ['gpu_info', 'hex'],
  5: ['sku', 'hex'],
  6: ['vbios_version', 'hex'],
  11: ['nvdec0_status', 'hex'],
  12: ['msrscnt', 'hex'],
  13: ['cpr_info', 'hex'],
  14: ['board_id', 'hex'],
  15: ['chip_sku', 'text'],
  16: ['chip_sku_mod', 'hex'],
  17: ['project', 'text'],
  18: ['project_sku', 'text'],
  19: ['project_sku_mod', 'hex'],
  20: ['fwid', 'hex'],
  21: ['protected_pcie_status', 'hex'],
  22: ['switch_pdis', 'hex'],
  23: ['floorswept_ports', 'hex'],
  24: ['position_id', 'hex'],
  25: ['lock_switch_status', 'hex'],
  32: ['gpu_link_connections', 'hex'],
  33: ['sys_enable_status', 'hex'],
  34: ['opaque_data_version', 'hex'],
  35: ['chip_info', 'hex'],
  36: ['feature_flag', 'hex'],
};

/** Every field of an SPDM 1.1 measurement exchange as NVIDIA reports it (ATTESTATION §4.4). @throws Malformed */
export function gpuFields(reader: FieldReader): void {
  header(reader, 'request');
  reader.take('request.nonce', 32, 'hex', 'of the verifier');
  reader.number('request.slot', 1, 'little-endian');
  header(reader, 'response');
  const count = reader.number('response.number_of_blocks', 1, 'little-endian');
  const end = reader.number('response.record_length', 3, 'little-endian') + reader.at;
  for (let block = 0; block < count; block++) measurement(reader, block);
  if (reader.at !== end) throw new Malformed(`the blocks end at offset ${reader.at}, the record at offset ${end}`);
  reader.take('response.nonce', 32, 'hex', 'of the device');
  const opaqueEnd = reader.number('response.opaque_length', 2, 'little-endian') + reader.at;
  while (reader.at < opaqueEnd) opaque(reader);
  if (reader.at !== opaqueEnd)
    throw new Malformed(`the opaque fields end at offset ${reader.at}, their length says ${opaqueEnd}`);
  reader.take('response.signature', 96, 'hex', 'ECDSA P-384 over everything before it, r and s');
  reader.rest('trailing', 'bytes behind the signature: not signed');
}

function header(reader: FieldReader, name: string): void {
  const version = reader.number(`${name}.spdm_version`, 1, 'little-endian');
  if (version !== 0x11)
    throw new Malformed(`${name} is of SPDM version 0x${version.toString(16)}, at offset ${reader.at - 1}`);
  reader.take(`${name}.code`, 1, 'hex', name === 'request' ? 'e0: GET_MEASUREMENTS' : '60: MEASUREMENTS');
  reader.take(`${name}.param1`, 1);
  reader.take(`${name}.param2`, 1);
}

function measurement(reader: FieldReader, at: number): void {
  const name = `response.block[${at}]`;
  reader.number(`${name}.index`, 1, 'little-endian');
  reader.number(`${name}.specification`, 1, 'little-endian');
  reader.number(`${name}.size`, 2, 'little-endian');
  reader.take(`${name}.type`, 1);
  const size = reader.number(`${name}.value_size`, 2, 'little-endian');
  reader.take(`${name}.value`, size, 'hex', `compared with reference measurement ${at}`);
}

function opaque(reader: FieldReader): void {
  const offset = reader.at;
  const peek = (at: number) => reader.bytes[at] ?? 0;
  const type = peek(offset) | (peek(offset + 1) << 8);
  const [name, form] = opaqueNames[type] ?? [`type_${type}`, 'hex'];
  reader.number(`response.opaque.${name}.type`, 2, 'little-endian');
  const size = reader.number(`response.opaque.${name}.length`, 2, 'little-endian');
  reader.take(`response.opaque.${name}.value`, size, form);
}
