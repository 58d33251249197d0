import { utf8ToBytes } from '@noble/hashes/utils.js';
import { decodeBase64 } from '../../encoding/base64.ts';
import { decodeUtf8 } from '../../encoding/utf8.ts';
import { Malformed, fromHex, parseWith, toHex, type Parsed } from '../readers/bytes.ts';
import { jsonMember, jsonSource, octetList, parseJson, readJson, type JsonNode } from '../readers/json.ts';

/**
 * What Intel publishes about platforms: TCB info, QE identity, revocation lists, and the chains that sign them. All as
 * text and frozen, because the signatures cover exact bytes and verdicts on them are remembered. An empty text: missing.
 */
export interface DcapCollateral {
  /** The `tcbInfo` object alone, byte for byte as Intel sent it. */
  readonly tcbInfo: string;
  /** Hex, r ‖ s. */
  readonly tcbInfoSignature: string;
  /** PEM: TCB signing certificate, root. */
  readonly tcbInfoIssuerChain: string;
  /** The `enclaveIdentity` object alone, byte for byte. */
  readonly qeIdentity: string;
  readonly qeIdentitySignature: string;
  readonly qeIdentityIssuerChain: string;
  /** DER as hex or base64, or PEM. */
  readonly rootCaCrl: string;
  readonly pckCrl: string;
  /** PEM. The verifier uses the chain of the quote instead: the CA that issued this PCK. */
  readonly pckCrlIssuerChain: string;
  /** PEM: PCK, its CA, the root. Only for quotes that do not carry their PCK certificate. */
  readonly pckCertificateChain?: string;
}

const maximumCollateralBytes = 4_194_304;
const what = 'the collateral';

/** Member names: snake case as dcap-qvl writes them, and camel case as Intel's libraries do. */
const names: Readonly<Record<keyof DcapCollateral, readonly string[]>> = {
  pckCertificateChain: ['pck_certificate_chain', 'pckCertificateChain'],
  tcbInfo: ['tcb_info', 'tcbInfo'],
  tcbInfoSignature: ['tcb_info_signature', 'tcbInfoSignature'],
  tcbInfoIssuerChain: ['tcb_info_issuer_chain', 'tcbInfoIssuerChain'],
  qeIdentity: ['qe_identity', 'qeIdentity'],
  qeIdentitySignature: ['qe_identity_signature', 'qeIdentitySignature'],
  qeIdentityIssuerChain: ['qe_identity_issuer_chain', 'qeIdentityIssuerChain'],
  rootCaCrl: ['root_ca_crl', 'rootCaCrl'],
  pckCrl: ['pck_crl', 'pckCrl'],
  pckCrlIssuerChain: ['pck_crl_issuer_chain', 'pckCrlIssuerChain'],
};

/**
 * Reads a collateral file: the layout of dcap-qvl (object and signature apart), or the answers of Intel's PCS as they
 * came (`{"tcbInfo":{…},"signature":"…"}`, as text or embedded in the file, chains percent-encoded or not). Says nothing about
 * whether any of it is genuine.
 * @param source the bytes or text of the file, or its value when the documents in it are texts
 */
