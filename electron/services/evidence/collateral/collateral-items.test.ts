import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ok } from '../../../contract/result.ts';
import { readFacts } from '../../../domain/evidence/collateral/facts.ts';
import { crypto, day, now } from '../../../domain/evidence/dcap/testing/simulated.ts';
import { judgeCertificate } from '../../../domain/evidence/nvidia/certificate-standing.ts';
import { answer, createChain } from '../../../domain/evidence/nvidia/testing/ocsp-chain.ts';
import { pem } from '../../../domain/evidence/simulated/intel-authority.ts';
import { buildOcsp } from '../../../domain/evidence/simulated/ocsp-builder.ts';
import { p384Signer } from '../../../domain/evidence/simulated/p384-key.ts';
import { createCollateralService, type CollateralService } from './collateral-service.ts';
import { context, desk, outcomes, own, put, value, type Desk } from './testing/desks.ts';

describe('items', () => {
  it('of any bytes have facts or a reason', () => {
    const kinds = [
      'intel-tcb-info',
      'intel-qe-identity',
      'intel-root-crl',
      'intel-pck-crl',
      'amd-crl',
      'nvidia-rim',
      'nvidia-ocsp',
      'nras-jwks',
    ] as const;
    fc.assert(
      fc.property(fc.constantFrom(...kinds), fc.uint8Array({ maxLength: 400 }), (kind, bytes) => {
        const item = {
          kind,
          id: '?',
          source: '',
          fetchedAt: '2026-01-01T00:00:00Z',
          sha256: '',
          content: Buffer.from(bytes).toString('base64'),
        };
        return !readFacts(item).ok;
      }),
      { numRuns: 400 },
    );
  });

  it('of OCSP are taken with the certificates of their issuer, and the newest about a certificate is kept', async () => {
    const chain = createChain(now);
    const service = (one: Desk) =>
      createCollateralService({
        ...context,
        anchors: chain.anchors,
        store: one.store,
        signer: () => ok(own),
        log: () => ok(undefined),
        write: async () => ok(null),
      });
    const one = service(desk());
    const issuers = put('issuers.pem', pem(...chain.chain.slice(2).map(({ der }) => der)));
    let count = 0;
    const file = (bytes: Uint8Array) => put(`answer-${count++}.ocsp`, bytes);
    const held = { status: { revokedAt: now - day, reason: 6 }, thisUpdate: now - 7_200_000 };
    expect(outcomes(await one.import({ paths: [file(answer(chain, 1, now, held)), issuers] }))).toEqual([
      'nvidia-ocsp imported',
    ]);
    const standing = () => {
      const source = value(one.source());
      const [, device, issuer] = chain.issued;
      const found = judgeCertificate(device.certificate, issuer.certificate, { now, crypto, answers: source.ocsp });
      return [found.standing === 'good' ? 'good' : found.reason, source.used().map(({ kind }) => kind)];
    };
    expect(standing()).toEqual(['certificate-on-hold', ['nvidia-ocsp']]);
    // Older than what was seen: good, before the hold.
    const before = answer(chain, 1, now, { thisUpdate: now - day / 2 });
    expect(outcomes(await one.import({ paths: [file(before), issuers] }))).toEqual(['nvidia-ocsp collateral-rollback']);
    expect(standing()[0]).toBe('certificate-on-hold');
    expect(outcomes(await one.import({ paths: [file(answer(chain, 1, now)), issuers] }))).toEqual([
      'nvidia-ocsp imported',
    ]);
    expect(standing()[0]).toBe('good');
    const [listed, ...more] = value(one.list());
    expect(more).toEqual([]);
    expect(listed).toMatchObject({ kind: 'nvidia-ocsp', state: 'current' });
    expect(listed?.id).toMatch(new RegExp(`^[0-9a-f]{40}/${chain.chain[1]?.serial ?? ''}$`));
    // Nobody can check it, it is another's, or the chain leads to no root of NVIDIA.
    const refused = async (at: CollateralService, ...paths: string[]) => outcomes(await at.import({ paths }));
    const foreign = createChain(now);
    const notGenuine = ['nvidia-ocsp collateral-not-genuine'];
    expect(await refused(one, file(answer(chain, 2, now)))).toEqual(notGenuine);
    expect(
      await refused(one, file(answer(chain, 2, now)), put('root.pem', pem(chain.issued[4].certificate.der))),
    ).toEqual(notGenuine);
    const theirs = put('foreign.pem', pem(...foreign.chain.slice(2).map(({ der }) => der)));
    expect(await refused(one, file(answer(foreign, 1, now)), theirs)).toEqual(notGenuine);
    const forged = buildOcsp(
      {
        certificate: chain.issued[2].certificate,
        issuer: chain.issued[3].certificate,
        status: 'good',
        thisUpdate: now,
        nextUpdate: now + day,
      },
      p384Signer(foreign.issued[3].privateKey),
    );
    expect(await refused(one, file(forged), issuers)).toEqual(notGenuine);
    expect(await refused(one, file(answer(chain, 2, now)), issuers)).toEqual(['nvidia-ocsp imported']);
  });
});
