import { createNodeCrypto } from '../../../../services/evidence/node-crypto.ts';
import { simulatedAnchors } from '../../anchors.ts';
import { toHex } from '../../readers/bytes.ts';
import { parseOcsp } from '../../readers/ocsp.ts';
import { parseCertificate, type Certificate } from '../../readers/x509.ts';
import {
  buildCertificate,
  type CertificateExtension,
  type CertificateName,
} from '../../simulated/certificate-builder.ts';
import { derInteger, derOctetString, derOid, derSequence } from '../../simulated/der-writer.ts';
import {
  buildOcsp,
  buildOcspResponder,
  type OcspRequest,
  type ResponderRequest,
} from '../../simulated/ocsp-builder.ts';
import { p384PrivateKey, p384Signer } from '../../simulated/p384-key.ts';
import type { OcspSource } from '../certificate-standing.ts';

/** One SIMULATED device chain whose every key is at hand, so that every issuer can answer for what it issued. */
const day = 24 * 3_600_000;
let state = 11;
export const random = (bytes: number) =>
  Uint8Array.from({ length: bytes }, () => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) >>> 24);
export const crypto = createNodeCrypto();
export const fwid = 'ab'.repeat(48);

export interface Issued {
  readonly certificate: Certificate;
  readonly privateKey: string;
  readonly name: CertificateName;
}

/** Attestation key, BROM, provisioner, identity, root; of a GPU, or of a switch, whose key names no firmware. */
export function createChain(now: number, device: 'GH100' | 'LS_10' = 'GH100') {
  const issue = (commonName: string, by: Issued | undefined, leaf = false): Issued => {
    const privateKey = p384PrivateKey(random);
    const { spki } = p384Signer(privateKey);
    const name: CertificateName = [
      ['O', 'SIMULATED'],
      ['CN', commonName],
    ];
    const firmware = derSequence(derOid('2.16.840.1.101.3.4.2.2'), derOctetString(Buffer.from(fwid, 'hex')));
    const extensions: CertificateExtension[] =
      leaf && device === 'GH100' ? [{ oid: '2.23.133.5.4.1', value: derSequence(derInteger(1), spki, firmware) }] : [];
    const request = { subject: name, issuer: by?.name ?? name, spki, serial: Uint8Array.of(1, ...random(15)) };
    const der = buildCertificate(
      { ...request, notBefore: now - day, notAfter: now + 365 * day, ca: !leaf, extensions },
      p384Signer(by?.privateKey ?? privateKey),
    );
    return { certificate: certificateOf(der), privateKey, name };
  };
  const root = issue('Device Identity CA SIMULATED', undefined);
  const identity = issue('GH100 Identity SIMULATED', root);
  const provisioner = issue(`${device} Provisioner ICA SIMULATED`, identity);
  const part = device === 'GH100' ? 'GSP' : 'FSP';
  const brom = issue(`${device} A01 ${part} BROM SIMULATED`, provisioner);
  const leaf = issue(`${device} A01 ${part} FMC LF SIMULATED`, brom, true);
  const issued = [leaf, brom, provisioner, identity, root] as const;
  const anchors = simulatedAnchors({ amd: [], nvidia: [toHex(crypto.sha256(root.certificate.der))] });
  return { issued, chain: issued.map(({ certificate }) => certificate), anchors };
}

export type OcspChain = ReturnType<typeof createChain>;

/** What the issuer of a certificate of the chain answers about it: good, for a week. */
export function answer({ issued }: OcspChain, at: number, now: number, changes: Partial<OcspRequest> = {}): Uint8Array {
  const [subject, issuer] = [issued[at], issued[at + 1]];
  if (subject === undefined || issuer === undefined) throw new Error('the root has no issuer to ask');
  const times = { thisUpdate: now - 3_600_000, nextUpdate: now + 7 * day };
  const request = { certificate: subject.certificate, issuer: issuer.certificate, status: 'good' as const, ...times };
  return buildOcsp({ ...request, ...changes }, p384Signer(issuer.privateKey));
}

/** A responder that an issuer lets answer, and its key. */
export function responder(issuer: Issued, now: number, changes: Partial<ResponderRequest> = {}) {
  const signer = p384Signer(p384PrivateKey(random));
  const der = buildOcspResponder(
    {
      subject: [['CN', 'OCSP responder SIMULATED']],
      issuer: issuer.name,
      spki: signer.spki,
      serial: Uint8Array.of(1, ...random(15)),
      notBefore: now - day,
      notAfter: now + day,
      ...changes,
    },
    p384Signer(issuer.privateKey),
  );
  return { signer, der, certificate: certificateOf(der) };
}

/** Answers as a source gives them: those whose id fits, and what cannot be read. */
export function sourceOf(...ders: readonly Uint8Array[]): OcspSource {
  return (fits) =>
    ders.filter((der) => {
      const parsed = parseOcsp(der);
      return !parsed.ok || parsed.value.singles.some(({ certificate }) => fits(certificate));
    });
}

function certificateOf(der: Uint8Array): Certificate {
  const parsed = parseCertificate(der);
  if (!parsed.ok) throw new Error(parsed.detail);
  return parsed.value;
}
