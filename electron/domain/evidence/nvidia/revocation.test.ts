import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Policy } from '../../../contract/policy.ts';
import { evidenceFilePolicy } from '../files/default-policy.ts';
import { inspectEvidence } from '../files/inspect/inspect.ts';
import { verifyEvidenceSet } from '../files/verify.ts';
import { buildGpuReport } from '../simulated/gpu-builder.ts';
import { pem } from '../simulated/intel-authority.ts';
import { buildOcsp } from '../simulated/ocsp-builder.ts';
import { p384Signer } from '../simulated/p384-key.ts';
import { judgeCertificate, type RevocationInput } from './certificate-standing.ts';
import { answer, createChain, crypto, fwid, random, responder, sourceOf, type Issued } from './testing/ocsp-chain.ts';
import { verifyGpu } from './verify.ts';

const now = Date.parse('2026-11-22T17:00:00Z');
const day = 24 * 3_600_000;
const chain = createChain(now);
const [leaf, brom, provisioner, identity, root] = chain.issued;
const policy: Policy['gpu'] = {
  required: true,
  architectures: ['hopper'],
  models: [],
  requireReferenceMeasurements: false,
};

function judge(ders: readonly Uint8Array[], changes: Partial<RevocationInput> = {}): string {
  const standing = judgeCertificate(brom.certificate, provisioner.certificate, {
    now,
    crypto,
    answers: sourceOf(...ders),
    ...changes,
  });
  return standing.standing === 'good' ? 'good' : standing.reason;
}

function delegated(by: { der: Uint8Array; signer: ReturnType<typeof p384Signer>; certificate: Issued['certificate'] }) {
  return buildOcsp(
    {
      certificate: brom.certificate,
      issuer: provisioner.certificate,
      status: 'good',
      thisUpdate: now - 1000,
      nextUpdate: now + day,
      responder: by.certificate,
      certificates: [by.der],
    },
    by.signer,
  );
}

