import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CollateralItem } from '../../../contract/collateral.ts';
import { err, ok, type Result } from '../../../contract/result.ts';
import { createSigner, verifyEd25519 } from '../../../domain/dsse/dsse.ts';
import { signBundle } from '../../../domain/evidence/collateral/bundle.ts';
import { readFacts } from '../../../domain/evidence/collateral/facts.ts';
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
import { judgeCertificate } from '../../../domain/evidence/nvidia/certificate-standing.ts';
import { answer, createChain } from '../../../domain/evidence/nvidia/testing/ocsp-chain.ts';
import { evidenceFilePolicy } from '../../../domain/evidence/files/default-policy.ts';
import { verifyEvidenceSet } from '../../../domain/evidence/files/verify.ts';
import { buildCrl } from '../../../domain/evidence/simulated/crl-builder.ts';
import { pem } from '../../../domain/evidence/simulated/intel-authority.ts';
import { buildOcsp } from '../../../domain/evidence/simulated/ocsp-builder.ts';
import { p384Signer } from '../../../domain/evidence/simulated/p384-key.ts';
import { openStore, type Store } from '../../store/store.ts';
import {
  collateralOfFile,
  createCollateralService,
  inspectBundle,
  type CollateralService,
} from './collateral-service.ts';

const directory = mkdtempSync(join(tmpdir(), 'nacre-collateral-'));
afterAll(() => rmSync(directory, { recursive: true }));

const own = createSigner(new Uint8Array(32).fill(1));
const other = createSigner(new Uint8Array(32).fill(2));
const context = { anchors, crypto, verify: verifyEd25519, clock: () => now };

interface Desk {
  readonly store: Store;
  readonly service: CollateralService;
  readonly logged: { kind: string; details: Readonly<Record<string, unknown>> }[];
  refuseLog: boolean;
  time: number;
}

let desks: Desk[] = [];
let count = 0;
afterEach(() => {
  for (const { store } of desks) store.close();
  desks = [];
});

function desk(signer = own, profile = join(directory, `desk-${count++}`)): Desk {
  const store = value(openStore({ directory: profile, clock: () => now, pid: process.pid }));
  const made: Desk = {
    store,
    logged: [],
    refuseLog: false,
    time: now,
    service: undefined as unknown as CollateralService,
  };
  const service = createCollateralService({
    ...context,
    clock: () => made.time,
    store,
    signer: () => ok(signer),
    log(kind, _subject, details) {
      if (made.refuseLog) return err('disk_full', 'The log cannot be written.');
      made.logged.push({ kind, details });
      return ok(undefined);
    },
    write: async (path, bytes) => {
      writeFileSync(path, bytes);
      return ok(null);
    },
  });
  Object.assign(made, { service });
  desks.push(made);
  return made;
}

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
}

function put(name: string, content: Uint8Array | string): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

function collateralFile(of: typeof collateral): string {
  return put(
    `collateral-${count++}.json`,
    JSON.stringify({
      tcb_info: of.tcbInfo,
      tcb_info_signature: of.tcbInfoSignature,
      tcb_info_issuer_chain: of.tcbInfoIssuerChain,
      qe_identity: of.qeIdentity,
      qe_identity_signature: of.qeIdentitySignature,
      qe_identity_issuer_chain: of.qeIdentityIssuerChain,
      root_ca_crl: of.rootCaCrl,
      pck_crl: of.pckCrl,
      pck_crl_issuer_chain: of.pckCrlIssuerChain,
    }),
  );
}

const outcomes = (
  result: Result<{ items: readonly { outcome: string; reason?: string | undefined; item: { kind: string } }[] }>,
) => value(result).items.map(({ item, outcome, reason }) => `${item.kind} ${reason ?? outcome}`);

const all = (outcome: string) =>
  ['intel-tcb-info', 'intel-qe-identity', 'intel-root-crl', 'intel-pck-crl'].map((kind) => `${kind} ${outcome}`);

function judgeQuote(service: CollateralService, at: number) {
  const source = value(service.source());
  const found = value(
    verifyEvidenceSet({
      files: [{ name: 'q', bytes: tdxQuote }],
      policy: evidenceFilePolicy,
      anchors,
      now: at,
      crypto,
      collateral: source,
    }),
  );
  return [found.collateral, found.verification.status, found.verification.reason];
}

/** Items as they are kept, by way of a bundle. */
async function itemsOf({ service }: Desk): Promise<CollateralItem[]> {
  const path = join(directory, `items-${count++}.json`);
  value(await service.export(path, ''));
  const { payload } = JSON.parse(readFileSync(path, 'utf8')) as { payload: string };
  return (JSON.parse(Buffer.from(payload, 'base64').toString()) as { items: CollateralItem[] }).items;
}

const bundle = (items: readonly CollateralItem[], signer = own) =>
  put(
    `bundle-${count++}.json`,
    JSON.stringify(signBundle({ items, createdAt: new Date(now).toISOString(), note: '' }, signer)),
  );

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
    before.store.close();
    desks = [];
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
        fresh.store.close();
        desks = desks.filter((found) => found !== fresh);
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
