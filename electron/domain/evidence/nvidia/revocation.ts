import type { Policy } from '../../../contract/policy.ts';
import type { VerdictBuilder } from '../checks.ts';
import type { EvidenceCrypto } from '../crypto.ts';
import { iso } from '../readers/chain.ts';
import { whyNotAuthentic, type OcspProblem } from '../readers/ocsp-authority.ts';
import {
  certificateIdFits,
  isOnHold,
  parseOcsp,
  type OcspAnswer,
  type OcspCertificateId,
  type OcspSingle,
} from '../readers/ocsp.ts';
import type { Certificate } from '../readers/x509.ts';

/** OCSP answers (DER) with an id that fits; of any age, signed by anybody: they are judged here. */
export type OcspSource = (fits: (id: OcspCertificateId) => boolean) => readonly Uint8Array[];

export interface RevocationInput {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly crypto: EvidenceCrypto;
  readonly answers: OcspSource;
  /** What the answers were asked with; undefined for kept answers, which were made for whoever asked then. */
  readonly nonce?: Uint8Array;
}

export type RevocationReason =
  | OcspProblem['reason']
  | 'certificate-revoked'
  | 'certificate-on-hold'
  | 'ocsp-malformed'
  | 'ocsp-not-current'
  | 'ocsp-nonce-mismatch'
  | 'ocsp-status-unknown'
  | 'ocsp-not-given';

export type CertificateStanding =
  | { readonly standing: 'good'; readonly detail: string }
  | { readonly standing: 'bad' | 'not-given'; readonly reason: RevocationReason; readonly detail: string };

interface Said {
  readonly answer: OcspAnswer;
  readonly single: OcspSingle;
}

/**
 * What OCSP answers say of one certificate. The newest that speaks for the issuer counts. A revocation counts whatever the age
 * of the answer: keeping it until it is stale must not make a device good again.
 */
export function judgeCertificate(
  certificate: Certificate,
  issuer: Certificate,
  input: RevocationInput,
): CertificateStanding {
  const { now, crypto } = input;
  const name = certificate.subject.text;
  const fits = (id: OcspCertificateId) => certificateIdFits(id, certificate, issuer, crypto);
  const said: Said[] = [];
  const problems: { readonly reason: RevocationReason; readonly detail: string }[] = [];
  for (const der of input.answers(fits)) {
    const parsed = parseOcsp(der);
    if (!parsed.ok) {
      problems.push({ reason: 'ocsp-malformed', detail: `The OCSP answer about ${name}: ${parsed.detail}.` });
      continue;
    }
    const singles = parsed.value.singles.filter((single) => fits(single.certificate));
    if (singles.length === 0) continue;
    const problem = whyNotAuthentic(parsed.value, issuer, now, crypto);
    if (problem === undefined) said.push(...singles.map((single) => ({ answer: parsed.value, single })));
    else problems.push(problem);
  }
  const newestFirst = said.toSorted(
    (a, b) =>
      b.single.thisUpdate - a.single.thisUpdate || b.answer.producedAt - a.answer.producedAt || worse(b) - worse(a),
  );
  const [newest] = newestFirst;
  if (newest === undefined) {
    const [problem] = problems;
    if (problem !== undefined) return { standing: 'bad', ...problem };
    return { standing: 'not-given', reason: 'ocsp-not-given', detail: `No OCSP answer about ${name} was given.` };
  }
  if (newest.single.status.kind === 'revoked') return refused(name, newest);
  // Evidence of the past is judged by what was said then, where both are at hand.
  return standingOf(name, newestFirst.find(({ single }) => single.thisUpdate <= now) ?? newest, input);
}

/** Two answers of one moment that contradict each other: the worse one counts. */
function worse({ single }: Said): number {
  return { good: 0, unknown: 1, revoked: 2 }[single.status.kind];
}

function bad(reason: RevocationReason, detail: string): CertificateStanding {
  return { standing: 'bad', reason, detail };
}

function refused(name: string, { single }: Said): CertificateStanding {
  const { status } = single;
  const at = status.kind === 'revoked' ? iso(status.at) : '?';
  return isOnHold(status)
    ? bad('certificate-on-hold', `${name} was put on hold ${at} by its issuer.`)
    : bad('certificate-revoked', `${name} was revoked ${at} by its issuer.`);
}

function standingOf(name: string, said: Said, { now, crypto, nonce }: RevocationInput): CertificateStanding {
  const { status, thisUpdate, nextUpdate } = said.single;
  if (status.kind === 'revoked') return refused(name, said);
  if (nonce !== undefined && !(said.answer.nonce !== undefined && crypto.equal(said.answer.nonce, nonce)))
    return bad('ocsp-nonce-mismatch', `The OCSP answer about ${name} was made for another question.`);
  if (now < thisUpdate || nextUpdate === undefined || now >= nextUpdate) {
    const until = nextUpdate === undefined ? 'no stated end' : iso(nextUpdate);
    return bad('ocsp-not-current', `The OCSP answer about ${name} is valid from ${iso(thisUpdate)} to ${until}.`);
  }
  if (status.kind === 'unknown')
    return bad('ocsp-status-unknown', `The OCSP responder of ${said.single.certificate.serial} does not know ${name}.`);
  return { standing: 'good', detail: `${name}: good until ${iso(nextUpdate)}` };
}

/**
 * One row: revocation of a device's certificates (ATTESTATION §4.4). NVIDIA answers for everything between attestation key and
 * root; the attestation key's own certificate is made by the device, so an answer about it counts and none is missed.
 * @param chain leaf first, root last
 */
export function checkRevocation(
  verdict: VerdictBuilder,
  chain: readonly Certificate[],
  policy: Policy['gpu'],
  input: RevocationInput,
): void {
  const title = 'No certificate of the device is revoked';
  const required = policy.requireRevocation === true;
  const standings = chain.slice(0, -1).map((certificate, at) => ({
    // A chain without anything between leaf and root leaves only the leaf to ask about.
    wanted: at > 0 || chain.length === 2,
    ...judgeCertificate(certificate, chain[at + 1] ?? certificate, input),
  }));
  const bad = standings.find(({ standing }) => standing === 'bad');
  const missing = standings.filter(({ wanted, standing }) => wanted && standing === 'not-given');
  const good = standings.filter(({ standing }) => standing === 'good');
  const expected = `${standings.filter(({ wanted }) => wanted).length} good`;
  const found = `${good.length} good`;
  if (bad?.standing === 'bad') {
    verdict.fail('gpu.revocation', title, bad.reason, { detail: bad.detail, expected, found });
  } else if (missing.length > 0 || good.length === 0) {
    const detail = missing.map((one) => one.detail).join(' ') || 'There is no certificate that could be asked about.';
    verdict.unknown('gpu.revocation', title, 'ocsp-not-given', {
      detail: required
        ? `The policy demands that revocation is checked. ${detail} Import the answers of NVIDIA's service.`
        : detail,
      expected,
      found,
      required,
    });
    verdict.notChecked(
      `Revocation of ${missing.length} device ${missing.length === 1 ? 'certificate' : 'certificates'}: NVIDIA answers only over OCSP, and no answer was given.`,
    );
  } else {
    verdict.pass('gpu.revocation', title, { detail: good.map(({ detail }) => detail).join('; '), expected, found });
  }
  verdict.notChecked(
    'Revocation of the attestation certificate itself, which the device makes, and of OCSP responders: nobody is asked about them.',
  );
}
