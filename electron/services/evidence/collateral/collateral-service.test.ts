import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CollateralItem } from '../../../contract/collateral.ts';
import {
  anchors,
  collateral,
  collateralOf,
  crypto,
  day,
  intel,
  now,
  tdxQuote,
} from '../../../domain/evidence/dcap/testing/simulated.ts';
import { evidenceFilePolicy } from '../../../domain/evidence/files/default-policy.ts';
import { verifyEvidenceSet } from '../../../domain/evidence/files/verify.ts';
import { buildCrl } from '../../../domain/evidence/simulated/crl-builder.ts';
import { pem } from '../../../domain/evidence/simulated/intel-authority.ts';
import { collateralOfFile, inspectBundle } from './collateral-service.ts';
import {
  close,
  all,
  bundle,
  collateralFile,
  context,
  desk,
  directory,
  itemsOf,
  judgeQuote,
  other,
  outcomes,
  own,
  put,
  value,
} from './testing/desks.ts';

describe('collateral of vendors', () => {
  let connect: ReturnType<typeof vi.spyOn>;
  beforeEach(() => {
    connect = vi.spyOn(Socket.prototype, 'connect');
  });
  afterEach(() => {
    expect(connect).not.toHaveBeenCalled();
    connect.mockRestore();
  });

  it('is taken in, listed with its age, and enough to verify a quote with no other file', async () => {
    const one = desk();
    expect(judgeQuote(one.service, now)).toEqual(['store', 'warning', 'collateral-missing']);
    expect(outcomes(await one.service.import({ paths: [collateralFile(collateral)] }))).toEqual(all('imported'));
    expect(judgeQuote(one.service, now)).toEqual(['store', 'affirming', undefined]);
    one.time = now + 2 * day;
    const list = value(one.service.list());
    expect(list.map(({ kind, state, ageSeconds }) => [kind, state, ageSeconds])).toEqual(
      ['intel-tcb-info', 'intel-qe-identity', 'intel-root-crl', 'intel-pck-crl'].map((kind) => [
        kind,
        'current',
        172_800,
      ]),
    );
    expect(one.logged.map(({ kind }) => kind)).toEqual(['collateral-imported']);
  });

  it('that has expired is shown as such, and refuses', async () => {
    const one = desk();
    value(await one.service.import({ paths: [collateralFile(collateral)] }));
    one.time = now + 40 * day;
    expect(value(one.service.list()).map(({ state }) => state)).toEqual(Array(4).fill('expired'));
    const [, status] = judgeQuote(one.service, one.time);
    expect(status).toBe('contraindicated');
    one.time = now - 2 * day;
    expect(value(one.service.list()).map(({ state }) => state)).toEqual(Array(4).fill('not-yet-valid'));
  });

  it('never goes back behind the newest that was seen, also after a restart, and says which item', async () => {
    const profile = join(directory, 'restarted');
    const before = desk(own, profile);
    const newer = collateralOf('tdx', { now: now + day, evaluationDataNumber: 20 });
    value(await before.service.import({ paths: [collateralFile(newer)] }));
    close(before);
    const after = desk(own, profile);
    const result = await after.service.import({ paths: [collateralFile(collateral)] });
    expect(outcomes(result)).toEqual(all('collateral-rollback'));
    expect(value(result).items[0]?.detail).toMatch(
      /^intel-tcb-info tdx\/[0-9A-F]{12} \(number \d+, .*Z\) is older than the one seen before \(number 20, /,
    );
    expect(outcomes(await after.service.import({ paths: [collateralFile(newer)] }))).toEqual(all('known'));
    expect(value(after.service.source()).highestEvaluationDataNumber?.('tdx')).toBe(20);
    // A later date does not make up for a lower number.
    const mixed = collateralOf('tdx', { now: now + 2 * day, evaluationDataNumber: 19 });
    expect(outcomes(await after.service.import({ paths: [collateralFile(mixed)] }))).toEqual([
      'intel-tcb-info collateral-rollback',
      'intel-qe-identity collateral-rollback',
      'intel-root-crl imported',
      'intel-pck-crl imported',
    ]);
    // Older collateral beside the quote is refused too.
    const files = [
      { name: 'q', bytes: tdxQuote },
      { name: 'c', bytes: readFileSync(collateralFile(collateral)) },
    ];
    const input = {
      files,
      policy: evidenceFilePolicy,
      anchors,
      now,
      crypto,
      collateral: value(after.service.source()),
    };
    expect(value(verifyEvidenceSet(input)).verification.status).toBe('contraindicated');
  });

  it('that its vendor did not sign is refused by name, and the rest is taken', async () => {
    const one = desk();
    const flipped = `${collateral.tcbInfoSignature.slice(0, -1)}${collateral.tcbInfoSignature.endsWith('0') ? '1' : '0'}`;
    const forged = { ...collateral, tcbInfoSignature: flipped };
    const result = await one.service.import({ paths: [collateralFile(forged)] });
    expect(outcomes(result)).toEqual(['intel-tcb-info collateral-not-genuine', ...all('imported').slice(1)]);
    const alone = buildCrl(
      { issuer: intel.platformCa.name, thisUpdate: now, nextUpdate: now + day },
      intel.tcbSigner.signer,
    );
    const chain = put('pck-chain.pem', pem(intel.platformCa.certificate, intel.root.certificate));
    expect(outcomes(await one.service.import({ paths: [put('forged.crl', alone), chain] }))).toEqual([
      'intel-pck-crl collateral-not-genuine',
    ]);
    const good = buildCrl(
      { issuer: intel.platformCa.name, thisUpdate: now, nextUpdate: now + day },
      intel.platformCa.signer,
    );
    expect(outcomes(await one.service.import({ paths: [put('good.crl', good), chain] }))).toEqual([
      'intel-pck-crl imported',
    ]);
    const missing = await one.service.import({ paths: [put('good.crl', good)] });
    expect(missing.ok ? '' : missing.error.message).toContain('give the certificate of');
  });

  it('is not kept when the log cannot be written', async () => {
    const one = desk();
    one.refuseLog = true;
    expect(await one.service.import({ paths: [collateralFile(collateral)] })).toMatchObject({
      ok: false,
      error: { code: 'disk_full' },
    });
    expect(value(one.service.list())).toEqual([]);
    one.refuseLog = false;
    expect(outcomes(await one.service.import({ paths: [collateralFile(collateral)] }))).toEqual(all('imported'));
  });

  it('without a signature of its own (key sets) needs the place it was fetched', async () => {
    const one = desk();
    const jwks = put(
      'jwks.json',
      JSON.stringify({
        keys: [
          {
            kty: 'EC',
            crv: 'P-384',
            kid: 'k',
            x: Buffer.alloc(48, 1).toString('base64url'),
            y: Buffer.alloc(48, 2).toString('base64url'),
          },
        ],
      }),
    );
    const refused = await one.service.import({ paths: [jwks] });
    expect(refused.ok ? '' : refused.error.message).toContain('--source');
    expect(
      outcomes(
        await one.service.import({
          paths: [jwks],
          source: 'https://nras.attestation.nvidia.com/.well-known/jwks.json',
        }),
      ),
    ).toEqual(['nras-jwks imported']);
    expect(value(one.service.source()).jwks()?.fetchedAt).toBe(now);
    expect(await one.service.import({ paths: [put('note.txt', 'nothing')] })).toMatchObject({
      ok: false,
      error: { code: 'invalid_input' },
    });
  });
});

describe('collateral bundles', () => {
  it('go from desk to desk: the same items, once the other desk is named', async () => {
    const one = desk();
    value(await one.service.import({ paths: [collateralFile(collateral)] }));
    const path = join(directory, 'round-trip.json');
    const written = value(await one.service.export(path, 'for the office'));
    expect(written).toMatchObject({ items: 4, bytes: readFileSync(path).length });
    const two = desk(other);
    const refused = await two.service.import({ paths: [path] });
    expect(refused).toMatchObject({ ok: false, error: { code: 'integrity', details: { signer: own.keyId } } });
    const wrong = await two.service.import({ paths: [path], signer: '0'.repeat(64) });
    expect(wrong).toMatchObject({ ok: false, error: { code: 'integrity' } });
    expect(value(two.service.list())).toEqual([]);
    expect(outcomes(await two.service.import({ paths: [path], signer: own.keyId.toUpperCase() }))).toEqual(
      all('imported'),
    );
    expect(await itemsOf(two)).toEqual(await itemsOf(one));
    expect(judgeQuote(two.service, now)).toEqual(['store', 'affirming', undefined]);
    expect(outcomes(await two.service.import({ paths: [path], signer: own.keyId }))).toEqual(all('known'));
    expect(outcomes(await one.service.import({ paths: [path] }))).toEqual(all('known'));
    const looked = value(await inspectBundle(path, context));
    expect(looked).toMatchObject({ signer: own.keyId, signed: true, note: 'for the office' });
    expect(looked.items.map(({ genuine }) => genuine)).toEqual([true, true, true, true]);
    const source = value(await collateralOfFile(path, context));
    expect(
      source.dcap({ tee: 'tdx', fmspc: looked.items[0]?.id.slice(4) ?? '', authority: 'Intel SGX PCK Platform CA' }),
    ).toEqual(collateral);
  });

  it('whose bytes were changed anywhere are refused, or hold exactly what was signed', async () => {
    const one = desk();
    value(await one.service.import({ paths: [collateralFile(collateral)] }));
    const items = await itemsOf(one);
    const whole = readFileSync(bundle(items));
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const bytes = Uint8Array.from(whole);
        bytes[at] = (bytes[at] ?? 0) ^ change;
        const fresh = desk();
        const result = await fresh.service.import({ paths: [put('changed.json', bytes)] });
        const same = result.ok && JSON.stringify(await itemsOf(fresh)) === JSON.stringify(items);
        close(fresh);
        return !result.ok || same;
      }),
      { numRuns: 40 },
    );
  }, 120_000);

  it('signed by a trusted desk still prove each item: digest, id and vendor', async () => {
    const one = desk();
    value(await one.service.import({ paths: [collateralFile(collateral)] }));
    const [info, ...rest] = await itemsOf(one);
    if (info === undefined) throw new Error('no items');
    const changedText = collateral.tcbInfo.replace('UpToDate', 'OutOfDate');
    const content = Buffer.from(changedText).toString('base64');
    const sha256 = Buffer.from(crypto.sha256(new TextEncoder().encode(changedText))).toString('hex');
    const importing = (...items: CollateralItem[]) => desk().service.import({ paths: [bundle(items)] });
    expect(await importing({ ...info, content }, ...rest)).toMatchObject({ ok: false, error: { code: 'integrity' } });
    expect(outcomes(await importing({ ...info, content, sha256 }, ...rest))[0]).toBe(
      'intel-tcb-info collateral-not-genuine',
    );
    expect(await importing({ ...info, id: 'tdx/000000000000' })).toMatchObject({
      ok: false,
      error: { code: 'damaged' },
    });
    expect(await importing({ ...info, kind: 'intel-qe-identity' })).toMatchObject({
      ok: false,
      error: { code: 'damaged' },
    });
    const [identity] = rest;
    expect(
      outcomes(
        await importing({ ...info, ...(identity?.signature === undefined ? {} : { signature: identity.signature }) }),
      ),
    ).toEqual(['intel-tcb-info collateral-not-genuine']);
    const { chain: _, ...unchained } = info;
    expect(outcomes(await importing(unchained))).toEqual(['intel-tcb-info collateral-not-genuine']);
  });

  it('that are too large, are not alone, or are empty are refused', async () => {
    const one = desk();
    expect(await one.service.export(join(directory, 'none.json'), '')).toMatchObject({
      ok: false,
      error: { code: 'not_found' },
    });
    value(await one.service.import({ paths: [collateralFile(collateral)] }));
    const path = bundle(await itemsOf(one));
    expect(await one.service.import({ paths: [path, path] })).toMatchObject({
      ok: false,
      error: { code: 'invalid_input' },
    });
    const large = put('large.json', Buffer.alloc(9 * 1_048_576 + 1, 0x20));
    expect(await one.service.import({ paths: [large] })).toMatchObject({
      ok: false,
      error: { code: 'invalid_input', details: { offset: 9 * 1_048_576 } },
    });
    expect(await one.service.import({ paths: [join(directory, 'absent')] })).toMatchObject({
      ok: false,
      error: { code: 'not_found' },
    });
    expect(await one.service.import({ paths: [directory] })).toMatchObject({
      ok: false,
      error: { code: 'invalid_input' },
    });
    const twice = put('twice.json', readFileSync(path, 'utf8').replace('{"payload', '{"payload":"","payload'));
    expect(await one.service.import({ paths: [twice] })).toMatchObject({ ok: false });
  });
});
