import { utf8ToBytes as utf8 } from '@noble/hashes/utils.js';
import { SignedXml } from 'xml-crypto';
import { decodeBase64, encodeBase64 } from '../../encoding/base64.ts';
import type { EvidenceCrypto } from '../crypto.ts';
import { Malformed, parseWith } from '../readers/bytes.ts';
import { validatePath, type ChainReason } from '../readers/chain.ts';
import { parseCertificate, type Certificate } from '../readers/x509.ts';
import { assertPlainXml } from '../readers/xml.ts';
import type { GoldenMeasurement } from './reference.ts';

/**
 * NVIDIA reference integrity manifest: a SWID tag (ISO 19770-2, TCG RIM) with an enveloped XML signature. Everything is
 * read from the canonical bytes that the signature covers, never from the document around it (signature wrapping,
 * CVE-2025-29774 and -29775).
 */
export interface Rim {
  /** `Meta/@colloquialVersion`: the driver or VBIOS version it is for. */
  readonly version: string;
  /** `Meta/@product`: GH100, GB100, LS10. */
  readonly product: string;
  /** The measurements with active="True". */
  readonly active: readonly GoldenMeasurement[];
}

export type RimReason = ChainReason | 'rim-malformed' | 'rim-signature';

/** As a verdict tells it: which certificate expired matters, and here it is the manifest's signer, not the GPU's. */
export function rimReason(reason: RimReason): string {
  return reason.startsWith('rim-') ? reason : `rim-${reason}`;
}

export type RimResult =
  | { readonly ok: true; readonly rim: Rim; readonly chain: readonly Certificate[]; readonly notAfter: number }
  | { readonly ok: false; readonly reason: RimReason; readonly detail: string };

const maximumCharacters = 262_144;
const maximumMeasurements = 256;

const algorithms = {
  canonical: 'http://www.w3.org/2006/12/xml-c14n11',
  canonical10: 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315',
  enveloped: 'http://www.w3.org/2000/09/xmldsig#enveloped-signature',
  signature: 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384',
  digest: 'http://www.w3.org/2001/04/xmldsig-more#sha384',
} as const;

/**
 * Verifies a RIM: one enveloped signature with exactly NVIDIA's algorithms, by a key whose certificates lead to a pinned
 * RIM root and are valid at `now`. At most 256 KiB.
 */
export function verifyRim(
  xml: string,
  context: { anchors: readonly string[]; now: number; crypto: EvidenceCrypto },
): RimResult {
  const opened = parseWith(() => openEnvelope(xml));
  if (!opened.ok) return { ok: false, reason: 'rim-malformed', detail: opened.detail };
  const { signature, chain } = opened.value;
  const [leaf] = chain;
  if (leaf?.publicKey.kind !== 'P-384') {
    return { ok: false, reason: 'rim-malformed', detail: 'The RIM names no P-384 signer.' };
  }
  // The signature before the path: a forged manifest is worse news than an old one.
  const signed = signedContent(xml, signature, leaf, context.crypto);
  if (signed === undefined) {
    return { ok: false, reason: 'rim-signature', detail: `The RIM is not signed by ${leaf.subject.text}.` };
  }
  const [problem] = validatePath({ chain, ...context });
  if (problem !== undefined) return { ok: false, ...problem };
  const rim = parseWith(() => readManifest(signed));
  if (!rim.ok) return { ok: false, reason: 'rim-malformed', detail: rim.detail };
  const notAfter = Math.min(...chain.map((certificate) => certificate.notAfter));
  return { ok: true, rim: rim.value, chain, notAfter };
}

/** Splits off the one signature, which must close the document. @throws Malformed */
function openEnvelope(xml: string): { signature: string; chain: Certificate[] } {
  if (xml.length > maximumCharacters) throw new Malformed(`the RIM has more than ${maximumCharacters} characters`);
  assertPlainXml(xml, 'the RIM');
  // C14N 1.0 and 1.1 differ on xml:* attributes.
  if (/\sxml:/.test(xml)) throw new Malformed('the RIM uses XML that reference manifests do not have');
  const starts = [...xml.matchAll(/<(?:[\w.-]+:)?Signature[\s>/]/g)];
  const closing = /(<\/(?:[\w.-]+:)?Signature\s*>)\s*<\/SoftwareIdentity\s*>\s*$/.exec(xml);
  const start = starts[0]?.index;
  if (starts.length !== 1 || start === undefined || closing === null) {
    throw new Malformed('the RIM must end in exactly one signature');
  }
  const signature = xml.slice(start, closing.index + (closing[1] ?? '').length);
  const chain = [...signature.matchAll(/<(?:[\w.-]+:)?X509Certificate>([A-Za-z0-9+/=\s]*)</g)]
    .slice(0, 9)
    .map(([, body]) => {
      const der = decodeBase64((body ?? '').replace(/\s/g, ''));
      const certificate = der === undefined ? undefined : parseCertificate(der);
      if (certificate?.ok !== true)
        throw new Malformed(`a certificate in the RIM: ${certificate?.detail ?? 'not base64'}`);
      return certificate.value;
    });
  if (chain.length === 0) throw new Malformed('the RIM has no certificate');
  return { signature, chain };
}

