import type { EvidenceCrypto } from '../crypto.ts';
import { Malformed, parseWith, sameBytes, type Parsed } from './bytes.ts';
import { iso, verifySignature } from './chain.ts';
import {
  derTags,
  expectTag,
  firstChild,
  integerHex,
  octetsOfBitString,
  readDer,
  sequence,
  smallInteger,
  time,
} from './der.ts';
import {
  keyUsages,
  readAlgorithm,
  readExtensions,
  readName,
  type Certificate,
  type Extension,
  type Name,
  type SignatureAlgorithm,
} from './x509.ts';

export interface RevocationList {
  readonly tbs: Uint8Array;
  readonly algorithm: SignatureAlgorithm;
  readonly signature: Uint8Array;
  readonly issuer: Name;
  readonly thisUpdate: number;
  /** Undefined when the list never promises a next one: it is then never current. */
  readonly nextUpdate: number | undefined;
  /** Serial numbers as lower-case hex of the INTEGER's content octets. */
  readonly revoked: ReadonlySet<string>;
  readonly extensions: readonly Extension[];
}

const maximumBytes = 1_048_576;
const understood: ReadonlySet<string> = new Set(['2.5.29.20', '2.5.29.35']);

/** Reads a DER CertificateList (RFC 5280 §5), at most 1 MiB. */
export function parseCrl(der: Uint8Array): Parsed<RevocationList> {
  return parseWith(() => {
    const [tbs, outer, signature, ...rest] = sequence(readDer(der, maximumBytes), 'CRL');
    if (rest.length > 0) throw new Malformed('the CRL has a fourth part');
    const fields = sequence(tbs, 'tbsCertList');
    let at = 0;
    if (fields[0]?.tag === derTags.integer && smallInteger(fields[at++], 'CRL version') !== 1) {
      throw new Malformed('the CRL is not of version 2');
    }
    const inner = expectTag(fields[at++], 0x30, 'CRL algorithm');
    if (!sameBytes(inner.raw, expectTag(outer, 0x30, 'CRL algorithm').raw)) {
      throw new Malformed('the two signature algorithms of the CRL differ');
    }
    const issuer = readName(fields[at++], 'CRL issuer');
    const thisUpdate = time(fields[at++], 'thisUpdate');
    const hasNext = fields[at]?.tag === derTags.utcTime || fields[at]?.tag === derTags.generalizedTime;
    const nextUpdate = hasNext ? time(fields[at++], 'nextUpdate') : undefined;
    const revoked = new Set<string>();
    if (fields[at]?.tag === derTags.sequence) {
      for (const entry of sequence(fields[at++], 'revoked certificates')) {
        // Date and reason are behind it: neither would make a certificate less revoked.
        const serial = firstChild(expectTag(entry, derTags.sequence, 'revoked certificate'));
        revoked.add(integerHex(serial, 'revoked serial'));
      }
    }
    const tagged = fields[at++];
    if (tagged !== undefined && tagged.tag !== 0xa0) throw new Malformed('unknown part in tbsCertList');
    if (at < fields.length) throw new Malformed('unknown part in tbsCertList');
    return {
      tbs: expectTag(tbs, 0x30, 'tbsCertList').raw,
      algorithm: readAlgorithm(outer),
      signature: octetsOfBitString(signature, 'CRL signature'),
      issuer,
      thisUpdate,
      nextUpdate,
      revoked,
      extensions: tagged === undefined ? [] : readExtensions(tagged),
    };
  });
}

export type CrlProblem = {
  readonly reason:
    'crl-issuer-mismatch' | 'crl-signature' | 'crl-not-yet-valid' | 'crl-expired' | 'crl-unknown-critical-extension';
  readonly detail: string;
};

/** Authenticity and freshness: signed by this issuer, thisUpdate ≤ now < nextUpdate. An unauthenticated list says nothing. */
export function validateCrl(
  crl: RevocationList,
  issuer: Certificate,
  now: number,
  crypto: EvidenceCrypto,
): CrlProblem[] {
  const problems: CrlProblem[] = [];
  // Written out only where there is a problem to tell.
  const name = () => crl.issuer.text;
  if (!sameBytes(crl.issuer.der, issuer.subject.der)) {
    problems.push({ reason: 'crl-issuer-mismatch', detail: `The CRL is of ${name()}, not of ${issuer.subject.text}.` });
  }
  const maySign = issuer.keyUsage === undefined || issuer.keyUsage.has(keyUsages.crlSign);
  if (!maySign || !verifySignature(crypto, crl, issuer.publicKey)) {
    problems.push({ reason: 'crl-signature', detail: `The CRL of ${name()} is not signed by ${issuer.subject.text}.` });
  }
  if (now < crl.thisUpdate || crl.nextUpdate === undefined || now >= crl.nextUpdate) {
    const until = crl.nextUpdate === undefined ? 'no stated end' : iso(crl.nextUpdate);
    problems.push({
      // A list that promises no next one is too old from the start.
      reason: now < crl.thisUpdate ? 'crl-not-yet-valid' : 'crl-expired',
      detail: `The CRL of ${name()} is valid from ${iso(crl.thisUpdate)} to ${until}.`,
    });
  }
  for (const { oid, critical } of crl.extensions) {
    if (critical && !understood.has(oid)) {
      problems.push({ reason: 'crl-unknown-critical-extension', detail: `The CRL has the critical extension ${oid}.` });
    }
  }
  return problems;
}
