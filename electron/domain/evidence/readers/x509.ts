import { Malformed, parseWith, sameBytes, type Parsed } from './bytes.ts';
import {
  bitString,
  boolean,
  children,
  derTags,
  expectTag,
  integerHex,
  objectIdentifier,
  octetsOfBitString,
  readDer,
  sequence,
  smallInteger,
  time,
  type DerElement,
} from './der.ts';

export interface Extension {
  readonly oid: string;
  readonly critical: boolean;
  /** Content of the extnValue OCTET STRING. */
  readonly value: Uint8Array;
}

export type SignatureAlgorithm =
  | { readonly kind: 'ecdsa'; readonly hash: 'sha256' | 'sha384' | 'sha512' }
  | { readonly kind: 'rsa-pss'; readonly hash: 'sha256' | 'sha384' | 'sha512'; readonly saltLength: number }
  | { readonly kind: 'rsa-pkcs1'; readonly hash: 'sha256' | 'sha384' | 'sha512' }
  | { readonly kind: 'unsupported'; readonly oid: string };

export interface PublicKeyInfo {
  /** DER SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  readonly kind: 'P-256' | 'P-384' | 'rsa' | 'ed25519' | 'other';
  /** Content of the BIT STRING: the point of an EC key. */
  readonly key: Uint8Array;
}

export interface Name {
  /** Whole DER, compared byte by byte. */
  readonly der: Uint8Array;
  /** `CN=…, O=…` in the order of the certificate. */
  readonly text: string;
  readonly commonName: string | undefined;
}

export interface Certificate {
  readonly der: Uint8Array;
  /** The signed bytes. */
  readonly tbs: Uint8Array;
  /** Lower-case hex of the INTEGER's content octets. */
  readonly serial: string;
  readonly algorithm: SignatureAlgorithm;
  readonly signature: Uint8Array;
  readonly issuer: Name;
  readonly subject: Name;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly publicKey: PublicKeyInfo;
  readonly extensions: readonly Extension[];
  readonly basicConstraints: { readonly ca: boolean; readonly pathLength: number | undefined } | undefined;
  /** Bit 0 digitalSignature … bit 5 keyCertSign, bit 6 cRLSign; undefined without the extension. */
  readonly keyUsage: ReadonlySet<number> | undefined;
}

export const keyUsages = { digitalSignature: 0, keyCertSign: 5, crlSign: 6 } as const;
export const maximumCertificateBytes = 16_384;

const oids = {
  commonName: '2.5.4.3',
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  ecPublicKey: '1.2.840.10045.2.1',
  p256: '1.2.840.10045.3.1.7',
  p384: '1.3.132.0.34',
  rsa: '1.2.840.113549.1.1.1',
  rsaPss: '1.2.840.113549.1.1.10',
  mgf1: '1.2.840.113549.1.1.8',
  ed25519: '1.3.101.112',
} as const;

const hashes: Readonly<Record<string, 'sha256' | 'sha384' | 'sha512'>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};
const ecdsaAlgorithms: Readonly<Record<string, 'sha256' | 'sha384' | 'sha512'>> = {
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
};
const rsaAlgorithms: Readonly<Record<string, 'sha256' | 'sha384' | 'sha512'>> = {
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
};
const nameTypes: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.5': 'SERIALNUMBER',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
};

/** Reads one X.509 v3 certificate (RFC 5280), at most 16 KiB. Any bytes give a value, never an exception. */
export function parseCertificate(der: Uint8Array): Parsed<Certificate> {
  return parseWith(() => readCertificate(der));
}

