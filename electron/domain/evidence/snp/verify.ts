import type { SubmoduleVerdict } from '../../../contract/evidence.ts';
import type { Policy } from '../../../contract/policy.ts';
import type { AmdProduct, TrustAnchors } from '../anchors.ts';
import { assertClock, createVerdict, type VerdictBuilder } from '../checks.ts';
import type { EvidenceCrypto } from '../crypto.ts';
import { concat, isZero, toHex } from '../readers/bytes.ts';
import { validatePath } from '../readers/chain.ts';
import { parseCrl, validateCrl } from '../readers/crl.ts';
import { parseCertificate, type Certificate } from '../readers/x509.ts';
import { appraiseSnp } from './appraise.ts';
import { parseSnpReport, snpClaims, type SnpReport } from './report.ts';
import { decodeTcb, productOfCpuid, tcbText } from './tcb.ts';
import { readEndorsement, type EndorsementClaims } from './vcek.ts';

export interface SnpInput {
  /** `cpu0` */
  readonly name: string;
  readonly report: Uint8Array;
  /** DER, leaf first: VCEK or VLEK, ASK or ASVK, ARK. */
  readonly certificates: readonly Uint8Array[];
  /** DER of the CRL that the ARK signs. */
  readonly crl?: Uint8Array;
  /** Where to find it once the pinned root says which product it is; asked only without `crl`. */
  readonly crlOf?: (product: AmdProduct) => Uint8Array | undefined;
  readonly policy: Policy['snp'];
  readonly anchors: TrustAnchors;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly crypto: EvidenceCrypto;
}

export interface SnpResult {
  readonly verdict: SubmoduleVerdict;
  /** Present when the report could be read, whatever the verdict. */
  readonly report: SnpReport | undefined;
}

/** AMD's key service dates a VCEK when it is first asked for: a new chip must not fail on a desk whose clock is behind. */
const leafDatedAhead = 2 * 3600 * 1000;

/**
 * Verifies SEV-SNP evidence (ATTESTATION §4.2): format, certificate path to a pinned ARK, endorsement extensions against
 * the report, report signature, revocation, then the policy. Says nothing about what REPORT_DATA must be.
 * @throws TypeError when `now` is not finite
 */
export function verifySnp(input: SnpInput): SnpResult {
  assertClock(input.now);
  const { crypto } = input;
  const verdict = createVerdict({
    name: input.name,
    family: 'snp',
    evidenceSha256: toHex(crypto.sha256(input.report)),
  });
  const parsed = parseSnpReport(input.report);
  if (!parsed.ok) {
    verdict.fail('snp.format', 'The report is a well-formed SNP report', 'evidence-malformed', {
      detail: parsed.detail,
    });
    return { verdict: verdict.build(), report: undefined };
  }
  const report = parsed.value;
  verdict.pass('snp.format', 'The report is a well-formed SNP report', { found: `version ${report.version}` });
  for (const [name, value] of snpClaims(report)) verdict.claim(name, value);
  verdict.measurement('measurement', toHex(report.measurement));
  const chain = readChain(verdict, input.certificates);
  const product = chain === undefined ? undefined : checkChain(verdict, chain, report, input);
  appraiseSnp(verdict, report, product, input.policy, crypto);
  return { verdict: verdict.build(), report };
}

type Chain = readonly [leaf: Certificate, intermediate: Certificate, root: Certificate];

function readChain(verdict: VerdictBuilder, certificates: readonly Uint8Array[]): Chain | undefined {
  const title = 'Three certificates: endorsement key, AMD intermediate, AMD root';
  const found: Certificate[] = [];
  for (const der of certificates.slice(0, 4)) {
    const parsed = parseCertificate(der);
    if (!parsed.ok) {
      verdict.fail('snp.certificates', title, 'certificate-malformed', { detail: parsed.detail });
      return undefined;
    }
    found.push(parsed.value);
  }
  const [leaf, intermediate, root] = found;
  if (found.length !== 3 || leaf === undefined || intermediate === undefined || root === undefined) {
    verdict.fail('snp.certificates', title, 'chain-incomplete', {
      detail: `${certificates.length} certificates were given.`,
    });
    return undefined;
  }
  verdict.pass('snp.certificates', title, { found: found.map(({ subject }) => subject.commonName).join(' ← ') });
  return [leaf, intermediate, root];
}

