import fc from 'fast-check';
import { jwtVerify, importJWK } from 'jose';
import { describe, expect, it } from 'vitest';
import type { Check, Verification } from '../../contract/evidence.ts';
import { createSigner } from '../dsse/dsse.ts';
import { earClaims, signEar, trustVector, verifyEar } from './ear.ts';

const signer = createSigner(new Uint8Array(32).fill(1));
const stranger = createSigner(new Uint8Array(32).fill(2));
const row = (id: string, outcome: Check['outcome'] = 'pass', required = true): Check => ({
  id,
  title: id,
  outcome,
  required,
  ...(outcome === 'pass' ? {} : { reason: `${id}-reason` }),
});

const verification: Verification = {
  version: 1,
  node: 'frankfurt-h100',
  simulated: true,
  status: 'contraindicated',
  verifiedAt: '2026-11-22T17:00:00.000Z',
  policyId: 'local-network',
  policyDigest: 'ab'.repeat(32),
  submodules: [
    {
      name: 'cpu0',
      family: 'snp',
      status: 'contraindicated',
      checks: [
        row('snp.chain'),
        row('snp.debug', 'fail'),
        row('snp.measurement'),
        row('snp.revocation', 'unknown', false),
      ],
      notChecked: ['revocation'],
      claims: [],
      measurements: { measurement: '00'.repeat(48) },
      evidenceSha256: '11'.repeat(32),
    },
  ],
  binding: [row('binding.nonce')],
  notChecked: [],
};
const claims = earClaims(verification, {
  build: 'nacre 0.1.0',
  nonce: '22'.repeat(32),
  sessionId: '33'.repeat(16),
  jobId: '44'.repeat(32),
  evidenceSha256: '55'.repeat(32),
});

describe('attestation results', () => {
  it('carry a vector a submodule', () => {
    expect(trustVector(verification.submodules[0] ?? { checks: [] })).toMatchObject({
      'instance-identity': 2,
      configuration: 96,
      executables: 2,
      hardware: 0,
      'runtime-opaque': 96,
    });
    expect(claims.submods['cpu0']?.['nacre.reasons']).toEqual(['snp.debug-reason']);
    expect(claims.submods['binding']?.['ear.status']).toBe('affirming');
  });

  it('are JWTs that another library verifies', async () => {
    const jwt = signEar(claims, signer);
    const x = Buffer.from(signer.publicKey).toString('base64url');
    const key = await importJWK({ kty: 'OKP', crv: 'Ed25519', x }, 'EdDSA');
    const { payload, protectedHeader } = await jwtVerify(jwt, key, { currentDate: new Date(verification.verifiedAt) });
    expect(protectedHeader.typ).toBe('ear+jwt');
    expect(payload['nacre.simulated']).toBe(true);
    const read = verifyEar(jwt, signer.publicKey);
    expect(read.ok && read.value).toEqual(claims);
  });

  it('are refused from another key, and with any character changed', () => {
    const jwt = signEar(claims, signer);
    expect(verifyEar(jwt, stranger.publicKey).ok).toBe(false);
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${jwt.split('.')[1]}.`;
    expect(verifyEar(none, signer.publicKey).ok).toBe(false);
    fc.assert(
      fc.property(fc.nat(jwt.length - 1), fc.constantFrom(...'Aa0_-.=+ '), (at, character) => {
        fc.pre(jwt[at] !== character);
        return !verifyEar(jwt.slice(0, at) + character + jwt.slice(at + 1), signer.publicKey).ok;
      }),
      { numRuns: 60 },
    );
    for (const text of ['', '..', 'a.b.c', 'x'.repeat(300_000)])
      expect(verifyEar(text, signer.publicKey).ok).toBe(false);
  });
});
