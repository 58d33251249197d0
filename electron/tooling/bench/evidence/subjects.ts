import { createPrivateKey, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import type { Policy, TdxPolicy } from '../../../contract/policy.ts';
import { simulatedAnchors, type TrustAnchors } from '../../../domain/evidence/anchors.ts';
import type { DcapCollateral } from '../../../domain/evidence/dcap/collateral.ts';
import { createSimulatedIntel, createSimulatedPlatform } from '../../../domain/evidence/simulated/intel-authority.ts';
import { buildDcapCollateral } from '../../../domain/evidence/simulated/intel-collateral.ts';
import { buildTdxQuote } from '../../../domain/evidence/simulated/intel-quote.ts';
import { p384Signer } from '../../../domain/evidence/simulated/p384-key.ts';
import { buildSnpReport } from '../../../domain/evidence/simulated/snp-builder.ts';
import { snpLayout, snpSignedBytes } from '../../../domain/evidence/snp/report.ts';
import { localMinimumTcb, localNetworkPolicy } from '../../../domain/policy/policy.ts';
import { authorityAnchors, createAuthority, issueHardware } from '../../../localnet/authority/authority.ts';
import { strictTdxPolicy } from '../../../domain/policy/intel-sections.ts';
import { honestMeasurement, honestTcb } from '../../../localnet/authority/reference.ts';

/** Evidence of the project's own SIMULATED Intel and AMD, in the real formats; every report is signed anew. */
export interface Subjects {
  readonly anchors: TrustAnchors;
  readonly collateral: DcapCollateral;
  readonly tdxPolicy: TdxPolicy;
  readonly snpPolicy: Policy['snp'];
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly tdx: readonly Machine[];
  readonly snp: readonly (Machine & { readonly certificates: readonly Uint8Array[] })[];
}

export interface Machine {
  readonly evidence: Uint8Array;
  /** Another report of the same machine, over random report data. */
  another(): Uint8Array;
}

const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));

/** @param counts machines of each family */
export async function createSubjects(counts: { readonly tdx: number; readonly snp: number }): Promise<Subjects> {
  const now = Date.now();
  const intel = createSimulatedIntel({ now, random });
  const tdx = Array.from({ length: counts.tdx }, () => tdxMachine(intel, now));
  const authority = await createAuthority({ now, random });
  const snp = Array.from({ length: counts.snp }, () => {
    const request = { tcb: honestTcb, debug: false, measurement: honestMeasurement, gpus: [] };
    const { cpu } = issueHardware(authority, request, { now, random });
    const evidence = buildSnpReport(cpu, random(64), random);
    const key = p384Key(cpu.privateKey);
    const certificates = cpu.certificates.map((base64) => new Uint8Array(Buffer.from(base64, 'base64')));
    return { evidence, certificates, another: () => signedAgainSnp(evidence, key) };
  });
  const { identity } = createSimulatedPlatform(intel, { now, random });
  return {
    anchors: simulatedAnchors({ ...authorityAnchors(authority), intel: [intel.rootSha256] }),
    collateral: collateralOfUsualSize(intel, now, identity),
    tdxPolicy: strictTdxPolicy,
    snpPolicy: localNetworkPolicy({ measurements: [honestMeasurement], minimumTcb: localMinimumTcb }).snp,
    now,
    tdx,
    snp,
  };
}

/**
 * As large as what Intel publishes in 2025 for one kind of platform: three levels whose components have names, fourteen
 * advisories, 52 revoked platforms. Reading it is part of what is measured.
 */
function collateralOfUsualSize(
  intel: ReturnType<typeof createSimulatedIntel>,
  now: number,
  identity: ReturnType<typeof createSimulatedPlatform>['identity'],
): DcapCollateral {
  const level = (pcesvn: number, lower: number) => ({
    sgxtcbcomponents: identity.components.map((svn, at) => named(Math.max(0, svn - lower), at)),
    pcesvn,
    tdxtcbcomponents: [3, 0, 5, ...Array<number>(13).fill(0)].map((svn, at) => named(Math.max(0, svn - lower), at)),
  });
  const advisoryIDs = Array.from({ length: 14 }, (_, at) => `INTEL-SA-00${100 + at}`);
  const old = { tcbDate: '2018-01-04T00:00:00Z', tcbStatus: 'OutOfDate', advisoryIDs };
  const tcbLevels = [
    { tcb: level(identity.pceSvn, 0), tcbDate: '2026-02-11T00:00:00Z', tcbStatus: 'UpToDate' },
    { tcb: level(5, 1), ...old },
    { tcb: level(0, 255), ...old },
  ];
  const revokedByPlatformCa = Array.from({ length: 52 }, () => ({
    ...intel.platformCa,
    serial: Uint8Array.of(0x6f, ...random(19)),
  }));
  return buildDcapCollateral(intel, { now, tee: 'tdx', identity, tcbInfo: { tcbLevels }, revokedByPlatformCa });
}

function named(svn: number, at: number): Readonly<Record<string, unknown>> {
  return at < 8 ? { svn, category: 'OS/VMM', type: 'SGX Late Microcode Update' } : { svn };
}

/** Signed bytes of a version 4 quote, and where its report data is. */
const quoteSigned = 632;
const quoteReportData = 568;

function tdxMachine(intel: ReturnType<typeof createSimulatedIntel>, now: number): Machine {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));
  const signature = (data: Uint8Array) =>
    new Uint8Array(sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' }));
  const platform = {
    ...createSimulatedPlatform(intel, { now, random }),
    attestationKey: { kind: 'P-256', point: spki.subarray(-64), spki, sign: signature } as const,
  };
  const evidence = buildTdxQuote(platform, { mrtd: random(48), reportData: random(64) });
  return {
    evidence,
    another() {
      const quote = evidence.slice();
      quote.set(random(64), quoteReportData);
      quote.set(signature(quote.subarray(0, quoteSigned)), quoteSigned + 4);
      return quote;
    },
  };
}

function signedAgainSnp(evidence: Uint8Array, key: KeyObject): Uint8Array {
  const report = evidence.slice();
  report.set(random(64), snpLayout.reportData[0]);
  const signature = sign('sha384', report.subarray(0, snpSignedBytes), { key, dsaEncoding: 'ieee-p1363' });
  report.set(signature.subarray(0, 48).toReversed(), snpLayout.signatureR[0]);
  report.set(signature.subarray(48).toReversed(), snpLayout.signatureS[0]);
  return report;
}

/** @param scalar hex */
function p384Key(scalar: string): KeyObject {
  const point = Buffer.from(p384Signer(scalar).spki).subarray(-96);
  const d = base64url(Buffer.from(scalar, 'hex'));
  const jwk = { kty: 'EC', crv: 'P-384', d, x: base64url(point.subarray(0, 48)), y: base64url(point.subarray(48)) };
  return createPrivateKey({ key: jwk, format: 'jwk' });
}

const base64url = (bytes: Buffer): string => bytes.toString('base64url');
