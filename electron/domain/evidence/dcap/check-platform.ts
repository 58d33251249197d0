import type { VerdictBuilder } from '../checks.ts';
import type { EvidenceCrypto } from '../crypto.ts';
import { isZero, sameBytes, toHex } from '../readers/bytes.ts';
import { validateCrl, type RevocationList } from '../readers/crl.ts';
import type { Certificate } from '../readers/x509.ts';
import { pckClaims } from './claims.ts';
import type { Certification, StatedPlatform } from './certification.ts';
import type { EnclaveReport } from './enclave-report.ts';
import type { Quote } from './quote.ts';
import {
  pathProblems,
  readPlatform,
  rememberPlatform,
  type DcapState,
  type PckPlatform,
  type PreparedCollateral,
  type PreparedList,
} from './state.ts';

/** Intel's own quoting enclave provider; the only one whose identities Intel publishes. */
const intelQeVendor = Uint8Array.of(
  0x93,
  0x9a,
  0x72,
  0x33,
  0xf7,
  0x9c,
  0x4c,
  0xa9,
  0x94,
  0x0a,
  0x0d,
  0xb3,
  0x95,
  0x7f,
  0x06,
  0x07,
);

/** One run over one quote. */
export interface DcapRun {
  readonly verdict: VerdictBuilder;
  readonly family: 'tdx' | 'sgx';
  readonly quote: Quote;
  /** The quoting enclave's own report, out of the quote. */
  readonly qeReport: EnclaveReport;
  readonly state: DcapState;
  readonly now: number;
  readonly collateral: PreparedCollateral | undefined;
  /** Where the PCK certificate is. */
  readonly certification: Certification;
}

export const noCollateral = { detail: 'No collateral of Intel was given for this platform: fetch or import it.' };

/** Step 1: what can be said of the header once the quote could be read. */
export function checkHeader({ verdict, family, quote }: DcapRun): void {
  const { qeVendorId } = quote.header;
  verdict.judge(
    `${family}.header`,
    "The quote was made by Intel's quoting enclave",
    sameBytes(qeVendorId, intelQeVendor),
    'qe-vendor-unknown',
    {
      detail: 'The header names another vendor of the quoting enclave: nobody publishes what it should be.',
      expected: toHex(intelQeVendor),
      found: toHex(qeVendorId),
    },
  );
}

/** Step 2: PCK ← Platform or Processor CA ← pinned root. @returns the platform when its certificates can be read */
export function checkPck({ verdict, family, certification, state, now }: DcapRun): PckPlatform | undefined {
  const title = 'The PCK certificate of the quote is there with its issuers';
  if (certification.kind === 'refused') {
    const { reason, detail } = certification;
    verdict.fail(`${family}.pck.certificates`, title, reason, { detail });
    return undefined;
  }
  const read = readPlatform(state, certification.pem);
  if (!read.ok) {
    verdict.fail(`${family}.pck.certificates`, title, 'certificate-malformed', { detail: read.detail });
    return undefined;
  }
  const platform = read.value;
  const { leaf, authority, root, claims } = platform;
  const names = [leaf, authority, root].map(({ subject }) => subject.commonName ?? '');
  verdict.pass(`${family}.pck.certificates`, title, { found: names.join(' ← ') });
  const problems = pathProblems(state, platform.path, now);
  verdict.judge(
    `${family}.pck.chain`,
    state.anchors.simulated
      ? "The certificates lead to the local network's SIMULATED Intel root"
      : "The certificates lead to Intel's pinned root",
    problems.length === 0,
    problems[0]?.reason ?? '',
    { detail: () => problems.map(({ detail }) => detail).join(' ') },
  );
  const roles =
    names[0] === 'Intel SGX PCK Certificate' &&
    (names[1] === 'Intel SGX PCK Platform CA' || names[1] === 'Intel SGX PCK Processor CA') &&
    names[2] === 'Intel SGX Root CA' &&
    leaf.basicConstraints?.ca !== true &&
    leaf.publicKey.kind === 'P-256';
  verdict.judge(
    `${family}.pck.roles`,
    'The certificates are a PCK, its CA and the root',
    roles,
    'chain-role-mismatch',
    {
      expected: 'Intel SGX PCK Certificate ← Intel SGX PCK Platform or Processor CA ← Intel SGX Root CA',
      found: names.join(' ← '),
      detail: 'A certificate stands where another kind belongs.',
    },
  );
  const extension = 'The PCK certificate says which platform and TCB it was issued for';
  if (claims.ok) {
    verdict.pass(`${family}.pck.extension`, extension, { found: `FMSPC ${claims.value.fmspc}` });
    pckClaims(verdict, claims.value);
  } else verdict.fail(`${family}.pck.extension`, extension, 'pck-extension-malformed', { detail: claims.detail });
  if (certification.platform !== undefined) checkStatedPlatform(verdict, family, certification.platform, claims);
  // Only good material is kept, so that garbage cannot push it out.
  if (!read.known && problems.length === 0 && roles && claims.ok) rememberPlatform(state, read.key, platform);
  return platform;
}