describe('OCSP answers about one certificate', () => {
  it('are believed from the issuer, by whichever hash and name', () => {
    for (const hash of ['sha1', 'sha256', 'sha384'] as const) {
      for (const named of ['key', 'name'] as const)
        expect(judge([answer(chain, 1, now, { hash, named })])).toBe('good');
    }
    expect(judge([])).toBe('ocsp-not-given');
  });

  it('refuse what is revoked, on hold, unknown to the responder, or not of today', () => {
    const revoked = (reason?: number) => ({
      status: { revokedAt: now - day, ...(reason === undefined ? {} : { reason }) },
    });
    expect(judge([answer(chain, 1, now, revoked())])).toBe('certificate-revoked');
    expect(judge([answer(chain, 1, now, revoked(1))])).toBe('certificate-revoked');
    expect(judge([answer(chain, 1, now, revoked(6))])).toBe('certificate-on-hold');
    expect(judge([answer(chain, 1, now, { status: 'unknown' })])).toBe('ocsp-status-unknown');
    const times = { thisUpdate: now - day, nextUpdate: now + day };
    const kept = answer(chain, 1, now, times);
    expect(judge([kept], { now: now - day })).toBe('good');
    expect(judge([kept], { now: now - day - 1 })).toBe('ocsp-not-current');
    expect(judge([kept], { now: now + day - 1 })).toBe('good');
    expect(judge([kept], { now: now + day })).toBe('ocsp-not-current');
    const { nextUpdate: _none, ...endless } = times;
    const open = buildOcsp(
      { certificate: brom.certificate, issuer: provisioner.certificate, status: 'good', ...endless },
      p384Signer(provisioner.privateKey),
    );
    expect(judge([open])).toBe('ocsp-not-current');
    // Made later than now, whatever it says of its time.
    expect(judge([answer(chain, 1, now, { ...times, producedAt: now + 1000 })])).toBe('ocsp-not-current');
    // A revocation does not end with the answer that told of it.
    expect(judge([answer(chain, 1, now, { ...times, ...revoked(6) })], { now: now + 30 * day })).toBe(
      'certificate-on-hold',
    );
    // One byte too many is another document.
    expect(judge([Uint8Array.of(...kept, 0)])).toBe('ocsp-malformed');
  });

  it('count from the newest on: a hold may be lifted, and an old good answer covers no revocation', () => {
    const at = (hoursAgo: number, status: 'good' | { revokedAt: number; reason: number }) =>
      answer(chain, 1, now, { status, thisUpdate: now - hoursAgo * 3_600_000 });
    const held = { revokedAt: now - day, reason: 6 };
    expect(judge([at(5, held), at(1, 'good')])).toBe('good');
    expect(judge([at(5, 'good'), at(1, held)])).toBe('certificate-on-hold');
    expect(judge([at(1, 'good'), at(1, held)])).toBe('certificate-on-hold');
    // Only a hold can be lifted.
    expect(judge([at(5, { ...held, reason: 1 }), at(1, 'good')])).toBe('certificate-revoked');
    // Judged by the clock of then, what was said later does not make it good.
    expect(judge([at(5, held), at(-2, 'good')])).toBe('certificate-on-hold');
    expect(judge([at(5, 'good'), at(-2, 'good')])).toBe('good');
  });

  it('are refused from anybody else', () => {
    const request = {
      certificate: brom.certificate,
      issuer: provisioner.certificate,
      status: 'good' as const,
      thisUpdate: now - 1000,
      nextUpdate: now + day,
    };
    expect(judge([buildOcsp(request, p384Signer(identity.privateKey))])).toBe('ocsp-signature');
    expect(judge([buildOcsp({ ...request, responder: identity.certificate }, p384Signer(identity.privateKey))])).toBe(
      'ocsp-responder',
    );
    // Brought along, but no responder: the certificate of the device itself, and the issuer's own issuer.
    for (const one of [leaf, brom, identity, root]) {
      const by = { der: one.certificate.der, signer: p384Signer(one.privateKey), certificate: one.certificate };
      expect(judge([delegated(by)])).toBe('ocsp-responder');
    }
    // About another issuer or another serial number: says nothing of this certificate.
    expect(judge([answer(chain, 2, now)])).toBe('ocsp-not-given');
    expect(judge([buildOcsp({ ...request, certificate: leaf.certificate }, p384Signer(provisioner.privateKey))])).toBe(
      'ocsp-not-given',
    );
    const others = () => [answer(chain, 2, now), answer(chain, 0, now)];
    expect(judge([], { answers: others })).toBe('ocsp-not-given');
    expect(judge([], { answers: () => [Uint8Array.of(0x30, 0)] })).toBe('ocsp-malformed');
    expect(judge([answer(chain, 1, now, { criticalExtension: '1.2.3.4' })])).toBe('ocsp-unknown-critical-extension');
    // A forged one beside the real one changes nothing.
    const forged = buildOcsp({ ...request, thisUpdate: now }, p384Signer(identity.privateKey));
    expect(judge([forged, answer(chain, 1, now)])).toBe('good');
  });

  it('are believed from a responder that the issuer let answer, and from no other', () => {
    expect(judge([delegated(responder(provisioner, now))])).toBe('good');
    expect(judge([delegated(responder(identity, now))])).toBe('ocsp-responder');
    expect(judge([delegated(responder(provisioner, now, { purpose: undefined }))])).toBe('ocsp-responder');
    // serverAuth; anyExtendedKeyUsage
    for (const purpose of ['1.3.6.1.5.5.7.3.1', '2.5.29.37.0'])
      expect(judge([delegated(responder(provisioner, now, { purpose }))])).toBe('ocsp-responder');
    // Not valid when the answer was made (a second ago), and no longer valid now.
    expect(judge([delegated(responder(provisioner, now, { notAfter: now - 2000 }))])).toBe('ocsp-responder');
    expect(judge([delegated(responder(provisioner, now, { notBefore: now }))])).toBe('ocsp-responder');
    expect(judge([delegated(responder(provisioner, now, { notAfter: now - 1 }))])).toBe('ocsp-not-current');
    expect(judge([delegated(responder(provisioner, now, { notAfter: now }))])).toBe('good');
    const good = responder(provisioner, now);
    expect(judge([delegated({ ...good, signer: responder(provisioner, now).signer })])).toBe('ocsp-signature');
    // The name of the issuer with another issuer's key.
    expect(judge([delegated(responder({ ...identity, name: provisioner.name }, now))])).toBe('ocsp-responder');
  });

  it('from a responder whose own revocation nobody need ask about leave nothing open, others do', () => {
    const unasked = (...ders: Uint8Array[]) => {
      const found = judgeCertificate(brom.certificate, provisioner.certificate, {
        now,
        crypto,
        answers: sourceOf(...ders),
      });
      return found.standing === 'good' ? found.unasked?.subject.commonName : found.reason;
    };
    expect(unasked(delegated(responder(provisioner, now)))).toBeUndefined();
    const open = responder(provisioner, now, { noCheck: false });
    expect(unasked(delegated(open))).toBe('OCSP responder SIMULATED');
    const about = (status: 'good' | { revokedAt: number; reason: number }, by = provisioner) =>
      buildOcsp(
        {
          certificate: open.certificate,
          issuer: provisioner.certificate,
          status,
          thisUpdate: now - 1000,
          nextUpdate: now + day,
        },
        p384Signer(by.privateKey),
      );
    expect(unasked(delegated(open), about('good'))).toBeUndefined();
    const revoked = { revokedAt: now - day, reason: 1 };
    expect(unasked(delegated(open), about(revoked))).toBe('ocsp-responder-revoked');
    expect(unasked(delegated(open), about({ ...revoked, reason: 6 }))).toBe('ocsp-responder-revoked');
    // What somebody else says of it does not count.
    expect(unasked(delegated(open), about(revoked, identity))).toBe('OCSP responder SIMULATED');
  });

  it('tell of a revocation also when the responder has expired since', () => {
    const by = responder(provisioner, now - 2 * day, { notAfter: now - day });
    const request = {
      certificate: brom.certificate,
      issuer: provisioner.certificate,
      thisUpdate: now - 2 * day,
      nextUpdate: now + day,
      responder: by.certificate,
      certificates: [by.der],
    };
    const revoked = buildOcsp({ ...request, status: { revokedAt: now - 2 * day, reason: 1 } }, by.signer);
    expect(judge([revoked])).toBe('certificate-revoked');
    expect(judge([revoked, answer(chain, 1, now)])).toBe('certificate-revoked');
    expect(judge([buildOcsp({ ...request, status: 'good' }, by.signer)])).toBe('ocsp-not-current');
  });

  it('must repeat the nonce, where one was asked with', () => {
    const nonce = random(32);
    expect(judge([answer(chain, 1, now, { nonce })], { nonce })).toBe('good');
    expect(judge([answer(chain, 1, now, { nonce: random(32) })], { nonce })).toBe('ocsp-nonce-mismatch');
    expect(judge([answer(chain, 1, now)], { nonce })).toBe('ocsp-nonce-mismatch');
    expect(judge([answer(chain, 1, now, { nonce })])).toBe('good');
  });

  it('are not good with any bit changed', () => {
    const whole = delegated(responder(provisioner, now));
    expect(judge([whole])).toBe('good');
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(7), (at, bit) => {
        const changed = whole.slice();
        changed[at] = (changed[at] ?? 0) ^ (1 << bit);
        return judge([changed]) !== 'good';
      }),
      { numRuns: 300 },
    );
  });
});