function readCertificate(der: Uint8Array): Certificate {
  const [tbs, outerAlgorithm, signature, ...rest] = sequence(readDer(der, maximumCertificateBytes), 'certificate');
  if (rest.length > 0) throw new Malformed('the certificate has a fourth part');
  const fields = sequence(tbs, 'tbsCertificate');
  const [version] = children(expectTag(fields[0], 0xa0, 'certificate version'));
  if (smallInteger(version, 'certificate version') !== 2) throw new Malformed('the certificate is not of version 3');
  const [, serial, innerAlgorithm, issuer, validity, subject, publicKey] = fields;
  const [notBefore, notAfter, ...more] = sequence(validity, 'validity');
  if (more.length > 0) throw new Malformed('validity has a third part');
  const algorithm = readAlgorithm(outerAlgorithm);
  const inner = expectTag(innerAlgorithm, 0x30, 'algorithm');
  if (!sameBytes(inner.raw, expectTag(outerAlgorithm, 0x30, 'algorithm').raw)) {
    throw new Malformed('the two signature algorithms of the certificate differ');
  }
  const tail = fields.slice(7);
  // Unique identifiers [1] and [2] are obsolete but allowed; extensions [3] come last.
  const last = tail.at(-1);
  if (tail.slice(0, -1).some(({ tag }) => tag !== 0x81 && tag !== 0x82))
    throw new Malformed('unknown part in tbsCertificate');
  if (last !== undefined && last.tag !== 0xa3 && last.tag !== 0x81 && last.tag !== 0x82) {
    throw new Malformed('unknown part in tbsCertificate');
  }
  const extensions = last?.tag === 0xa3 ? readExtensions(last) : [];
  return {
    der,
    tbs: expectTag(tbs, 0x30, 'tbsCertificate').raw,
    serial: integerHex(serial, 'serial number'),
    algorithm,
    signature: octetsOfBitString(signature, 'signature'),
    issuer: readName(issuer, 'issuer'),
    subject: readName(subject, 'subject'),
    notBefore: time(notBefore, 'notBefore'),
    notAfter: time(notAfter, 'notAfter'),
    publicKey: readPublicKey(publicKey),
    extensions,
    basicConstraints: readBasicConstraints(extensions),
    keyUsage: readKeyUsage(extensions),
  };
}

/** The extension's value. */
export function findExtension(certificate: { extensions: readonly Extension[] }, oid: string): Uint8Array | undefined {
  return certificate.extensions.find((extension) => extension.oid === oid)?.value;
}

/** Extensions inside an explicit tag ([3] of certificates, [0] of CRLs). @throws Malformed */
export function readExtensions(tagged: DerElement): Extension[] {
  const [list, ...rest] = children(tagged);
  if (rest.length > 0) throw new Malformed('extensions have a second list');
  const extensions = sequence(list, 'extensions').map((element): Extension => {
    const parts = sequence(element, 'extension');
    const critical = parts.length === 3 && boolean(parts[1], 'critical');
    if (parts.length !== 2 && parts.length !== 3) throw new Malformed('an extension has the wrong number of parts');
    const value = expectTag(parts.at(-1), derTags.octetString, 'extension value').content;
    return { oid: objectIdentifier(parts[0], 'extension'), critical, value };
  });
  if (new Set(extensions.map(({ oid }) => oid)).size !== extensions.length)
    throw new Malformed('an extension appears twice');
  return extensions;
}

/** AlgorithmIdentifier of a signature. @throws Malformed */
export function readAlgorithm(element: DerElement | undefined): SignatureAlgorithm {
  const [type, parameters] = sequence(element, 'algorithm');
  const oid = objectIdentifier(type, 'algorithm');
  const ecdsa = ecdsaAlgorithms[oid];
  if (ecdsa !== undefined && parameters === undefined) return { kind: 'ecdsa', hash: ecdsa };
  const rsa = rsaAlgorithms[oid];
  if (rsa !== undefined) return { kind: 'rsa-pkcs1', hash: rsa };
  if (oid === oids.rsaPss && parameters !== undefined) return readPss(parameters);
  return { kind: 'unsupported', oid };
}

/** RSASSA-PSS-params (RFC 4055): the mask function must be MGF1 with the same hash. */
function readPss(element: DerElement): SignatureAlgorithm {
  const parts = new Map(sequence(element, 'PSS parameters').map((part) => [part.tag, children(part)[0]]));
  const [hashType] = sequence(parts.get(0xa0), 'PSS hash');
  const hash = hashes[objectIdentifier(hashType, 'PSS hash')];
  const [maskType, maskParameters] = sequence(parts.get(0xa1), 'PSS mask');
  const [maskHash] = sequence(maskParameters, 'PSS mask hash');
  const salt = smallInteger(parts.get(0xa2), 'PSS salt length');
  const trailer = parts.has(0xa3) ? smallInteger(parts.get(0xa3), 'PSS trailer') : 1;
  if (
    hash === undefined ||
    objectIdentifier(maskType, 'PSS mask') !== oids.mgf1 ||
    hashes[objectIdentifier(maskHash, 'PSS mask hash')] !== hash ||
    trailer !== 1
  ) {
    return { kind: 'unsupported', oid: oids.rsaPss };
  }
  return { kind: 'rsa-pss', hash, saltLength: salt };
}