/** A chain that did not come in the quote must be of the platform that the quote names, as far as it can be read. */
function checkStatedPlatform(
  verdict: VerdictBuilder,
  family: DcapRun['family'],
  stated: StatedPlatform,
  claims: PckPlatform['claims'],
): void {
  const same =
    claims.ok &&
    claims.value.pceId === stated.pceId &&
    (stated.ppid === undefined || claims.value.ppid === stated.ppid);
  verdict.judge(
    `${family}.pck.platform`,
    'The PCK certificate is of the platform that the quote names',
    same,
    'pck-platform-mismatch',
    {
      detail: 'The collateral holds the certificate of another platform.',
      expected: `PPID ${stated.ppid ?? 'encrypted'}, PCEID ${stated.pceId}`,
      found: claims.ok ? `PPID ${claims.value.ppid}, PCEID ${claims.value.pceId}` : 'unreadable',
    },
  );
}

/** Step 3: both lists are genuine and current, and nothing that is relied on is on them. */
export function checkRevocation(run: DcapRun, platform: PckPlatform | undefined): void {
  const { verdict, family, collateral } = run;
  const rootTitle = "Intel's root revocation list is genuine and current";
  const pckTitle = 'The revocation list of the CA that issued this PCK is genuine and current';
  const rootList = checkList(run, `${family}.crl.root`, rootTitle, collateral?.rootCrl, platform?.root);
  const pckList = checkList(run, `${family}.crl.pck`, pckTitle, collateral?.pckCrl, platform?.authority);
  const rows = [
    ['intermediate', 'The CA that issued this PCK is not revoked', rootList, platform?.authority],
    ['pck', 'The PCK certificate is not revoked', pckList, platform?.leaf],
    ['tcb-signer', 'The signer of the TCB info is not revoked', rootList, signer(collateral?.tcbInfo)],
    ['qe-signer', 'The signer of the QE identity is not revoked', rootList, signer(collateral?.qeIdentity)],
  ] as const;
  for (const [name, title, list, certificate] of rows) {
    const id = `${family}.revocation.${name}`;
    if (list === undefined || certificate === undefined) {
      verdict.unknown(id, title, collateral === undefined ? 'collateral-missing' : 'revocation-unknown', {
        detail: 'Without a genuine, current list and a readable certificate nothing is known about revocation.',
      });
    } else {
      verdict.judge(id, title, !list.revoked.has(certificate.serial), 'certificate-revoked', {
        detail: () => `Intel revoked ${certificate.subject.text}, serial ${certificate.serial}.`,
      });
    }
  }
}

function signer(document: PreparedCollateral['tcbInfo' | 'qeIdentity'] | undefined): Certificate | undefined {
  return document?.chain.ok === true ? document.chain.value.certificates[0] : undefined;
}