/** The canonical bytes under the signature. @returns undefined when the signature is not good */
function signedContent(
  xml: string,
  signature: string,
  { publicKey: { spki } }: Certificate,
  crypto: EvidenceCrypto,
): string | undefined {
  const reader = new SignedXml({ publicCert: 'the key of the checked chain', getCertFromKeyInfo: () => null });
  const canonicalization = reader.CanonicalizationAlgorithms[algorithms.canonical10];
  const enveloped = reader.CanonicalizationAlgorithms[algorithms.enveloped];
  if (canonicalization === undefined || enveloped === undefined) return undefined;
  reader.CanonicalizationAlgorithms = { [algorithms.canonical]: canonicalization, [algorithms.enveloped]: enveloped };
  reader.HashAlgorithms = {
    [algorithms.digest]: class {
      getAlgorithmName = () => algorithms.digest;
      getHash = (text: string) => encodeBase64(crypto.sha384(utf8(text)));
    },
  };
  reader.SignatureAlgorithms = {
    [algorithms.signature]: class {
      getAlgorithmName = () => algorithms.signature;
      getSignature = (): never => {
        throw new Error('verification only');
      };
      verifySignature = (material: string, _key: unknown, value: string) => {
        const bytes = decodeBase64(String(value).replace(/\s/g, ''));
        return (
          bytes !== undefined &&
          crypto.verifyEcdsa({
            curve: 'P-384',
            hash: 'sha384',
            key: { spki },
            encoding: 'raw',
            signature: bytes,
            data: utf8(material),
          })
        );
      };
    },
  };
  try {
    reader.loadSignature(signature);
    const [reference, ...more] = reader.getReferences();
    const transforms = reference?.transforms.join(' ');
    if (
      more.length > 0 ||
      reference?.uri !== '' ||
      reference.digestAlgorithm !== algorithms.digest ||
      transforms !== `${algorithms.enveloped} ${algorithms.canonical}` ||
      !reader.checkSignature(xml)
    ) {
      return undefined;
    }
    return reader.getSignedReferences()[0];
  } catch {
    // xml-crypto throws on XML and signatures that it cannot follow; such a manifest is simply not signed.
    return undefined;
  }
}

/** @throws Malformed */
function readManifest(canonical: string): Rim {
  const elements = [...canonical.matchAll(/<(?:[\w.-]+:)?([\w.-]+)((?:\s+[\w:.-]+="[^"<>]*")*)\s*\/?>/g)].map(
    ([, name, attributes]) => ({ name, attributes: readAttributes(attributes ?? '') }),
  );
  if (elements[0]?.name !== 'SoftwareIdentity') throw new Malformed('the RIM is no SoftwareIdentity');
  const metas = elements.filter(({ name }) => name === 'Meta');
  const version = metas[0]?.attributes.get('colloquialVersion');
  const product = metas[0]?.attributes.get('product');
  if (metas.length !== 1 || version === undefined || product === undefined) {
    throw new Malformed('the RIM does not say what it is for');
  }
  const resources = elements.filter(
    ({ name, attributes }) => name === 'Resource' && attributes.get('type') === 'Measurement',
  );
  if (resources.length > maximumMeasurements) throw new Malformed('the RIM has too many measurements');
  const all = resources.map(({ attributes }) => readMeasurement(attributes));
  if (new Set(all.map(({ golden }) => golden.index)).size !== all.length) {
    throw new Malformed('the RIM has a measurement twice');
  }
  return { version, product, active: all.filter(({ active }) => active).map(({ golden }) => golden) };
}

function readMeasurement(attributes: ReadonlyMap<string, string>): { active: boolean; golden: GoldenMeasurement } {
  const number = (name: string, maximum: number) => {
    const text = attributes.get(name) ?? '';
    if (!/^\d{1,4}$/.test(text) || Number(text) > maximum) throw new Malformed(`${name} of a measurement is ${text}`);
    return Number(text);
  };
  const active = attributes.get('active');
  if (active !== 'True' && active !== 'False') throw new Malformed('a measurement is neither active nor not');
  const size = number('size', 256);
  const values = Array.from({ length: number('alternatives', 64) }, (_, at) => {
    const hex = attributes.get(`Hash${at}`)?.toLowerCase();
    if (hex === undefined || !/^[0-9a-f]*$/.test(hex) || hex.length !== 2 * size) {
      throw new Malformed('a measurement lacks one of its values');
    }
    return hex;
  });
  return { active: active === 'True', golden: { index: number('index', maximumMeasurements - 1), size, values } };
}

function readAttributes(text: string): ReadonlyMap<string, string> {
  return new Map(
    [...text.matchAll(/(?:[\w.-]+:)?([\w.-]+)="([^"]*)"/g)].map(([, name, value]) => [name ?? '', value ?? '']),
  );
}
