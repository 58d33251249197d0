import { utf8ToBytes } from '@noble/hashes/utils.js';
import { decodeUtf8 } from '../../encoding/utf8.ts';
import type { TrustAnchors } from '../anchors.ts';
import type { EvidenceCrypto } from '../crypto.ts';
import { Malformed, fromHex, parseWith, sameBytes, toHex, type Parsed } from '../readers/bytes.ts';
import { iso, validatePath, type ChainProblem } from '../readers/chain.ts';
import { parseCrl, type RevocationList } from '../readers/crl.ts';
import { decodePemBody, readPemBodies } from '../readers/pem.ts';
import { parseCertificate, type Certificate } from '../readers/x509.ts';
import { boundedCache, type BoundedCache } from './bounded-cache.ts';
import { crlBytes, type DcapCollateral } from './collateral.ts';
import { parseQeIdentity, parseTcbInfo, type QeIdentity, type TcbInfo } from './documents.ts';
import { readPckClaims, type PckClaims } from './pck.ts';

/**
 * What a DCAP verifier remembers between quotes, for one set of anchors. Only facts that time cannot change are kept: bytes
 * that were read, and good signatures over them. A path that was good carries the window in which all its certificates are
 * valid, and every use compares the clock with it; revocation is looked up anew each time. Bad material is not kept.
 */
export interface DcapState {
  readonly anchors: TrustAnchors;
  readonly crypto: EvidenceCrypto;
  /** `crypto` that knows good signatures over certificates and lists, and digests, by the identity of the bytes that we decoded. */
  readonly chainCrypto: EvidenceCrypto;
  /** By the base64 in their PEM, so that what every platform's chain ends with is not even decoded again. */
  readonly authorities: BoundedCache<string, Certificate>;
  readonly platforms: BoundedCache<string, PckPlatform>;
  readonly collateralByObject: BoundedCache<DcapCollateral, PreparedCollateral>;
  readonly collateral: BoundedCache<string, PreparedCollateral & { readonly texts: readonly string[] }>;
}

export function createDcapState(anchors: TrustAnchors, crypto: EvidenceCrypto): DcapState {
  return {
    anchors,
    crypto,
    chainCrypto: rememberByIdentity(crypto),
    authorities: boundedCache(64),
    platforms: boundedCache(4096),
    collateralByObject: boundedCache(64),
    collateral: boundedCache(64),
  };
}

/**
 * Keys are arrays that only this module's readers hold, so their bytes cannot change under a remembered verdict or digest.
 * Maps of bounded size: collecting weak ones costs more than all they would free.
 */
function rememberByIdentity(crypto: EvidenceCrypto): EvidenceCrypto {
  const good = boundedCache<Uint8Array, { readonly spki: Uint8Array; readonly signature: Uint8Array }>(512);
  const digests = boundedCache<Uint8Array, Uint8Array>(512);
  return {
    ...crypto,
    sha256(first, ...more) {
      if (first === undefined || more.length > 0)
        return crypto.sha256(...(first === undefined ? [] : [first]), ...more);
      const known = digests.get(first);
      if (known !== undefined) return known;
      const digest = crypto.sha256(first);
      digests.set(first, digest);
      return digest;
    },
    verifyEcdsa(input) {
      if (!('spki' in input.key) || input.encoding !== 'der') return crypto.verifyEcdsa(input);
      const { spki } = input.key;
      const known = good.get(input.data);
      if (known?.signature === input.signature && sameBytes(known.spki, spki)) return true;
      if (!crypto.verifyEcdsa(input)) return false;
      good.set(input.data, { spki, signature: input.signature });
      return true;
    },
  };
}

/** A certificate path and, once it was found good, when it stays so. */
export interface CertificatePath {
  readonly certificates: readonly Certificate[];
  good?: { readonly from: number; readonly until: number };
}

