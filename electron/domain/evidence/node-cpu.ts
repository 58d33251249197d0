import type { SubmoduleVerdict } from '../../contract/evidence.ts';
import type { Challenge, CpuEvidence } from '../../contract/node-evidence.ts';
import type { Policy } from '../../contract/policy.ts';
import { decodeBase64 } from '../encoding/base64.ts';
import type { TrustAnchors } from './anchors.ts';
import type { CheckRows } from './checks.ts';
import type { EvidenceCrypto } from './crypto.ts';
import { readDcapCollateral, type DcapCollateral } from './dcap/collateral.ts';
import { readPckClaims } from './dcap/pck.ts';
import type { CollateralSource } from './files/family.ts';
import { quoteChain } from './files/families/dcap.ts';
import { evidenceFilePolicy } from './files/default-policy.ts';
import { allowedRegisters, checkOysterImage, documentChain } from './nitro/appraise.ts';
import { parseNitroDocument } from './nitro/document.ts';
import { verifyNitro } from './nitro/verify.ts';
import { fromHex } from './readers/bytes.ts';
import { parseCertificate, type Certificate } from './readers/x509.ts';
import { verifySnp } from './snp/verify.ts';
import { verifyTdx } from './tdx/verify.ts';

/** What is asked of the CPU of a node. */
export interface NodeCpuRequest {
  readonly challenge: Challenge;
  readonly policy: Policy;
  readonly anchors: TrustAnchors;
  readonly collateral?: CollateralSource;
  /** Evidence from the past: its age is then no question. */
  readonly archived: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly crypto: EvidenceCrypto;
}

export interface NodeCpu {
  readonly verdict: SubmoduleVerdict;
  /** The bytes that the hardware signed for the guest, whole; undefined when there are none to read. */
  readonly reportData: Uint8Array | undefined;
}

/**
 * Verifies the CPU evidence of a node, whatever its family. Where the guest's 64 bytes stand differs: REPORT_DATA of SNP
 * and TDX, `user_data` of Nitro, which signs the nonce of the challenge besides. Comparing them is the caller's.
 */
export function judgeNodeCpu(rows: CheckRows, cpu: CpuEvidence, request: NodeCpuRequest): NodeCpu {
  if (cpu.family === 'tdx') return judgeTdx(rows, cpu, request);
  if (cpu.family === 'nitro') return judgeNitro(rows, cpu, request);
  const { policy, anchors, now, crypto, collateral } = request;
  const { verdict, report } = verifySnp({
    name: 'cpu0',
    report: bytesOf(cpu.report),
    certificates: cpu.certificates.map(bytesOf),
    policy: policy.snp,
    anchors,
    now,
    crypto,
    ...(collateral === undefined ? {} : { crlOf: collateral.amdCrl }),
  });
  return { verdict, reportData: report?.reportData };
}

type Of<Family extends CpuEvidence['family']> = Extract<CpuEvidence, { family: Family }>;

function judgeTdx(rows: CheckRows, cpu: Of<'tdx'>, request: NodeCpuRequest): NodeCpu {
  const { policy, anchors, now, crypto, collateral } = request;
  // A policy without the section was refused by its own row; the rest is then judged strictly.
  const tdx = policy.tdx ?? evidenceFilePolicy.tdx;
  if (tdx === undefined) throw new Error('the default policy speaks of TDX');
  const quote = bytesOf(cpu.quote);
  const highest = collateral?.highestEvaluationDataNumber?.('tdx');
  const { verdict, quote: parsed } = verifyTdx({
    name: 'cpu0',
    quote,
    collateral: collateralOf(rows, cpu, quote, request),
    policy: tdx,
    anchors,
    now,
    crypto,
    ...(highest === undefined ? {} : { highestEvaluationDataNumber: highest }),
  });
  return { verdict, reportData: parsed?.td.reportData };
}

/** The desk's own, else the node's: that is as genuine, but its provider chose how old it is. */
function collateralOf(
  rows: CheckRows,
  cpu: Of<'tdx'>,
  quote: Uint8Array,
  { collateral }: NodeCpuRequest,
): DcapCollateral | undefined {
  const [leaf] = quoteChain(quote);
  const claims = leaf === undefined ? undefined : readPckClaims(leaf);
  const own =
    leaf === undefined || claims?.ok !== true
      ? undefined
      : collateral?.dcap({ tee: 'tdx', fmspc: claims.value.fmspc, authority: leaf.issuer.commonName ?? '' });
  if (own !== undefined || cpu.collateral === undefined) return own;
  const read = readDcapCollateral(cpu.collateral);
  if (read.ok) return read.value;
  rows.fail('collateral.format', 'The collateral can be read', 'collateral-malformed', { detail: `${read.detail}.` });
  return undefined;
}

function judgeNitro(rows: CheckRows, cpu: Of<'nitro'>, request: NodeCpuRequest): NodeCpu {
  const { challenge, policy, anchors, now, crypto, archived } = request;
  const nitro = policy.nitro ?? { pcrs: {}, oysterImageIds: [] };
  const document = bytesOf(cpu.document);
  const parsed = parseNitroDocument(document);
  const found = parsed.ok ? parsed.value : undefined;
  const { verdict } = verifyNitro({
    name: 'cpu0',
    document,
    nonce: fromHex(challenge.nonce) ?? new Uint8Array(),
    pcrs: allowedRegisters(nitro, found, crypto),
    anchors,
    now,
    crypto,
    archived,
  });
  checkOysterImage(rows, nitro, found, crypto);
  return { verdict, reportData: found?.userData };
}

/** The certificates of CPU evidence, leaf first, as far as they can be read. */
export function cpuCertificates(cpu: CpuEvidence): Certificate[] {
  if (cpu.family === 'tdx') return quoteChain(bytesOf(cpu.quote));
  if (cpu.family === 'nitro') {
    const document = parseNitroDocument(bytesOf(cpu.document));
    return document.ok ? documentChain(document.value) : [];
  }
  return readable(cpu.certificates);
}

/** Certificates in base64; one that cannot be read ends the list. */
export function readable(certificates: readonly string[]): Certificate[] {
  const found: Certificate[] = [];
  for (const text of certificates) {
    const certificate = parseCertificate(bytesOf(text));
    if (!certificate.ok) break;
    found.push(certificate.value);
  }
  return found;
}

function bytesOf(base64: string): Uint8Array {
  // Not base64 becomes no bytes, which no parser takes for evidence.
  return decodeBase64(base64) ?? new Uint8Array();
}
