import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answer, createChain, crypto, random, responder } from '../nvidia/testing/ocsp-chain.ts';
import { der, derOctetString, derOid, derSequence } from '../simulated/der-writer.ts';
import { certificateIdFits, parseOcsp } from './ocsp.ts';

const now = Date.parse('2026-11-22T17:00:00Z');
const chain = createChain(now);
const good = answer(chain, 1, now);

function read(bytes: Uint8Array) {
  const parsed = parseOcsp(bytes);
  if (!parsed.ok) throw new Error(parsed.detail);
  return parsed.value;
}

describe('OCSP answers', () => {
  it('are read with everything that they say', () => {
    const nonce = random(32);
    const other = responder(chain.issued[2], now);
    const bytes = answer(chain, 1, now, {
      status: { revokedAt: now - 5000, reason: 6 },
      nonce,
      named: 'name',
      producedAt: now - 1000,
      certificates: [other.der],
    });
    const found = read(bytes);
    expect(found.responder).toMatchObject({ kind: 'name', name: { commonName: 'GH100 Provisioner ICA SIMULATED' } });
    expect(found.producedAt).toBe(now - 1000);
    expect(found.nonce).toEqual(nonce);
    expect(found.certificates.map(({ subject }) => subject.commonName)).toEqual(['OCSP responder SIMULATED']);
    const [single, ...more] = found.singles;
    expect(more).toEqual([]);
    expect(single).toMatchObject({
      status: { kind: 'revoked', at: now - 5000, reason: 6 },
      thisUpdate: now - 3_600_000,
      nextUpdate: now + 7 * 24 * 3_600_000,
      certificate: { hash: 'sha384', serial: chain.chain[1]?.serial },
    });
    expect(read(good)).toMatchObject({
      responder: { kind: 'key' },
      nonce: undefined,
      singles: [{ status: { kind: 'good' } }],
    });
    expect(read(answer(chain, 1, now, { status: 'unknown' })).singles[0]?.status).toEqual({ kind: 'unknown' });
  });

  it.each(['sha1', 'sha256', 'sha384'] as const)('name the certificate by %s', (hash) => {
    const id = read(answer(chain, 1, now, { hash })).singles[0]?.certificate;
    const [{ certificate: leaf }, { certificate: brom }, { certificate: provisioner }, { certificate: identity }] =
      chain.issued;
    if (id === undefined) throw new Error('no id');
    expect(id.hash).toBe(hash);
    expect(certificateIdFits(id, brom, provisioner, crypto)).toBe(true);
    expect(certificateIdFits(id, leaf, provisioner, crypto)).toBe(false);
    expect(certificateIdFits(id, brom, identity, crypto)).toBe(false);
    // Another key under the same name is another issuer.
    const rekeyed = { ...provisioner, publicKey: identity.publicKey };
    expect(certificateIdFits(id, brom, rekeyed, crypto)).toBe(false);
    const renamed = { ...provisioner, subject: identity.subject };
    expect(certificateIdFits(id, brom, renamed, crypto)).toBe(false);
  });

  it('that are errors, of another type or too large are refused by name', () => {
    const detail = (bytes: Uint8Array) => {
      const parsed = parseOcsp(bytes);
      return parsed.ok ? '' : parsed.detail;
    };
    expect(detail(Uint8Array.of(0x30, 3, 0x0a, 1, 6))).toContain('unauthorized');
    expect(detail(Uint8Array.of(0x30, 3, 0x0a, 1, 0))).toContain('missing');
    const other = derSequence(derOid('1.2.3'), derOctetString(new Uint8Array()));
    expect(detail(derSequence(der(0x0a, Uint8Array.of(0)), der(0xa0, other)))).toContain('unknown type');
    expect(detail(new Uint8Array(65_537))).toContain('at most 65536');
    expect(detail(answer(chain, 1, now, { nonce: new Uint8Array() }))).toContain('nonce');
    expect(detail(answer(chain, 1, now, { nonce: random(129) }))).toContain('nonce');
    expect(detail(answer(chain, 1, now, { status: { revokedAt: now, reason: 7 } }))).toContain('reason');
  });

  it('survive truncation at every byte, a byte too many, and any bytes', () => {
    for (let size = 0; size < good.length; size++) expect(parseOcsp(good.subarray(0, size)).ok, `${size}`).toBe(false);
    expect(parseOcsp(Uint8Array.of(...good, 0)).ok).toBe(false);
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => !parseOcsp(bytes).ok));
    // What still parses after a change is another answer or another signature, never an exception.
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = good.slice();
        changed[at] = (changed[at] ?? 0) ^ change;
        return typeof parseOcsp(changed).ok === 'boolean';
      }),
      { numRuns: 500 },
    );
  });
});