/** All that needs the certificates. @returns the product when root, chip and endorsement agree on it */
function checkChain(verdict: VerdictBuilder, chain: Chain, report: SnpReport, input: SnpInput): AmdProduct | undefined {
  const { crypto, anchors, now } = input;
  const [leaf, intermediate, root] = chain;
  const roots = anchors.amd.map(({ sha256 }) => sha256);
  const title = anchors.simulated
    ? "The certificates lead to the local network's SIMULATED AMD root"
    : 'The certificates lead to a pinned AMD root';
  const problems = validatePath({ chain, anchors: roots, now, crypto, leafDatedAhead });
  const [problem] = problems;
  verdict.judge('snp.chain', title, problem === undefined, problem?.reason ?? '', {
    detail: () => problems.map((found) => found.detail).join(' '),
  });
  const rootHash = toHex(crypto.sha256(root.der));
  const rootProduct = anchors.amd.find(({ sha256 }) => sha256 === rootHash)?.product;
  const claims = readEndorsement(leaf);
  const product = checkProduct(verdict, report, rootProduct, claims.ok ? claims.value : undefined);
  checkRoles(verdict, chain, report, rootProduct);
  verdict.judge(
    'snp.signature',
    'The report is signed by the endorsement key',
    report.signatureAlgorithm === 1 &&
      leaf.publicKey.kind === 'P-384' &&
      crypto.verifyEcdsa({
        curve: 'P-384',
        hash: 'sha384',
        key: { point: leaf.publicKey.key },
        encoding: 'raw',
        signature: report.signature,
        data: report.signed,
      }),
    'report-signature',
    {
      detail: 'The ECDSA P-384 signature does not fit the report and the key: one of them was changed or is another’s.',
    },
  );
  if (claims.ok) checkEndorsement(verdict, claims.value, report, product);
  else {
    const words = { detail: claims.detail };
    verdict.fail(
      'snp.endorsement.tcb',
      'The key was derived for the reported firmware',
      'endorsement-malformed',
      words,
    );
  }
  const crl = input.crl ?? (rootProduct === undefined ? undefined : input.crlOf?.(rootProduct));
  checkRevocation(verdict, intermediate, root, crl, input);
  return product;
}

function checkProduct(
  verdict: VerdictBuilder,
  report: SnpReport,
  rootProduct: AmdProduct | undefined,
  claims: EndorsementClaims | undefined,
): AmdProduct | undefined {
  // Version 2 has no CPUID: the endorsement, which AMD signed, is then the only word on the product.
  const chip = report.cpuid === undefined ? claims?.product : productOfCpuid(report.cpuid);
  const agreed = chip !== undefined && chip === rootProduct && chip === claims?.product;
  verdict.judge('snp.product', 'Chip, endorsement and root are of one product line', agreed, 'product-mismatch', {
    detail: `Chip: ${chip ?? 'unknown'}; endorsement: ${claims?.productName ?? 'unreadable'}; root: ${rootProduct ?? 'not pinned'}.`,
    ...(chip === undefined ? {} : { found: chip }),
  });
  // Layout of the TCB follows the signed report first.
  return chip ?? claims?.product;
}

function checkRoles(
  verdict: VerdictBuilder,
  [leaf, intermediate, root]: Chain,
  report: SnpReport,
  product: AmdProduct | undefined,
): void {
  const loaded = report.signingKey === 1;
  const expected = [
    loaded ? 'SEV-VLEK' : 'SEV-VCEK',
    `SEV-${loaded ? 'VLEK-' : ''}${product ?? '?'}`,
    `ARK-${product ?? '?'}`,
  ];
  const found = [leaf, intermediate, root].map(({ subject }) => subject.commonName ?? '');
  const named = expected.every((name, at) => name === found[at]);
  verdict.judge(
    'snp.chain.roles',
    'The certificates are of the key that the report says signed it',
    named && (report.signingKey === 0 || report.signingKey === 1),
    'signing-key-mismatch',
    { expected: expected.join(' ← '), found: found.join(' ← '), detail: `SIGNING_KEY is ${report.signingKey}.` },
  );
  const algorithms = [leaf, intermediate, root].every(
    ({ algorithm }) => algorithm.kind === 'rsa-pss' && algorithm.hash === 'sha384' && algorithm.saltLength === 48,
  );
  verdict.judge('snp.chain.algorithms', 'AMD signed with RSA-PSS and SHA-384', algorithms, 'chain-algorithm', {
    detail: 'A certificate is signed with another algorithm than AMD uses.',
  });
}

