import type { CollateralItem, CollateralKind } from '../../../contract/collateral.ts';
import { decodeBase64 } from '../../encoding/base64.ts';
import { decodeUtf8 } from '../../encoding/utf8.ts';
import { parseQeIdentity, parseTcbInfo } from '../dcap/documents.ts';
import { parseSigningKeys } from '../nras/jwks.ts';
import { Malformed, parseWith, toHex, type Parsed } from '../readers/bytes.ts';
import { parseCrl } from '../readers/crl.ts';
import { integerBytes, readDer } from '../readers/der.ts';
import { parseOcsp } from '../readers/ocsp.ts';

/** What the content of an item says of itself. Nothing is known yet about who signed it. */
export interface CollateralFacts {
  readonly kind: CollateralKind;
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly validFrom: number;
  /** Undefined: the vendor states no end. */
  readonly validUntil: number | undefined;
  /** Of TCB documents the evaluation number, of revocation lists the CRL number. */
  readonly number: bigint | undefined;
  readonly bytes: Uint8Array;
}

/** Key sets rotate daily: an older one than this answers for no token. */
const keySetLifetime = 7 * 24 * 3600 * 1000;
const crlNumber = '2.5.29.20';

/** Reads an item by its kind; the id is computed, not believed. */
export function readFacts(item: CollateralItem): Parsed<CollateralFacts> {
  return parseWith(() => {
    const bytes = decodeBase64(item.content);
    if (bytes === undefined) throw new Malformed('the content is not base64');
    const { kind } = item;
    return { kind, bytes, ...describe(kind, bytes, Date.parse(item.fetchedAt)) };
  });
}

type Described = Omit<CollateralFacts, 'kind' | 'bytes'>;

function describe(kind: CollateralKind, bytes: Uint8Array, fetchedAt: number): Described {
  switch (kind) {
    case 'intel-tcb-info': {
      const info = need(parseTcbInfo(textIn(bytes)));
      return { id: `${info.id.toLowerCase()}/${info.fmspc.toUpperCase()}`, ...dated(info) };
    }
    case 'intel-qe-identity': {
      const identity = need(parseQeIdentity(textIn(bytes)));
      return { id: identity.id, ...dated(identity) };
    }
    case 'intel-root-crl':
    case 'intel-pck-crl':
    case 'amd-crl':
      return revocationList(kind, bytes);
    case 'nvidia-rim':
      return manifest(textIn(bytes), fetchedAt);
    case 'nvidia-ocsp':
      return revocationAnswer(bytes);
    case 'nras-jwks': {
      const keys = need(parseSigningKeys(textIn(bytes)));
      if (keys.size === 0) throw new Malformed('the key set holds no key');
      return { id: 'nras', validFrom: fetchedAt, validUntil: fetchedAt + keySetLifetime, number: undefined };
    }
  }
}

function dated(document: { issueDate: number; nextUpdate: number; tcbEvaluationDataNumber: number }) {
  const { issueDate: validFrom, nextUpdate: validUntil, tcbEvaluationDataNumber } = document;
  return { validFrom, validUntil, number: BigInt(tcbEvaluationDataNumber) };
}

function revocationList(kind: 'intel-root-crl' | 'intel-pck-crl' | 'amd-crl', bytes: Uint8Array): Described {
  const { issuer, thisUpdate, nextUpdate, extensions } = need(parseCrl(bytes));
  const name = issuer.commonName ?? '';
  const id = { 'intel-root-crl': rootId, 'intel-pck-crl': pckId, 'amd-crl': amdId }[kind](name);
  if (id === undefined)
    throw new Malformed(`the list is of ${JSON.stringify(issuer.text)}, which is no issuer of this kind`);
  const extension = extensions.find(({ oid }) => oid === crlNumber);
  const number =
    extension === undefined ? undefined : integer(integerBytes(readDer(extension.value, 64), 'CRL number'));
  return { id, validFrom: thisUpdate, validUntil: nextUpdate, number };
}

/** One certificate an answer, so that the newest answer about it is known. The id: whose certificate, and which. */
function revocationAnswer(bytes: Uint8Array): Described {
  const { singles } = need(parseOcsp(bytes));
  const [single] = singles;
  if (single === undefined || singles.length > 1) throw new Malformed('the OCSP answer is about several certificates');
  const { certificate, thisUpdate, nextUpdate } = single;
  const id = `${toHex(certificate.issuerKeyHash).slice(0, 40)}/${certificate.serial}`;
  return { id, validFrom: thisUpdate, validUntil: nextUpdate, number: undefined };
}

const rootId = (name: string) => (name === 'Intel SGX Root CA' ? 'root' : undefined);
const pckId = (name: string) => /^Intel SGX PCK (Platform|Processor) CA$/.exec(name)?.[1]?.toLowerCase();
const amdId = (name: string) => /^ARK-(Milan|Genoa|Turin)$/.exec(name)?.[1];

/** The `id` of a PCK CA's list, from the name of the authority. */
export function pckCrlId(authority: string): string | undefined {
  return pckId(authority);
}

/** Product and version as the manifest says; whoever signed it is checked by `checkGenuine`. */
function manifest(xml: string, fetchedAt: number): Described {
  const meta = /<(?:[\w.-]+:)?Meta(\s[^<>]*)>/.exec(xml)?.[1] ?? '';
  const product = attribute('product', meta);
  const version = attribute('colloquialVersion', meta);
  const tag = /<(?:[\w.-]+:)?SoftwareIdentity\s[^<>]*?\stagId="([^"<>]{1,256})"/.exec(xml)?.[1];
  if (product === undefined || version === undefined) throw new Malformed('the manifest does not say what it is for');
  // Boards with one VBIOS version may have several manifests: the tag tells them apart.
  const id = `${product}/${version}${tag === undefined ? '' : `/${tag.slice(0, 16)}`}`;
  return { id, validFrom: fetchedAt, validUntil: undefined, number: undefined };
}

function attribute(name: string, within: string): string | undefined {
  return new RegExp(`\\s${name}="([^"<>]{1,64})"`).exec(within)?.[1];
}

/** Big-endian, not negative. */
function integer(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(bytes)}`);
}

function need<T>(parsed: Parsed<T>): T {
  if (!parsed.ok) throw new Malformed(parsed.detail);
  return parsed.value;
}

function textIn(bytes: Uint8Array): string {
  const text = decodeUtf8(bytes);
  if (text === undefined) throw new Malformed('the content is not UTF-8');
  return text;
}