/** @returns the list when it may be relied on */
function checkList(
  { verdict, state, now }: DcapRun,
  id: string,
  title: string,
  given: PreparedList | undefined,
  issuer: Certificate | undefined,
): RevocationList | undefined {
  if (given === undefined) verdict.unknown(id, title, 'collateral-missing', noCollateral);
  else if (given.kind === 'missing') {
    verdict.fail(id, title, 'crl-missing', { detail: 'The collateral has no such list: revocation is not known.' });
  } else if (!given.list.ok) verdict.fail(id, title, 'crl-malformed', { detail: given.list.detail });
  else if (issuer === undefined) {
    verdict.unknown(id, title, 'chain-unreadable', { detail: 'The certificates of the quote cannot be read.' });
  } else {
    const list = given.list.value;
    const problems = validateCrl(list, issuer, now, state.chainCrypto);
    const [problem] = problems;
    const reason = problem?.reason === 'crl-not-yet-valid' ? 'collateral-not-yet-valid' : (problem?.reason ?? '');
    const good = verdict.judge(id, title, problem === undefined, reason, {
      detail: () => problems.map(({ detail }) => detail).join(' '),
      found: given.window,
    });
    return good ? list : undefined;
  }
  return undefined;
}

/** Steps 4 to 6: PCK key → QE report → attestation key → quote. */
export function checkSignatures({ verdict, family, quote, state }: DcapRun, platform: PckPlatform | undefined): void {
  const { crypto } = state;
  const { signature } = quote;
  // All the same bytes as those that were found good under this PCK certificate.
  const known = platform?.goodKey !== undefined && crypto.equal(platform.goodKey, signature.vouchedKey);
  const signed = known || (platform !== undefined && qeReportSigned(platform, quote, crypto));
  const qeTitle = "The quoting enclave's report is signed by the platform's PCK key";
  if (platform === undefined) {
    verdict.unknown(`${family}.qe.signature`, qeTitle, 'chain-unreadable', { detail: 'There is no PCK certificate.' });
  } else verdict.judge(`${family}.qe.signature`, qeTitle, signed, 'qe-report-signature', words.qeSignature);
  const bound = known || keyBound(quote, crypto);
  verdict.judge(
    `${family}.qe.report-data`,
    'The quoting enclave vouches for this attestation key',
    bound,
    'qe-report-data-mismatch',
    words.reportData,
  );
  // A copy: the quote belongs to the caller.
  if (platform !== undefined && !known && signed && bound) platform.goodKey = signature.vouchedKey.slice();
  verdict.judge(
    `${family}.signature`,
    'The quote is signed by the attestation key',
    crypto.verifyEcdsa({
      curve: 'P-256',
      hash: 'sha256',
      key: { point: signature.attestationKey },
      encoding: 'raw',
      signature: signature.signature,
      data: quote.signed,
    }),
    'quote-signature',
    words.quote,
  );
}

const words = {
  qeSignature: { detail: 'The signature does not fit the report of the quoting enclave and the PCK key.' },
  reportData: { detail: 'REPORTDATA of the quoting enclave is not the hash of the attestation key and its data.' },
  quote: {
    detail: 'The ECDSA P-256 signature does not fit the quote and the key: one of them was changed or is another’s.',
  },
};

function qeReportSigned({ leaf }: PckPlatform, { signature: quote }: Quote, crypto: EvidenceCrypto): boolean {
  return (
    leaf.publicKey.kind === 'P-256' &&
    crypto.verifyEcdsa({
      curve: 'P-256',
      hash: 'sha256',
      key: { point: leaf.publicKey.key },
      encoding: 'raw',
      signature: quote.qeReportSignature,
      data: quote.qeReport,
    })
  );
}

/** REPORTDATA = SHA-256(attestation key ‖ authentication data) ‖ 0. */
function keyBound({ signature }: Quote, crypto: EvidenceCrypto): boolean {
  const { qeReport, attestationKey, qeAuthenticationData } = signature;
  return (
    crypto.equal(qeReport.subarray(320, 352), crypto.sha256(attestationKey, qeAuthenticationData)) &&
    isZero(qeReport.subarray(352, 384))
  );
}
