import { generateKeyPairSync, sign, X509Certificate, createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createNodeCrypto } from '../../../services/evidence/node-crypto.ts';
import {
  buildCertificate,
  derName,
  encodeSignature,
  signatureAlgorithm,
  type CertificateExtension,
  type CertificateRequest,
  type CertificateSigner,
} from '../simulated/certificate-builder.ts';
import {
  der,
  derBitString,
  derBoolean,
  derInteger,
  derOctetString,
  derOid,
  derSequence,
  derTime,
  derUnsigned,
} from '../simulated/der-writer.ts';
import { concat, toHex } from './bytes.ts';
import { validatePath, type PathInput } from './chain.ts';
import { parseCrl, validateCrl } from './crl.ts';
import { objectIdentifier, parseDer, readDer, smallInteger, time } from './der.ts';
import { parsePemCertificates } from './pem.ts';
import { parseCertificate, type Certificate } from './x509.ts';

const crypto = createNodeCrypto();
const now = Date.parse('2026-11-22T17:00:00Z');
const day = 24 * 3600 * 1000;

function key(): CertificateSigner {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  return {
    kind: 'P-384',
    spki: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })),
    sign: (data) => new Uint8Array(sign('sha384', data, { key: privateKey, dsaEncoding: 'ieee-p1363' })),
  };
}

const [rootKey, middleKey, leafKey, strangerKey] = [key(), key(), key(), key()];
const root = [['CN', 'Root']] as const;
const middle = [['CN', 'Middle']] as const;
const leaf = [['CN', 'Leaf']] as const;

function certificate(changes: Partial<CertificateRequest>, spki: Uint8Array, signer: CertificateSigner): Certificate {
  const request: CertificateRequest = {
    subject: leaf,
    issuer: middle,
    spki,
    serial: Uint8Array.of(0x80, 1),
    notBefore: now - day,
    notAfter: now + day,
    ca: false,
    ...changes,
  };
  const parsed = parseCertificate(buildCertificate(request, signer));
  if (!parsed.ok) throw new Error(parsed.detail);
  return parsed.value;
}

const good = {
  leaf: (changes: Partial<CertificateRequest> = {}) => certificate(changes, leafKey.spki, middleKey),
  middle: (changes: Partial<CertificateRequest> = {}) =>
    certificate({ subject: middle, issuer: root, ca: true, pathLength: 0, ...changes }, middleKey.spki, rootKey),
  root: (changes: Partial<CertificateRequest> = {}) =>
    certificate({ subject: root, issuer: root, ca: true, ...changes }, rootKey.spki, rootKey),
};
const theRoot = good.root();
const anchors = [createHash('sha256').update(theRoot.der).digest('hex')];

function reasons(chain: Certificate[], changes: Partial<PathInput> = {}): string[] {
  return validatePath({ chain, anchors, now, crypto, ...changes }).map(({ reason }) => reason);
}

describe('DER', () => {
  it('refuses everything that is not the one encoding', () => {
    for (const hex of [
      '',
      '30',
      '3080',
      '308000',
      '30810100',
      '3082000100',
      '3084ffffffff',
      '300100ff',
      '1f8101',
      '3005020100',
    ]) {
      expect(parseDer(Buffer.from(hex, 'hex'), 64).ok, hex).toBe(false);
    }
    expect(parseDer(derInteger(5), 2).ok).toBe(false);
    for (const hex of ['02020001', '0200', '0202ff80', '020180']) {
      expect(() => smallInteger(readDer(Buffer.from(hex, 'hex')), 'x'), hex).toThrow();
    }
  });

  it('round trips numbers, identifiers and times', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31 - 1), (value) => {
        expect(smallInteger(readDer(derInteger(value)), 'value')).toBe(value);
      }),
    );
    for (const oid of ['1.3.6.1.4.1.3704.1.3.1', '2.23.133.5.4.1.1', '2.5.29.19', '0.9.2342']) {
      expect(objectIdentifier(readDer(derOid(oid)))).toBe(oid);
    }
    fc.assert(
      fc.property(fc.integer({ min: -631152000, max: 32503680000 }), (seconds) => {
        expect(time(readDer(derTime(seconds * 1000)), 'time')).toBe(seconds * 1000);
      }),
    );
    for (const text of ['261131000000Z', '2611220000Z', '261122170000+0100', '260230000000Z', '261122240000Z']) {
      expect(() => time(readDer(der(0x17, Buffer.from(text))), 'time'), text).toThrow();
    }
  });

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        for (const parse of [parseCertificate, parseCrl]) expect(parse(bytes).ok).toBe(false);
      }),
    );
    const { der: whole } = good.leaf();
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, value) => {
        const changed = whole.slice();
        changed[at] = value;
        // A value in any case, never an exception.
        expect(typeof parseCertificate(changed).ok).toBe('boolean');
      }),
    );
  });
});