/** As `validatePath`, without its cost for a path that was good under these anchors and is still inside its window. */
export function pathProblems(state: DcapState, path: CertificatePath, now: number): ChainProblem[] {
  if (path.good !== undefined && now >= path.good.from && now <= path.good.until) return [];
  const { certificates: chain } = path;
  const problems = validatePath({ chain, anchors: state.anchors.intelSgx, now, crypto: state.chainCrypto });
  if (problems.length === 0) {
    path.good = {
      from: Math.max(...chain.map(({ notBefore }) => notBefore)),
      until: Math.min(...chain.map(({ notAfter }) => notAfter)),
    };
  }
  return problems;
}

/** The PCK certificate of a platform with its issuers. */
export interface PckPlatform {
  readonly path: CertificatePath;
  readonly leaf: Certificate;
  readonly authority: Certificate;
  /** Base64 of its PEM. */
  readonly authorityText: string;
  readonly root: Certificate;
  readonly claims: Parsed<PckClaims>;
  /** The last attestation key whose QE report was found good, with that report: it is made once for each key. */
  goodKey?: Uint8Array;
}

/** `known`: it was found good before, under these anchors. */
export type PlatformReading = Parsed<PckPlatform> & { readonly key: string; readonly known: boolean };

/** Reads the certification data of a quote (PEM: leaf, CA, root). */
export function readPlatform(state: DcapState, pem: Uint8Array): PlatformReading {
  const key = toHex(state.crypto.sha256(pem));
  const known = state.platforms.get(key);
  if (known !== undefined) return { ok: true, value: known, key, known: true };
  const parsed = parseWith((): PckPlatform => {
    const text = decodeUtf8(pem);
    if (text === undefined) throw new Malformed('the certification data is no text');
    const bodies = readPemBodies(text);
    const certificates = readChain(state, bodies);
    const [leaf, authority, root] = certificates;
    if (certificates.length !== 3 || leaf === undefined || authority === undefined || root === undefined) {
      throw new Malformed(`the quote carries ${certificates.length} certificates, it must be 3: PCK, its CA, the root`);
    }
    const authorityText = bodies[1] ?? '';
    return { path: { certificates }, leaf, authority, authorityText, root, claims: readPckClaims(leaf) };
  });
  return { ...parsed, key, known: false };
}

/** Authorities (all but the first) that came before are the same objects again. @throws Malformed */
function readChain(state: DcapState, bodies: readonly string[]): Certificate[] {
  if (bodies.length > 4) throw new Malformed(`a chain of ${bodies.length} certificates`);
  return bodies.map((body, depth) => {
    const known = depth === 0 ? undefined : state.authorities.get(body);
    if (known !== undefined) return known;
    const parsed = parseCertificate(decodePemBody(body));
    if (!parsed.ok) throw new Malformed(parsed.detail);
    // A pinned root needs no path to be known again.
    if (depth > 0 && state.anchors.intelSgx.includes(toHex(state.chainCrypto.sha256(parsed.value.der)))) {
      state.authorities.set(body, parsed.value);
    }
    return parsed.value;
  });
}

/** Keeps a platform whose path was found good, and its authority for other platforms. */
export function rememberPlatform(state: DcapState, key: string, platform: PckPlatform): void {
  state.platforms.set(key, platform);
  state.authorities.set(platform.authorityText, platform.authority);
}

/** One signed JSON document of the collateral. */
export interface PreparedDocument<T> {
  readonly missing: boolean;
  readonly chain: Parsed<CertificatePath>;
  /** By the first certificate of the chain, over the exact bytes. Says nothing about that certificate. */
  readonly signed: boolean;
  readonly parsed: Parsed<T>;
  /** From when to when, in words; empty when it cannot be read. */
  readonly window: string;
}

export type PreparedList =
  | { readonly kind: 'missing' }
  | { readonly kind: 'given'; readonly list: Parsed<RevocationList>; readonly window: string };

/** Collateral read, its document signatures checked: all that does not depend on the clock. */
export interface PreparedCollateral {
  readonly tcbInfo: PreparedDocument<TcbInfo>;
  readonly qeIdentity: PreparedDocument<QeIdentity>;
  readonly rootCrl: PreparedList;
  readonly pckCrl: PreparedList;
}

