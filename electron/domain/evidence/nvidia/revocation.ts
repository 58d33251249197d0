import type { VerdictBuilder } from '../checks.ts';
import type { Certificate } from '../readers/x509.ts';
import { judgeCertificate, type RevocationInput } from './certificate-standing.ts';

export interface RevocationRow {
  /** `gpu.revocation` */
  readonly id: string;
  readonly title: string;
  /** Whose certificates, for sentences: `device`. */
  readonly whose: string;
  /** Leaf first, root last; trusted by another row. */
  readonly chain: readonly Certificate[];
  /**
   * NVIDIA answers for everything between attestation key and root. The attestation key's own certificate is made by the
   * device: an answer about it counts, and none is missed.
   */
  readonly leafIsDevice: boolean;
  /** Whether a policy lets nothing go out while this is undecided. */
  readonly required: boolean;
}

/**
 * One row: revocation of a chain's certificates (ATTESTATION §4.4). Fails when one is revoked, on hold or unknown to its
 * responder, or an answer is forged; undecided while an answer is missing or not current.
 */
export function checkRevocation(
  verdict: Pick<VerdictBuilder, 'pass' | 'fail' | 'unknown' | 'notChecked'>,
  { id, title, whose, chain, leafIsDevice, required }: RevocationRow,
  input: RevocationInput,
): void {
  const standings = chain.slice(0, -1).map((certificate, at) => ({
    // A chain without anything between leaf and root leaves only the leaf to ask about.
    wanted: at > 0 || !leafIsDevice || chain.length === 2,
    ...judgeCertificate(certificate, chain[at + 1] ?? certificate, input),
  }));
  const bad = standings.find((one) => one.standing === 'bad');
  const open = standings.flatMap((one) => (one.wanted && one.standing === 'undecided' ? [one] : []));
  const good = standings.flatMap((one) => (one.standing === 'good' ? [one] : []));
  const expected = `${standings.filter(({ wanted }) => wanted).length} good`;
  const found = `${good.length} good`;
  if (bad !== undefined) {
    verdict.fail(id, title, bad.reason, { detail: bad.detail, expected, found });
  } else if (open.length > 0 || good.length === 0) {
    const stale = open.find(({ reason }) => reason === 'ocsp-not-current');
    const words = open.map(({ detail }) => detail).join(' ') || 'There is no certificate that could be asked about.';
    const detail = required
      ? `The policy demands that revocation is checked. ${words} Import the newest answers of NVIDIA's service.`
      : words;
    verdict.unknown(id, title, stale?.reason ?? 'ocsp-not-given', { detail, expected, found, required });
    verdict.notChecked(
      `Revocation of ${open.length} ${whose} ${open.length === 1 ? 'certificate' : 'certificates'}: NVIDIA answers only over OCSP, and ${
        stale === undefined ? 'no answer was given' : 'no current answer was given'
      }.`,
    );
  } else {
    verdict.pass(id, title, { detail: good.map((one) => one.detail).join('; '), expected, found });
  }
  if (leafIsDevice) {
    verdict.notChecked(
      'Revocation of the attestation certificate itself: the device makes it, and nobody is asked about it.',
    );
  }
  const unasked = new Set(good.flatMap((one) => (one.unasked === undefined ? [] : [one.unasked.subject.text])));
  for (const name of unasked)
    verdict.notChecked(`Revocation of the OCSP responder ${name}: its issuer does not say that it need not be asked.`);
}
