import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach } from 'vitest';
import type { CollateralItem } from '../../../../contract/collateral.ts';
import { err, ok, type Result } from '../../../../contract/result.ts';
import { createSigner, verifyEd25519 } from '../../../../domain/dsse/dsse.ts';
import { signBundle } from '../../../../domain/evidence/collateral/bundle.ts';
import { anchors, collateral, crypto, now, tdxQuote } from '../../../../domain/evidence/dcap/testing/simulated.ts';
import { evidenceFilePolicy } from '../../../../domain/evidence/files/default-policy.ts';
import { verifyEvidenceSet } from '../../../../domain/evidence/files/verify.ts';
import { openStore, type Store } from '../../../store/store.ts';
import { createCollateralService, type CollateralService } from '../collateral-service.ts';

/** Desks with a store of their own over SIMULATED collateral; closed after each test, removed after the file's. */
export const directory = mkdtempSync(join(tmpdir(), 'nacre-collateral-'));
afterAll(() => rmSync(directory, { recursive: true }));

export const own = createSigner(new Uint8Array(32).fill(1));
export const other = createSigner(new Uint8Array(32).fill(2));
export const context = { anchors, crypto, verify: verifyEd25519, clock: () => now };

export interface Desk {
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

export function desk(signer = own, profile = join(directory, `desk-${count++}`)): Desk {
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

export function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
}

/** Closed before its test ends, so that another desk may open the profile. */
export function close(desk: Desk): void {
  desk.store.close();
  desks = desks.filter((found) => found !== desk);
}

export function put(name: string, content: Uint8Array | string): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

export function collateralFile(of: typeof collateral): string {
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

export const outcomes = (
  result: Result<{ items: readonly { outcome: string; reason?: string | undefined; item: { kind: string } }[] }>,
) => value(result).items.map(({ item, outcome, reason }) => `${item.kind} ${reason ?? outcome}`);

export const all = (outcome: string) =>
  ['intel-tcb-info', 'intel-qe-identity', 'intel-root-crl', 'intel-pck-crl'].map((kind) => `${kind} ${outcome}`);

export function judgeQuote(service: CollateralService, at: number) {
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
export async function itemsOf({ service }: Desk): Promise<CollateralItem[]> {
  const path = join(directory, `items-${count++}.json`);
  value(await service.export(path, ''));
  const { payload } = JSON.parse(readFileSync(path, 'utf8')) as { payload: string };
  return (JSON.parse(Buffer.from(payload, 'base64').toString()) as { items: CollateralItem[] }).items;
}

export const bundle = (items: readonly CollateralItem[], signer = own) =>
  put(
    `bundle-${count++}.json`,
    JSON.stringify(signBundle({ items, createdAt: new Date(now).toISOString(), note: '' }, signer)),
  );