export function readDcapCollateral(source: unknown): Parsed<DcapCollateral> {
  return parseWith(() => {
    const member =
      source instanceof Uint8Array || typeof source === 'string' ? textMembers(source) : valueMembers(source);
    const find = (field: keyof DcapCollateral): string => {
      const given = names[field].map(member).filter((text) => text !== undefined);
      if (given.length > 1) throw new Malformed(`${what} has ${names[field].join(' and ')}`);
      // Intel's library hands out C strings, which some tools write with their end.
      return (given[0] ?? '').replace(/\0+$/, '');
    };
    const tcbInfo = split(find('tcbInfo'), 'tcbInfo', find('tcbInfoSignature'));
    const qeIdentity = split(find('qeIdentity'), 'enclaveIdentity', find('qeIdentitySignature'));
    const pckChain = plainPem(find('pckCertificateChain'));
    const collateral: DcapCollateral = {
      tcbInfo: tcbInfo.text,
      tcbInfoSignature: tcbInfo.signature,
      tcbInfoIssuerChain: plainPem(find('tcbInfoIssuerChain')),
      qeIdentity: qeIdentity.text,
      qeIdentitySignature: qeIdentity.signature,
      qeIdentityIssuerChain: plainPem(find('qeIdentityIssuerChain')),
      rootCaCrl: find('rootCaCrl'),
      pckCrl: find('pckCrl'),
      pckCrlIssuerChain: plainPem(find('pckCrlIssuerChain')),
      ...(pckChain === '' ? {} : { pckCertificateChain: pckChain }),
    };
    if (Object.values(collateral).every((text) => text === '')) throw new Malformed(`${what} has none of its members`);
    return Object.freeze(collateral);
  });
}

type Member = (name: string) => string | undefined;

function textMembers(source: Uint8Array | string): Member {
  const root = readJson(source, { what, maxSize: maximumCollateralBytes });
  if (root.kind !== 'object') throw new Malformed(`${what} is no JSON object`);
  const bytes = typeof source === 'string' ? utf8ToBytes(source) : source;
  return (name) => {
    const node = jsonMember(root, name);
    if (node === undefined || node.kind === 'null') return undefined;
    if (node.kind === 'string') return node.value;
    if (node.kind === 'object') return sourceText(bytes, node);
    // Lists and signatures as some tools write bytes.
    const octets = octetList(node);
    if (octets !== undefined) return toHex(octets);
    throw new Malformed(`${name} at byte ${node.start} of ${what} is neither text nor an object`);
  };
}

/** A value that was parsed by somebody else: an object in it has lost the bytes that were signed. */
function valueMembers(source: unknown): Member {
  if (typeof source !== 'object' || source === null) throw new Malformed(`${what} is no JSON object`);
  const members = new Map<string, unknown>(Object.entries(source));
  return (name) => {
    const value = members.get(name);
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'string') return value;
    throw new Malformed(`${name} must be the text as Intel sent it: its signature covers those bytes`);
  };
}

/** The signed object and its signature out of a PCS answer; a bare object is left as it is. */
function split(text: string, inner: string, signature: string): { text: string; signature: string } {
  const bytes = utf8ToBytes(text);
  const parsed = parseJson(bytes, { what: inner, maxSize: maximumCollateralBytes });
  // What is no JSON stays as it is: the verdict on the document says so.
  const node = parsed.ok ? jsonMember(parsed.value, inner) : undefined;
  if (node?.kind !== 'object' || !parsed.ok) return { text, signature };
  const own = jsonMember(parsed.value, 'signature');
  if (own?.kind !== 'string') throw new Malformed(`the answer with ${inner} has no signature`);
  if (signature !== '' && signature !== own.value) throw new Malformed(`${inner} has two signatures that differ`);
  return { text: sourceText(bytes, node), signature: own.value };
}

function sourceText(bytes: Uint8Array, node: JsonNode): string {
  const text = decodeUtf8(jsonSource(bytes, node));
  if (text === undefined) throw new Malformed(`${what} is not UTF-8 at byte ${node.start}`);
  return text;
}

/** PCS sends chains percent-encoded in a header. */
function plainPem(text: string): string {
  if (!text.startsWith('-----BEGIN%20')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Malformed('an issuer chain is wrongly percent-encoded');
  }
}

const pemCrl = /^\s*-----BEGIN X509 CRL-----([A-Za-z0-9+/=\s]*)-----END X509 CRL-----\s*$/;

/** DER out of hex, base64 or PEM. @returns undefined when the text is none of them */
export function crlBytes(text: string): Uint8Array | undefined {
  const body = pemCrl.exec(text)?.[1];
  if (body !== undefined) return decodeBase64(body.replace(/\s/g, ''));
  const trimmed = text.trim();
  return fromHex(trimmed) ?? decodeBase64(trimmed);
}
