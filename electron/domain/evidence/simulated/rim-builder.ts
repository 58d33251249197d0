import { sha256, sha384 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { encodeBase64 } from '../../encoding/base64.ts';
import { toHex } from '../readers/bytes.ts';
import { buildCertificate, type CertificateName, type CertificateSigner } from './certificate-builder.ts';
import type { Random } from './node-evidence.ts';
import { p384PrivateKey, p384Signer } from './p384-key.ts';

/** SIMULATED counterpart of NVIDIA's service of reference manifests: a root, an intermediate, and a signer under them. */
export interface SimulatedRimAuthority {
  readonly simulated: true;
  readonly rootSha256: string;
  readonly signer: CertificateSigner;
  /** Who issued the certificate of the same place in the chain. */
  readonly issuers: readonly CertificateSigner[];
  /** DER: signer, intermediate, root. */
  readonly chain: readonly Uint8Array[];
}

const year = 365.25 * 24 * 3_600_000;

/** @param notAfter of the signer; milliseconds since the epoch, five years after `now` unless given */
export function createSimulatedRimAuthority(options: {
  readonly now: number;
  readonly random: Random;
  readonly notAfter?: number;
}): SimulatedRimAuthority {
  const { now, random } = options;
  const [root, middle, signer] = [0, 1, 2].map(() => p384Signer(p384PrivateKey(random)));
  if (root === undefined || middle === undefined || signer === undefined) throw new Error('three keys were made');
  const certify = (subject: string, key: CertificateSigner, issuer: string, by: CertificateSigner, ca: boolean) =>
    buildCertificate(
      {
        subject: name(subject),
        issuer: name(issuer),
        spki: key.spki,
        serial: Uint8Array.of(1, ...random(15)),
        notBefore: now - year,
        notAfter: ca ? now + 10 * year : (options.notAfter ?? now + 5 * year),
        ca,
      },
      by,
    );
  const rootCertificate = certify('RIM Root', root, 'RIM Root', root, true);
  return {
    simulated: true,
    rootSha256: toHex(sha256(rootCertificate)),
    signer,
    issuers: [middle, root, root],
    chain: [
      certify('RIM Signer', signer, 'RIM Intermediate', middle, false),
      certify('RIM Intermediate', middle, 'RIM Root', root, true),
      rootCertificate,
    ],
  };
}

function name(commonName: string): CertificateName {
  return [
    ['O', 'SIMULATED'],
    ['CN', commonName],
  ];
}

export interface RimMeasurement {
  readonly index: number;
  readonly active?: boolean;
  /** Hex of one size: the alternatives. */
  readonly values: readonly string[];
}

export interface RimContent {
  /** Of driver or VBIOS. */
  readonly version: string;
  readonly product: string;
  readonly measurements: readonly RimMeasurement[];
}

/** What a SIMULATED manifest does otherwise than an honest one. */
export interface RimDeviations {
  /** In place of the empty reference, which is the whole document. */
  readonly referenceUri?: string;
  /** An `Id` on the root element, for references to name. */
  readonly rootId?: string;
  readonly algorithms?: Partial<typeof algorithms>;
}

const algorithms = {
  canonical: 'http://www.w3.org/2006/12/xml-c14n11',
  signature: 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384',
  digest: 'http://www.w3.org/2001/04/xmldsig-more#sha384',
};
const signatureSpace = 'http://www.w3.org/2000/09/xmldsig#';

/**
 * A reference manifest in NVIDIA's form (SWID tag, enveloped XML signature), written in canonical XML to begin with:
 * attributes sorted, no empty-element tags, no white space; what is digested is then the text itself.
 */
export function buildRim(
  authority: SimulatedRimAuthority,
  content: RimContent,
  deviations: RimDeviations = {},
): string {
  const used = { ...algorithms, ...deviations.algorithms };
  const opening = element('SoftwareIdentity', {
    ...(deviations.rootId === undefined ? {} : { Id: deviations.rootId }),
    name: content.product,
    tagId: 'SIMULATED',
  }).replace('<SoftwareIdentity', '<SoftwareIdentity xmlns="http://standards.iso.org/iso/19770/-2/2015/schema.xsd"');
  const meta = closed('Meta', { colloquialVersion: content.version, product: content.product });
  const resources = content.measurements.map(({ index, active = true, values }) =>
    closed('Resource', {
      ...Object.fromEntries(values.map((hex, at) => [`Hash${at}`, hex])),
      active: active ? 'True' : 'False',
      alternatives: String(values.length),
      index: String(index),
      size: String((values[0]?.length ?? 0) / 2),
      type: 'Measurement',
    }),
  );
  const body = `${meta}<Payload>${resources.join('')}</Payload>`;
  const ending = '</SoftwareIdentity>';
  const digest = encodeBase64(sha384(utf8ToBytes(opening + body + ending)));
  const transforms = [`${signatureSpace}enveloped-signature`, used.canonical].map((Algorithm) =>
    closed('Transform', { Algorithm }),
  );
  const signedInfo = (space: string) =>
    `<SignedInfo${space}>${closed('CanonicalizationMethod', { Algorithm: used.canonical })}${closed('SignatureMethod', { Algorithm: used.signature })}` +
    `${element('Reference', { URI: deviations.referenceUri ?? '' })}<Transforms>${transforms.join('')}</Transforms>` +
    `${closed('DigestMethod', { Algorithm: used.digest })}<DigestValue>${digest}</DigestValue></Reference></SignedInfo>`;
  // Canonical on its own, the element shows the namespace that it inherits.
  const value = encodeBase64(authority.signer.sign(utf8ToBytes(signedInfo(` xmlns="${signatureSpace}"`))));
  const certificates = authority.chain.map((der) => `<X509Certificate>${encodeBase64(der)}</X509Certificate>`).join('');
  const signature =
    `<Signature xmlns="${signatureSpace}">${signedInfo('')}<SignatureValue>${value}</SignatureValue>` +
    `<KeyInfo><X509Data>${certificates}</X509Data></KeyInfo></Signature>`;
  return opening + body + signature + ending;
}

function element(name: string, attributes: Readonly<Record<string, string>>): string {
  const sorted = Object.keys(attributes).toSorted();
  return `<${name}${sorted.map((key) => ` ${key}="${attributes[key]}"`).join('')}>`;
}

function closed(name: string, attributes: Readonly<Record<string, string>>): string {
  return `${element(name, attributes)}</${name}>`;
}