/** Frozen collateral is known by its object, other by its texts. */
export function prepareCollateral(state: DcapState, collateral: DcapCollateral): PreparedCollateral {
  const known = state.collateralByObject.get(collateral);
  if (known !== undefined) return known;
  const texts = textsOf(collateral);
  // Signatures, and the ends of the lists, where theirs are: enough to tell genuine collateral apart. Whether it is the
  // same is then asked of all the texts, which is far cheaper than a digest of them.
  const name = [1, 4].map((at) => texts[at]).join() + [6, 7].map((at) => texts[at]?.slice(-160)).join();
  const found = state.collateral.get(name);
  const prepared =
    found?.texts.every((text, at) => text === texts[at]) === true ? found : { ...prepare(state, collateral), texts };
  state.collateral.set(name, prepared);
  if (Object.isFrozen(collateral)) state.collateralByObject.set(collateral, prepared);
  return prepared;
}

/** All that `prepare` reads, and so all that what it remembers depends on. */
function textsOf(collateral: DcapCollateral): readonly string[] {
  return [
    collateral.tcbInfo,
    collateral.tcbInfoSignature,
    collateral.tcbInfoIssuerChain,
    collateral.qeIdentity,
    collateral.qeIdentitySignature,
    collateral.qeIdentityIssuerChain,
    collateral.rootCaCrl,
    collateral.pckCrl,
  ];
}

function prepare(state: DcapState, collateral: DcapCollateral): PreparedCollateral {
  const { tcbInfo, tcbInfoSignature, tcbInfoIssuerChain, qeIdentity, qeIdentitySignature, qeIdentityIssuerChain } =
    collateral;
  const tcbChain = signerPath(state, tcbInfoIssuerChain);
  const qeChain = qeIdentityIssuerChain === tcbInfoIssuerChain ? tcbChain : signerPath(state, qeIdentityIssuerChain);
  return {
    tcbInfo: document(state, tcbInfo, tcbInfoSignature, tcbChain, parseTcbInfo),
    qeIdentity: document(state, qeIdentity, qeIdentitySignature, qeChain, parseQeIdentity),
    rootCrl: revocationList(collateral.rootCaCrl),
    pckCrl: revocationList(collateral.pckCrl),
  };
}

/** TCB signing certificate, root. */
function signerPath(state: DcapState, pem: string): Parsed<CertificatePath> {
  return parseWith((): CertificatePath => {
    const certificates = readChain(state, readPemBodies(pem));
    if (certificates.length !== 2)
      throw new Malformed(`the issuer chain has ${certificates.length} certificates, not 2`);
    return { certificates };
  });
}

function document<T extends { readonly issueDate: number; readonly nextUpdate: number }>(
  state: DcapState,
  text: string,
  signature: string,
  chain: Parsed<CertificatePath>,
  parse: (text: string) => Parsed<T>,
): PreparedDocument<T> {
  const signer = chain.ok ? chain.value.certificates[0] : undefined;
  const signed =
    signer?.publicKey.kind === 'P-256' &&
    state.crypto.verifyEcdsa({
      curve: 'P-256',
      hash: 'sha256',
      key: { spki: signer.publicKey.spki },
      encoding: 'raw',
      signature: fromHex(signature) ?? new Uint8Array(),
      data: utf8ToBytes(text),
    });
  const parsed = parse(text);
  const window = parsed.ok ? windowText(parsed.value.issueDate, parsed.value.nextUpdate) : '';
  return { missing: text === '', chain, signed, parsed, window };
}

function revocationList(text: string): PreparedList {
  if (text.trim() === '') return { kind: 'missing' };
  const der = crlBytes(text);
  if (der === undefined) {
    const list = { ok: false, detail: 'The list is neither hex, base64 nor PEM.' } as const;
    return { kind: 'given', list, window: '' };
  }
  const list = parseCrl(der);
  return { kind: 'given', list, window: list.ok ? windowText(list.value.thisUpdate, list.value.nextUpdate) : '' };
}

function windowText(from: number, until: number | undefined): string {
  return until === undefined ? `from ${iso(from)}` : `from ${iso(from)} to ${iso(until)}`;
}