function checkEndorsement(
  verdict: VerdictBuilder,
  claims: EndorsementClaims,
  report: SnpReport,
  product: AmdProduct | undefined,
): void {
  const reported = product === undefined ? undefined : tcbText(decodeTcb(report.reportedTcb, product));
  const certified = tcbText(claims.tcb);
  verdict.judge(
    'snp.endorsement.tcb',
    'The key was derived for the reported firmware',
    reported === certified,
    'endorsement-tcb-mismatch',
    { expected: certified, found: reported ?? 'unknown product', detail: 'REPORTED_TCB differs from the certificate.' },
  );
  const title = 'The endorsement is of this chip';
  if (report.signingKey === 1) {
    verdict.judge(
      'snp.endorsement.chip',
      'The VLEK names its cloud provider',
      claims.cspId !== undefined,
      'endorsement-csp-missing',
      {
        detail: 'The certificate has no CSP id.',
        ...(claims.cspId === undefined ? {} : { found: claims.cspId }),
      },
    );
    verdict.notChecked('Which chip it is: a VLEK is loaded by the cloud provider and names no chip.');
    return;
  }
  if (claims.hardwareId === undefined) {
    verdict.fail('snp.endorsement.chip', title, 'endorsement-chip-missing', { detail: 'The VCEK has no hardware id.' });
  } else if (report.chipKeyMasked || isZero(report.chipId)) {
    verdict.unknown('snp.endorsement.chip', title, 'chip-id-masked', {
      detail: 'The host masks CHIP_ID, so the report does not say which chip made it.',
    });
  } else {
    const expected = concat(claims.hardwareId, new Uint8Array(64 - claims.hardwareId.length));
    verdict.judge('snp.endorsement.chip', title, toHex(expected) === toHex(report.chipId), 'chip-id-mismatch', {
      detail: 'CHIP_ID differs from the hardware id in the certificate.',
      expected: toHex(expected),
      found: toHex(report.chipId),
    });
  }
}

function checkRevocation(
  verdict: VerdictBuilder,
  intermediate: Certificate,
  root: Certificate,
  list: Uint8Array | undefined,
  input: SnpInput,
): void {
  const title = "AMD's intermediate is not revoked";
  if (list === undefined) {
    const required = input.policy.requireRevocation === true;
    verdict.unknown('snp.revocation', title, 'crl-not-given', {
      detail: required
        ? 'The policy demands that revocation is checked, and no AMD CRL was given. Import the one of this product.'
        : 'No AMD CRL was given.',
      required,
    });
    verdict.notChecked(`Revocation of ${intermediate.subject.commonName ?? 'the intermediate'}: no CRL was given.`);
  } else {
    const crl = parseCrl(list);
    if (!crl.ok) verdict.fail('snp.revocation', title, 'crl-malformed', { detail: crl.detail });
    else {
      const [problem] = validateCrl(crl.value, root, input.now, input.crypto);
      const revoked = crl.value.revoked.has(intermediate.serial);
      verdict.judge(
        'snp.revocation',
        title,
        problem === undefined && !revoked,
        // A list that is too old still says what it says: people may judge its age, never the revocation.
        revoked && (problem === undefined || problem.reason === 'crl-expired' || problem.reason === 'crl-not-yet-valid')
          ? 'certificate-revoked'
          : (problem?.reason ?? ''),
        {
          detail: [problem?.detail, revoked ? `${intermediate.subject.text} was revoked by AMD.` : undefined]
            .filter((sentence) => sentence !== undefined)
            .join(' '),
        },
      );
    }
  }
  verdict.notChecked('Revocation of the endorsement key itself: AMD publishes no list of single chips.');
}
