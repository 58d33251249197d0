import type { AmdProduct } from '../../anchors.ts';
import { createChecks } from '../../checks.ts';
import { toHex } from '../../readers/bytes.ts';
import { parseCrl } from '../../readers/crl.ts';
import type { Certificate } from '../../readers/x509.ts';
import { parseSnpReport } from '../../snp/report.ts';
import { verifySnp } from '../../snp/verify.ts';
import { selfIssued } from '../certificates.ts';
import { checkAllowed } from './allowed.ts';
import { checkStatedNonce } from './report-data.ts';
import type { Family, FamilyInput } from '../family.ts';

/** SEV-SNP: a report, and endorsement key, intermediate and root in any order and any number of files. */
export const snpFamily: Family = {
  family: 'snp',
  expects: 'an SNP report of 1184 bytes',
  kinds: ['snp-report'],
  verify(input) {
    const [report] = input.set.of('snp-report');
    const bytes = report?.bytes ?? input.set.of('bytes')[0]?.bytes ?? new Uint8Array();
    const chain = amdChain(bytes, input.set.certificates);
    const crl = amdCrl(chain, input);
    const { verdict, report: parsed } = verifySnp({
      name: 'cpu0',
      report: bytes,
      certificates: chain.map(({ der }) => der),
      policy: input.policy.snp,
      anchors: input.anchors,
      now: input.now,
      crypto: input.crypto,
      ...(crl === undefined ? {} : { crl }),
    });
    const rows = createChecks();
    checkAllowed(rows, input.policy, 'snp');
    checkStatedNonce(rows, input.nonce, parsed?.reportData, input.crypto);
    return {
      submodules: [verdict],
      binding: rows.checks,
      chains: [{ name: 'cpu0', certificates: chain }],
      used: input.set.of('snp-report', 'certificates', 'revocation-list'),
      notChecked:
        input.nonce === undefined
          ? ['REPORT_DATA: which keys or nonce the guest bound, nobody said what to expect.']
          : [],
    };
  },
};

/**
 * Leaf, intermediate and root by what they are, not by whom they name: a chain of the wrong kind must reach the verifier
 * whole, so that it can say what is wrong. The leaf is of the kind that the report says signed it.
 */
export function amdChain(report: Uint8Array, pool: readonly Certificate[]): Certificate[] {
  const parsed = parseSnpReport(report);
  const wanted = parsed.ok && parsed.value.signingKey === 1 ? 'SEV-VLEK' : 'SEV-VCEK';
  const leaves = pool.filter(({ basicConstraints }) => basicConstraints?.ca !== true);
  const leaf = leaves.find(({ subject }) => subject.commonName === wanted) ?? leaves[0];
  const authorities = pool.filter((one) => one !== leaf && one.basicConstraints?.ca === true && !selfIssued(one));
  const roots = pool.filter((one) => one.basicConstraints?.ca === true && selfIssued(one));
  const intermediate = issuerOf(leaf, authorities);
  const root = issuerOf(intermediate, roots);
  return [leaf, intermediate, root].filter((one) => one !== undefined);
}

/** The one that the certificate names, else the first: the verifier then tells the mismatch. */
function issuerOf(certificate: Certificate | undefined, pool: readonly Certificate[]): Certificate | undefined {
  const name = certificate === undefined ? '' : toHex(certificate.issuer.der);
  return pool.find(({ subject }) => toHex(subject.der) === name) ?? pool[0];
}

/** A CRL of the root among the files, else the newest imported one for its product. */
export function amdCrl(chain: readonly Certificate[], input: FamilyInput): Uint8Array | undefined {
  const root = chain[2];
  const given = input.set.of('revocation-list').find(({ bytes }) => {
    const crl = parseCrl(bytes);
    return crl.ok && root !== undefined && toHex(crl.value.issuer.der) === toHex(root.subject.der);
  });
  if (given !== undefined) return given.bytes;
  const product = amdProduct(root);
  return product === undefined ? undefined : input.collateral?.amdCrl(product);
}

function amdProduct(root: Certificate | undefined): AmdProduct | undefined {
  const name = root?.subject.commonName?.replace(/^ARK-/, '');
  return name === 'Milan' || name === 'Genoa' || name === 'Turin' ? name : undefined;
}