describe('certificates', () => {
  it('read as OpenSSL reads them', () => {
    const found = good.leaf();
    const reference = new X509Certificate(found.der);
    expect(found.serial.replace(/^00/, '')).toBe(reference.serialNumber.toLowerCase());
    expect(found.notAfter).toBe(Math.floor(reference.validToDate.getTime() / 1000) * 1000);
    expect(toHex(found.publicKey.spki)).toBe(
      reference.publicKey.export({ type: 'spki', format: 'der' }).toString('hex'),
    );
    expect(new X509Certificate(theRoot.der).ca).toBe(true);
    const pem = parsePemCertificates(`\n${reference.toString()}\n${reference.toString()}\0`);
    expect(pem.ok && pem.value.map(toHex)).toEqual([toHex(found.der), toHex(found.der)]);
    expect(parsePemCertificates(`x${reference.toString()}`).ok).toBe(false);
    expect(parsePemCertificates(reference.toString().replace('MII', 'M!I')).ok).toBe(false);
  });

  it('refuse a second algorithm, a fourth part, a repeated extension', () => {
    const twice: CertificateExtension = { oid: '1.2.3', value: derInteger(1) };
    expect(parseCertificate(buildCertificate({ ...request(), extensions: [twice, twice] }, middleKey)).ok).toBe(false);
    const { tbs, signature } = good.leaf();
    const p256 = signatureAlgorithm('P-256');
    expect(parseCertificate(derSequence(tbs, p256, derBitString(signature))).ok).toBe(false);
    const p384 = signatureAlgorithm('P-384');
    expect(parseCertificate(derSequence(tbs, p384, derBitString(signature))).ok).toBe(true);
    expect(parseCertificate(derSequence(tbs, p384, derBitString(signature), derInteger(1))).ok).toBe(false);
    expect(parseCertificate(concat(good.leaf().der, Uint8Array.of(0))).ok).toBe(false);
  });
});

function request(): CertificateRequest {
  return {
    subject: leaf,
    issuer: middle,
    spki: leafKey.spki,
    serial: Uint8Array.of(1),
    notBefore: now,
    notAfter: now + day,
    ca: false,
  };
}

describe('path validation', () => {
  it('accepts the good path, and only to the pinned root', () => {
    const path = [good.leaf(), good.middle(), theRoot];
    expect(reasons(path)).toEqual([]);
    expect(reasons(path, { anchors: [] })).toEqual(['chain-root-not-pinned']);
    expect(reasons(path.slice(0, 2))).toContain('chain-root-not-pinned');
    expect(reasons([])).toEqual(['chain-empty']);
    expect(reasons(Array.from({ length: 9 }, () => theRoot))).toEqual(['chain-too-long']);
    // Self-signed with the right name is not the root.
    const impostor = certificate({ subject: root, issuer: root, ca: true }, strangerKey.spki, strangerKey);
    expect(reasons([good.leaf(), good.middle(), impostor])).toEqual(
      expect.arrayContaining(['chain-signature', 'chain-root-not-pinned']),
    );
  });

  it('names each fault', () => {
    const at = (time: number) => reasons([good.leaf(), good.middle(), theRoot], { now: time });
    expect(at(now + 2 * day)).toContain('certificate-expired');
    expect(at(now - 2 * day)).toContain('certificate-not-yet-valid');
    const ahead = good.leaf({ notBefore: now + 1000 });
    expect(reasons([ahead, good.middle(), theRoot])).toEqual(['certificate-not-yet-valid']);
    expect(reasons([ahead, good.middle(), theRoot], { leafDatedAhead: 1000 })).toEqual([]);
    expect(reasons([good.leaf(), good.middle({ ca: false }), theRoot])).toEqual(['chain-not-a-ca', 'chain-key-usage']);
    const foreign = certificate({}, leafKey.spki, strangerKey);
    expect(reasons([foreign, good.middle(), theRoot])).toEqual(['chain-signature']);
    expect(reasons([good.leaf({ issuer: [['CN', 'Other']] }), good.middle(), theRoot])).toEqual([
      'chain-issuer-mismatch',
    ]);
    const critical = { oid: '1.2.3.4', critical: true, value: derBoolean(true) };
    const odd = good.leaf({ extensions: [critical] });
    expect(reasons([odd, good.middle(), theRoot])).toEqual(['chain-unknown-critical-extension']);
    expect(reasons([odd, good.middle(), theRoot], { knownCritical: ['1.2.3.4'] })).toEqual([]);
  });

  it('holds the path length', () => {
    const lowerKey = key();
    const lowerName = [['CN', 'Lower']] as const;
    const lower = certificate({ subject: lowerName, issuer: middle, ca: true }, lowerKey.spki, middleKey);
    const below = certificate({ issuer: lowerName }, leafKey.spki, lowerKey);
    expect(reasons([below, lower, good.middle(), theRoot])).toEqual(['chain-path-length']);
  });
});

describe('revocation lists', () => {
  const list = (
    signer = rootKey,
    times: readonly number[] = [now - day, now + day],
    revoked: readonly Uint8Array[] = [],
  ) => {
    const algorithm = signatureAlgorithm('P-384');
    const entries = revoked.map((serial) => derSequence(derUnsigned(serial), derTime(now)));
    const tbs = derSequence(
      derInteger(1),
      algorithm,
      derName(root),
      ...times.map(derTime),
      ...(entries.length === 0 ? [] : [derSequence(...entries)]),
      der(0xa0, derSequence(derSequence(derOid('2.5.29.20'), derOctetString(derInteger(7))))),
    );
    return derSequence(tbs, algorithm, derBitString(encodeSignature(signer, signer.sign(tbs))));
  };
  const problems = (crl: Uint8Array, issuer = theRoot) => {
    const parsed = parseCrl(crl);
    if (!parsed.ok) throw new Error(parsed.detail);
    return validateCrl(parsed.value, issuer, now, crypto).map(({ reason }) => reason);
  };

  it('are only believed when signed by their issuer and current', () => {
    expect(problems(list())).toEqual([]);
    expect(problems(list(strangerKey))).toEqual(['crl-signature']);
    expect(problems(list(rootKey, [now - 2 * day, now - day]))).toEqual(['crl-expired']);
    expect(problems(list(rootKey, [now - day]))).toEqual(['crl-expired']);
    expect(problems(list(), good.middle())).toEqual(['crl-issuer-mismatch', 'crl-signature']);
    const revoked = parseCrl(list(rootKey, [now - day, now + day], [Uint8Array.of(0x80, 1)]));
    expect(revoked.ok && revoked.value.revoked.has(good.middle().serial)).toBe(true);
  });
});
