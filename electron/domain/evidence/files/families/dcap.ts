import type { SgxPolicy, TdxPolicy } from '../../../../contract/policy.ts';
import { createChecks, type CheckRows } from '../../checks.ts';
import { readDcapCollateral, type DcapCollateral } from '../../dcap/collateral.ts';
import { parseQuote } from '../../dcap/quote.ts';
import { parseTcbInfo } from '../../dcap/documents.ts';
import { readPckClaims } from '../../dcap/pck.ts';
import { parsePemCertificates } from '../../readers/pem.ts';
import { parseCertificate, type Certificate } from '../../readers/x509.ts';
import { verifySgx } from '../../sgx/verify.ts';
import { verifyTdx } from '../../tdx/verify.ts';
import type { Artifact } from '../artifact.ts';
import { collateralOfParts } from '../collateral-parts.ts';
import type { Family, FamilyInput, FamilyOutcome } from '../family.ts';
import { checkAllowed } from './allowed.ts';
import { checkStatedNonce } from './report-data.ts';
import { evidenceFilePolicy } from '../default-policy.ts';

/** Intel TDX: a quote, and collateral from the files or from what was imported. */
export const tdxFamily: Family = {
  family: 'tdx',
  expects: 'a TDX quote of version 4 or 5',
  kinds: ['tdx-quote'],
  verify: (input) => verifyQuote(input, 'tdx'),
};

/** Intel SGX, in the same way. */
export const sgxFamily: Family = {
  family: 'sgx',
  expects: 'an SGX quote of version 3',
  kinds: ['sgx-quote'],
  verify: (input) => verifyQuote(input, 'sgx'),
};

/** One quote with its collateral. @param reportData what its 64 bytes must be, when that is known */
export function verifyQuote(input: FamilyInput, tee: 'tdx' | 'sgx', reportData?: Uint8Array): FamilyOutcome {
  const { set, policy, anchors, now, crypto } = input;
  const [artifact] = set.of(tee === 'tdx' ? 'tdx-quote' : 'sgx-quote');
  const quote = artifact?.bytes ?? set.of('bytes')[0]?.bytes ?? new Uint8Array();
  const chain = quoteChain(quote);
  const rows = createChecks();
  const collateral = dcapCollateral(rows, input, tee, chain);
  const highest = input.collateral?.highestEvaluationDataNumber?.(tee);
  const request = {
    name: 'cpu0',
    quote,
    collateral,
    anchors,
    now,
    crypto,
    ...(highest === undefined ? {} : { highestEvaluationDataNumber: highest }),
    ...(reportData === undefined ? {} : { reportData }),
  };
  const { verdict, quote: parsed } =
    tee === 'tdx'
      ? verifyTdx({ ...request, policy: policy.tdx ?? strictTdx() })
      : verifySgx({ ...request, policy: policy.sgx ?? strictSgx() });
  const found = parsed === undefined ? undefined : 'td' in parsed ? parsed.td.reportData : parsed.enclave.reportData;
  checkStatedNonce(rows, input.nonce, found, crypto);
  checkAllowed(rows, policy, tee);
  return {
    submodules: [verdict],
    binding: rows.checks,
    chains: [{ name: 'cpu0', certificates: chain }],
    used: set.of(tee === 'tdx' ? 'tdx-quote' : 'sgx-quote', 'dcap-collateral'),
    notChecked:
      reportData === undefined && input.nonce === undefined
        ? ['REPORTDATA: which keys or nonce the guest bound, nobody said what to expect.']
        : [],
  };
}

/** The PCK chain that the quote carries; empty when it cannot be read. */
export function quoteChain(quote: Uint8Array): Certificate[] {
  const parsed = parseQuote(quote);
  if (!parsed.ok) return [];
  const pem = Array.from(parsed.value.signature.certificationData, (byte) => String.fromCharCode(byte)).join('');
  const ders = parsePemCertificates(pem);
  if (!ders.ok) return [];
  return ders.value.flatMap((der) => {
    const certificate = parseCertificate(der);
    return certificate.ok ? [certificate.value] : [];
  });
}

/** Collateral beside the quote, else imported collateral for its platform. What cannot be read fails by name. */
export function dcapCollateral(
  rows: CheckRows,
  { set, collateral }: Pick<FamilyInput, 'set' | 'collateral'>,
  tee: 'tdx' | 'sgx',
  chain: readonly Certificate[],
): DcapCollateral | undefined {
  const [leaf] = chain;
  const claims = leaf === undefined ? undefined : readPckClaims(leaf);
  const all = set.of('dcap-collateral');
  const fits = (artifact: Artifact) => claims?.ok === true && isFor(artifact, tee, claims.value.fmspc);
  const given = all.length > 1 ? (all.find(fits) ?? all[0]) : all[0];
  const source = given?.bytes ?? collateralOfParts(set, chain[1]);
  if (source !== undefined) {
    const read = readDcapCollateral(source);
    if (read.ok) return read.value;
    rows.fail('collateral.format', 'The collateral can be read', 'collateral-malformed', {
      detail: `${given?.name ?? 'The files of collateral'}: ${read.detail}.`,
    });
    return undefined;
  }
  if (leaf === undefined || claims?.ok !== true) return undefined;
  return collateral?.dcap({ tee, fmspc: claims.value.fmspc, authority: leaf.issuer.commonName ?? '' });
}

/** What collateral says it is for, unverified: only to choose among several. */
function isFor(artifact: Artifact, tee: 'tdx' | 'sgx', fmspc: string): boolean {
  const read = readDcapCollateral(artifact.bytes);
  const info = read.ok ? parseTcbInfo(read.value.tcbInfo) : read;
  return info.ok && info.value.id === (tee === 'tdx' ? 'TDX' : 'SGX') && info.value.fmspc === fmspc;
}

function strictTdx(): TdxPolicy {
  if (evidenceFilePolicy.tdx === undefined) throw new Error('the default policy speaks of TDX');
  return evidenceFilePolicy.tdx;
}

function strictSgx(): SgxPolicy {
  if (evidenceFilePolicy.sgx === undefined) throw new Error('the default policy speaks of SGX');
  return evidenceFilePolicy.sgx;
}