describe('revocation of a GPU', () => {
  const nonce = random(32);
  const gpu = {
    architecture: 'hopper' as const,
    model: 'H100',
    uuid: 'GPU-SIMULATED',
    privateKey: leaf.privateKey,
    certificates: [],
    driverVersion: '570.86.10',
    vbiosVersion: '96.00.AF.00.01',
    fwid,
    measurements: ['11'.repeat(48)],
  };
  const report = buildGpuReport(gpu, nonce, random);
  const all = [1, 2, 3].map((at) => answer(chain, at, now));

  function verdictOf(ders: readonly Uint8Array[], gpuPolicy = policy) {
    const { verdict } = verifyGpu({
      name: 'gpu0',
      architecture: 'hopper',
      report,
      certificates: chain.chain.map(({ der }) => der),
      nonce,
      reference: { kind: 'none' },
      policy: gpuPolicy,
      anchors: chain.anchors,
      now,
      crypto,
      ocsp: sourceOf(...ders),
    });
    const row = verdict.checks.find(({ id }) => id === 'gpu.revocation');
    return [verdict.status, row?.outcome, row?.required, row?.reason, row?.found];
  }

  it('is a row: good, refused, or not known, which only a policy makes a matter', () => {
    const demanding = { ...policy, requireRevocation: true };
    expect(verdictOf(all)).toEqual(['affirming', 'pass', true, undefined, '3 good']);
    expect(verdictOf(all, demanding)).toEqual(['affirming', 'pass', true, undefined, '3 good']);
    expect(verdictOf([])).toEqual(['affirming', 'unknown', false, 'ocsp-not-given', '0 good']);
    expect(verdictOf(all.slice(1))).toEqual(['affirming', 'unknown', false, 'ocsp-not-given', '2 good']);
    expect(verdictOf(all.slice(1), demanding)).toEqual(['warning', 'unknown', true, 'ocsp-not-given', '2 good']);
    // What was good is no longer known to be.
    const stale = answer(chain, 1, now, { thisUpdate: now - 2 * day, nextUpdate: now - day });
    const aged = [stale, ...all.slice(1)];
    expect(verdictOf(aged)).toEqual(['affirming', 'unknown', false, 'ocsp-not-current', '2 good']);
    expect(verdictOf(aged, demanding)).toEqual(['warning', 'unknown', true, 'ocsp-not-current', '2 good']);
    const forged = buildOcsp(
      {
        certificate: brom.certificate,
        issuer: provisioner.certificate,
        status: 'good',
        thisUpdate: now - 1000,
        nextUpdate: now + day,
      },
      p384Signer(identity.privateKey),
    );
    expect(verdictOf([forged, ...all.slice(1)])).toEqual(['contraindicated', 'fail', true, 'ocsp-signature', '2 good']);
    const held = answer(chain, 1, now, { status: { revokedAt: now - day, reason: 6 } });
    for (const each of [policy, demanding]) {
      expect(verdictOf([held], each)).toEqual(['contraindicated', 'fail', true, 'certificate-on-hold', '0 good']);
    }
    // The device makes its attestation certificate, so no answer about it is missed; one that is there counts.
    const leafRevoked = answer(chain, 0, now, { status: { revokedAt: now, reason: 1 } });
    expect(verdictOf([...all, leafRevoked])).toEqual([
      'contraindicated',
      'fail',
      true,
      'certificate-revoked',
      '3 good',
    ]);
  });

  it('is judged by answers that lie beside the report', () => {
    const judgeFiles = (ders: readonly Uint8Array[]) => {
      const result = verifyEvidenceSet({
        files: [
          { name: 'report.bin', bytes: report },
          { name: 'chain.pem', bytes: new TextEncoder().encode(pem(...chain.chain.map(({ der }) => der))) },
          ...ders.map((bytes, at) => ({ name: `${at}.ocsp`, bytes })),
        ],
        policy: { ...evidenceFilePolicy, gpu: policy },
        anchors: chain.anchors,
        now,
        crypto,
        nonce,
      });
      if (!result.ok) throw new Error(result.error.message);
      const { verification, files, collateral } = result.value;
      return { status: verification.status, reason: verification.reason, files, collateral };
    };
    const good = judgeFiles(all);
    expect([good.status, good.collateral]).toEqual(['affirming', 'files']);
    expect(good.files.slice(2).map(({ kind, used }) => `${kind} ${used}`)).toEqual(Array(3).fill('ocsp-answer true'));
    expect(judgeFiles([answer(chain, 2, now, { status: { revokedAt: now, reason: 6 } })])).toMatchObject({
      status: 'contraindicated',
      reason: 'certificate-on-hold',
    });
    expect(judgeFiles([])).toMatchObject({ status: 'affirming', collateral: 'none' });
  });

  it('can be inspected, field by field', () => {
    const bytes = answer(chain, 1, now, { status: { revokedAt: now - day, reason: 6 }, nonce: nonce.slice(0, 16) });
    const shown = inspectEvidence({ name: 'answer.ocsp', bytes }, { anchors: chain.anchors, crypto });
    if (!shown.ok) throw new Error(shown.error.message);
    const [part] = shown.value.parts;
    expect([part?.kind, part?.problem]).toEqual(['ocsp-answer', undefined]);
    const field = (name: string) => part?.fields.find((one) => one.name === name);
    expect(field('single[0].status')?.value).toBe('revoked 2026-11-21T17:00:00.000Z, reason 6');
    expect(field('single[0].hash')?.value).toBe('sha384');
    expect(field('single[0].serial')?.value).toBe(brom.certificate.serial);
    const at = field('nonce');
    expect(at?.value).toBe(Buffer.from(nonce.slice(0, 16)).toString('hex'));
    expect(Buffer.from(bytes.subarray(at?.offset ?? 0, (at?.offset ?? 0) + (at?.length ?? 0)))).toEqual(
      Buffer.from(nonce.slice(0, 16)),
    );
  });
});