/** @throws Malformed */
export function readName(element: DerElement | undefined, what: string): Name {
  const attributes: [type: string, value: DerElement][] = [];
  let commonName: string | undefined;
  for (const set of sequence(element, what)) {
    for (const attribute of children(expectTag(set, derTags.set, what))) {
      const [type, value] = sequence(attribute, what);
      const oid = objectIdentifier(type, what);
      const text = checkText(value, what);
      if (oid === oids.commonName) commonName = decodeText(text);
      attributes.push([oid, text]);
    }
  }
  return new NameOf(expectTag(element, derTags.sequence, what).raw, commonName, attributes);
}

/** Written out only when a person is told. */
class NameOf implements Name {
  readonly der: Uint8Array;
  readonly commonName: string | undefined;
  readonly #attributes: readonly [type: string, value: DerElement][];

  constructor(der: Uint8Array, commonName: string | undefined, attributes: readonly [string, DerElement][]) {
    this.der = der;
    this.commonName = commonName;
    this.#attributes = attributes;
  }

  get text(): string {
    return this.#attributes.map(([oid, value]) => `${nameTypes[oid] ?? oid}=${decodeText(value)}`).join(', ');
  }
}

const textTags: ReadonlySet<number> = new Set([
  derTags.utf8String,
  derTags.printableString,
  derTags.ia5String,
  derTags.t61String,
]);

function checkText(element: DerElement | undefined, what: string): DerElement {
  if (element === undefined || !textTags.has(element.tag)) throw new Malformed(`${what} holds a name of unknown type`);
  if (element.content.length > 512) throw new Malformed(`${what} holds a name that is too long`);
  return element;
}

/** Names are compared as bytes; the text is for people, so only plain characters are shown as they are. */
function decodeText({ source, contentStart, end }: DerElement): string {
  let text = '';
  for (let at = contentStart; at < end; at++) {
    const byte = source[at] ?? 0;
    text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '\ufffd';
  }
  return text;
}

/** SubjectPublicKeyInfo. @throws Malformed */
export function readPublicKey(element: DerElement | undefined): PublicKeyInfo {
  const [algorithm, key] = sequence(element, 'public key');
  const [type, parameters] = sequence(algorithm, 'public key algorithm');
  const oid = objectIdentifier(type, 'public key algorithm');
  const curve = oid === oids.ecPublicKey ? objectIdentifier(parameters, 'curve') : undefined;
  const kind =
    curve === oids.p256
      ? 'P-256'
      : curve === oids.p384
        ? 'P-384'
        : oid === oids.rsa
          ? 'rsa'
          : oid === oids.ed25519
            ? 'ed25519'
            : 'other';
  return { spki: expectTag(element, 0x30, 'public key').raw, kind, key: octetsOfBitString(key, 'public key') };
}

function readBasicConstraints(extensions: readonly Extension[]): Certificate['basicConstraints'] {
  const value = extensions.find(({ oid }) => oid === oids.basicConstraints)?.value;
  if (value === undefined) return undefined;
  const parts = sequence(readDer(value), 'basicConstraints');
  const ca = parts[0]?.tag === derTags.boolean && boolean(parts[0], 'cA');
  const pathLength = parts.find(({ tag }) => tag === derTags.integer);
  if (parts.length > 2) throw new Malformed('basicConstraints has too many parts');
  return { ca, pathLength: pathLength === undefined ? undefined : smallInteger(pathLength, 'pathLenConstraint') };
}

function readKeyUsage(extensions: readonly Extension[]): ReadonlySet<number> | undefined {
  const value = extensions.find(({ oid }) => oid === oids.keyUsage)?.value;
  if (value === undefined) return undefined;
  const { bytes } = bitString(readDer(value), 'keyUsage');
  const bits = new Set<number>();
  bytes.forEach((byte, at) => {
    for (let bit = 0; bit < 8; bit++) if ((byte & (0x80 >> bit)) !== 0) bits.add(at * 8 + bit);
  });
  return bits;
}
