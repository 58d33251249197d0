import { iso } from '../../readers/chain.ts';
import { parseCrl } from '../../readers/crl.ts';
import { Malformed } from '../../readers/bytes.ts';
import { parseCertificate, type Certificate } from '../../readers/x509.ts';
import { FieldReader } from './field-reader.ts';

const extensionNames: Readonly<Record<string, string>> = {
  '2.5.29.14': 'subject key identifier',
  '2.5.29.15': 'key usage',
  '2.5.29.19': 'basic constraints',
  '2.5.29.20': 'CRL number',
  '2.5.29.31': 'CRL distribution points',
  '2.5.29.35': 'authority key identifier',
  '2.5.29.37': 'extended key usage',
  '1.2.840.113741.1.13.1': 'Intel SGX: PPID, TCB, PCE id, FMSPC',
  '1.3.6.1.4.1.3704.1.1': 'AMD: structure version',
  '1.3.6.1.4.1.3704.1.2': 'AMD: product name',
  '1.3.6.1.4.1.3704.1.3.1': 'AMD: boot loader SPL',
  '1.3.6.1.4.1.3704.1.3.2': 'AMD: TEE SPL',
  '1.3.6.1.4.1.3704.1.3.3': 'AMD: SNP SPL',
  '1.3.6.1.4.1.3704.1.3.8': 'AMD: microcode SPL',
  '1.3.6.1.4.1.3704.1.3.9': 'AMD: FMC SPL',
  '1.3.6.1.4.1.3704.1.4': 'AMD: hardware id',
  '1.3.6.1.4.1.3704.1.5': 'AMD: cloud provider id',
  '2.23.133.5.4.1': 'TCG DICE: firmware id',
};

/** One certificate under a prefix, `[0].subject`. Offsets count from the start of its DER. */
export function certificateFields(certificate: Certificate, prefix: string, reader: FieldReader): void {
  const { der } = certificate;
  const place = (part: Uint8Array) => ({ offset: part.byteOffset - der.byteOffset, length: part.length });
  const text = (name: string, value: string, where: { offset?: number; length?: number } = {}) =>
    void reader.fields.push({ name: `${prefix}${name}`, ...where, value });
  text('serial', certificate.serial);
  text('issuer', certificate.issuer.text, place(certificate.issuer.der));
  text('subject', certificate.subject.text, place(certificate.subject.der));
  text('not_before', iso(certificate.notBefore));
  text('not_after', iso(certificate.notAfter));
  text('public_key.kind', certificate.publicKey.kind);
  const field = (name: string, bytes: Uint8Array, meaning?: string) =>
    reader.write(`${prefix}${name}`, place(bytes).offset, bytes, 'hex', meaning);
  field('public_key', certificate.publicKey.spki);
  for (const { oid, value, critical } of certificate.extensions) {
    const name = extensionNames[oid];
    field(`extension.${oid}`, value, `${name ?? 'unknown'}${critical ? ', critical' : ''}`);
  }
  text('signature.algorithm', algorithmText(certificate.algorithm));
  field('signature', certificate.signature);
}

/** A DER certificate. @throws Malformed */
export function derCertificateFields(reader: FieldReader): void {
  const parsed = parseCertificate(reader.bytes);
  if (!parsed.ok) throw new Malformed(parsed.detail);
  certificateFields(parsed.value, '', reader);
}

/** A DER revocation list. @throws Malformed */
export function crlFields(reader: FieldReader): void {
  const parsed = parseCrl(reader.bytes);
  if (!parsed.ok) throw new Malformed(parsed.detail);
  const { issuer, thisUpdate, nextUpdate, revoked, algorithm, extensions } = parsed.value;
  const text = (name: string, value: string) => void reader.fields.push({ name, value });
  text('issuer', issuer.text);
  text('this_update', iso(thisUpdate));
  text('next_update', nextUpdate === undefined ? 'never' : iso(nextUpdate));
  text('revoked', String(revoked.size));
  for (const serial of [...revoked].slice(0, 256)) text('revoked.serial', serial);
  for (const { oid, value } of extensions) {
    reader.write(`extension.${oid}`, value.byteOffset - reader.bytes.byteOffset, value, 'hex', extensionNames[oid]);
  }
  text('signature.algorithm', algorithmText(algorithm));
}

function algorithmText(algorithm: Certificate['algorithm']): string {
  return algorithm.kind === 'unsupported' ? algorithm.oid : `${algorithm.kind} ${algorithm.hash}`;
}
