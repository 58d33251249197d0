import { sha256 } from '@noble/hashes/sha2.js';
import { encodeBase64 } from '../../encoding/base64.ts';
import { toHex } from '../readers/bytes.ts';
import { buildCertificate, type CertificateExtension, type CertificateName } from './certificate-builder.ts';
import { derTags } from '../readers/der.ts';
import { der, derInteger, derOctetString, derOid, derSequence } from './der-writer.ts';
import { p256PrivateKey, p256Signer, type P256Signer } from './p256-key.ts';

/** A SIMULATED Intel: root, the CA that issues PCK certificates, and the signer of TCB info and QE identity. */
export interface SimulatedIntel {
  readonly simulated: true;
  /** The anchor, hex. */
  readonly rootSha256: string;
  readonly root: Issued;
  readonly platformCa: Issued;
  readonly tcbSigner: Issued;
}

/** A certificate with its key. */
export interface Issued {
  readonly name: CertificateName;
  readonly serial: Uint8Array;
  readonly certificate: Uint8Array;
  readonly signer: P256Signer;
}

export type Random = (bytes: number) => Uint8Array;

const year = 365 * 24 * 3_600_000;

/** Common names are Intel's, because they say which role a certificate has. */
const name = (commonName: string): CertificateName => [
  ['CN', commonName],
  ['O', 'Nacre local network, SIMULATED'],
];

/** @param now milliseconds since the epoch: certificates are valid from a year before to ten years after */
export function createSimulatedIntel({
  now,
  random,
}: {
  readonly now: number;
  readonly random: Random;
}): SimulatedIntel {
  const root = issue({ commonName: 'Intel SGX Root CA', now, random, pathLength: 1 });
  const platformCa = issue({ commonName: 'Intel SGX PCK Platform CA', now, random, issuer: root, pathLength: 0 });
  const tcbSigner = issue({ commonName: 'Intel SGX TCB Signing', now, random, issuer: root });
  return { simulated: true, rootSha256: toHex(sha256(root.certificate)), root, platformCa, tcbSigner };
}

export interface IssueOptions {
  readonly commonName: string;
  readonly now: number;
  readonly random: Random;
  /** Self-signed without one. */
  readonly issuer?: Issued;
  /** Given: a CA. */
  readonly pathLength?: number;
  readonly extensions?: readonly CertificateExtension[];
  /** Milliseconds since the epoch; ten years after `now`. */
  readonly notAfter?: number;
}

/** One certificate with a fresh key. */
export function issue(options: IssueOptions): Issued {
  const { now, random, pathLength } = options;
  const subject = name(options.commonName);
  const signer = p256Signer(p256PrivateKey(random));
  const serial = Uint8Array.of(1, ...random(15));
  const certificate = buildCertificate(
    {
      subject,
      issuer: options.issuer?.name ?? subject,
      spki: signer.spki,
      serial,
      notBefore: now - year,
      notAfter: options.notAfter ?? now + 10 * year,
      ca: pathLength !== undefined,
      ...(pathLength === undefined ? {} : { pathLength }),
      extensions: options.extensions ?? [],
    },
    options.issuer?.signer ?? signer,
  );
  return { name: subject, serial, certificate, signer };
}

/** A SIMULATED machine: its PCK certificate, and the attestation key of its quoting enclave. */
export interface SimulatedIntelPlatform {
  readonly pck: Issued;
  /** PEM: PCK, its CA, the root. */
  readonly pckChain: string;
  readonly attestationKey: P256Signer;
  readonly identity: PlatformIdentity;
}

/** What the SGX extension of the PCK certificate says. */
export interface PlatformIdentity {
  readonly ppid: Uint8Array;
  readonly fmspc: Uint8Array;
  readonly pceId: Uint8Array;
  readonly pceSvn: number;
  /** 16 SVNs. */
  readonly components: readonly number[];
}

/** One more machine under this authority. */
export function createSimulatedPlatform(
  intel: SimulatedIntel,
  { now, random, identity = {}, notAfter }: PlatformOptions,
): SimulatedIntelPlatform {
  const whole: PlatformIdentity = {
    ppid: random(16),
    fmspc: Uint8Array.of(0x90, 0xc0, 0x6f, 0, 0, 0),
    pceId: new Uint8Array(2),
    pceSvn: 13,
    components: [5, 5, 2, 2, 3, 1, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0],
    ...identity,
  };
  const pck = issue({
    commonName: 'Intel SGX PCK Certificate',
    now,
    random,
    issuer: intel.platformCa,
    extensions: [{ oid: sgxExtension, value: sgxExtensionValue(whole) }],
    ...(notAfter === undefined ? {} : { notAfter }),
  });
  return {
    pck,
    pckChain: pem(pck.certificate, intel.platformCa.certificate, intel.root.certificate),
    attestationKey: p256Signer(p256PrivateKey(random)),
    identity: whole,
  };
}

export interface PlatformOptions {
  readonly now: number;
  readonly random: Random;
  readonly identity?: Partial<PlatformIdentity>;
  /** End of the PCK certificate. */
  readonly notAfter?: number;
}

const sgxExtension = '1.2.840.113741.1.13.1';

const pair = (arcs: string, value: Uint8Array) => derSequence(derOid(`${sgxExtension}.${arcs}`), value);

function sgxExtensionValue({ ppid, fmspc, pceId, pceSvn, components }: PlatformIdentity): Uint8Array {
  return derSequence(
    pair('1', derOctetString(ppid)),
    pair(
      '2',
      derSequence(
        ...components.map((svn, at) => pair(`2.${at + 1}`, derInteger(svn))),
        pair('2.17', derInteger(pceSvn)),
        pair('2.18', derOctetString(Uint8Array.from(components))),
      ),
    ),
    pair('3', derOctetString(pceId)),
    pair('4', derOctetString(fmspc)),
    // SGX type: standard.
    pair('5', der(derTags.enumerated, Uint8Array.of(0))),
  );
}

/** RFC 7468. */
export function pem(...certificates: readonly Uint8Array[]): string {
  return certificates
    .map((der) => {
      const lines = encodeBase64(der).match(/.{1,64}/g) ?? [];
      return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
    })
    .join('');
}
