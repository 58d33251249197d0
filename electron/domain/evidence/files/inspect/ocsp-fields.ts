import { Malformed, toHex } from '../../readers/bytes.ts';
import { iso } from '../../readers/chain.ts';
import { parseOcsp, type OcspStatus } from '../../readers/ocsp.ts';
import type { FieldReader } from './field-reader.ts';

/** A DER OCSP answer. @throws Malformed */
export function ocspFields(reader: FieldReader): void {
  const parsed = parseOcsp(reader.bytes);
  if (!parsed.ok) throw new Malformed(parsed.detail);
  const { responder, producedAt, singles, nonce, certificates, signature } = parsed.value;
  const text = (name: string, value: string) => void reader.fields.push({ name, value });
  const field = (name: string, bytes: Uint8Array) =>
    reader.write(name, bytes.byteOffset - reader.bytes.byteOffset, bytes, 'hex');
  text('responder', responder.kind === 'name' ? responder.name.text : `key ${toHex(responder.sha1)}`);
  text('produced_at', iso(producedAt));
  for (const [at, { certificate, status, thisUpdate, nextUpdate }] of singles.entries()) {
    const prefix = `single[${at}].`;
    text(`${prefix}hash`, certificate.hash ?? 'unknown');
    field(`${prefix}issuer_name_hash`, certificate.issuerNameHash);
    field(`${prefix}issuer_key_hash`, certificate.issuerKeyHash);
    text(`${prefix}serial`, certificate.serial);
    text(`${prefix}status`, statusText(status));
    text(`${prefix}this_update`, iso(thisUpdate));
    text(`${prefix}next_update`, nextUpdate === undefined ? 'never' : iso(nextUpdate));
  }
  if (nonce !== undefined) field('nonce', nonce);
  field('signature', signature);
  for (const [at, { der, subject, serial }] of certificates.entries()) {
    field(`certificate[${at}]`, der);
    text(`certificate[${at}].subject`, subject.text);
    text(`certificate[${at}].serial`, serial);
  }
}

function statusText(status: OcspStatus): string {
  if (status.kind !== 'revoked') return status.kind;
  return `revoked ${iso(status.at)}${status.reason === undefined ? '' : `, reason ${status.reason}`}`;
}
