import type { EvidenceCrypto } from '../crypto.ts';
import { iso } from '../readers/chain.ts';
import { authorityOf, needsNoCheck, type OcspProblem } from '../readers/ocsp-authority.ts';
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
  | 'ocsp-responder-revoked'
  | 'ocsp-not-given';

/**
 * `bad`: someone says no, or speaks who may not. `undecided`: nobody says anything that counts today. `unasked`: a responder
 * whose own revocation nobody was asked about, and whose issuer does not say that this is fine.
 */
export type CertificateStanding =
  | { readonly standing: 'good'; readonly detail: string; readonly unasked: Certificate | undefined }
  | { readonly standing: 'bad'; readonly reason: RevocationReason; readonly detail: string }
  | {
      readonly standing: 'undecided';
      readonly reason: 'ocsp-not-given' | 'ocsp-not-current';
      readonly detail: string;
    };

interface Said {
  readonly answer: OcspAnswer;
  readonly single: OcspSingle;
  readonly responder: Certificate | undefined;
}

/**
 * What OCSP answers say of one certificate (RFC 6960). A revocation counts whatever the age of the answer, as keeping it until
 * it is stale must not make a device good again; nothing lifts it but a later answer, and that only when it was a hold
 * (RFC 5280 §5.3.1). Otherwise the newest answer that speaks for the issuer counts, while it is current.
 */
export function judgeCertificate(
  certificate: Certificate,
  issuer: Certificate,
  input: RevocationInput,
): CertificateStanding {
  const { said, problem } = collect(certificate, issuer, input);
  const name = certificate.subject.text;
  const [newest] = said;
  if (newest === undefined) {
    if (problem !== undefined) return { standing: 'bad', ...problem };
    return { standing: 'undecided', reason: 'ocsp-not-given', detail: `No OCSP answer about ${name} was given.` };
  }
  const forGood = said.find(({ single: { status } }) => status.kind === 'revoked' && !isOnHold(status));
  if (forGood !== undefined) return refused(name, forGood);
  if (newest.single.status.kind === 'revoked') return refused(name, newest);
  // Evidence of the past is judged by what was said then, where both are at hand.
  const current = said.find((one) => one.single.thisUpdate <= input.now && one.answer.producedAt <= input.now);
  return standingOf(name, current ?? newest, issuer, input);
}

/** What speaks for the issuer, the newest first, and the first thing that was wrong with the rest. */
function collect(certificate: Certificate, issuer: Certificate, { crypto, answers }: RevocationInput) {
  const fits = (id: OcspCertificateId) => certificateIdFits(id, certificate, issuer, crypto);
  const said: Said[] = [];
  let problem: { readonly reason: RevocationReason; readonly detail: string } | undefined;
  for (const der of answers(fits)) {
    const parsed = parseOcsp(der);
    if (!parsed.ok) {
      const detail = `The OCSP answer about ${certificate.subject.text}: ${parsed.detail}.`;
      problem ??= { reason: 'ocsp-malformed', detail };
      continue;
    }
    const answer = parsed.value;
    const singles = answer.singles.filter((single) => fits(single.certificate));
    if (singles.length === 0) continue;
    const authority = authorityOf(answer, issuer, crypto);
    if (authority.ok) said.push(...singles.map((single) => ({ answer, single, responder: authority.responder })));
    else problem ??= { reason: authority.reason, detail: authority.detail };
  }
  said.sort(
    (a, b) =>
      b.single.thisUpdate - a.single.thisUpdate || b.answer.producedAt - a.answer.producedAt || worse(b) - worse(a),
  );
  return { said, problem };
}

/** Two answers of one moment that contradict each other: the worse one counts. */
function worse({ single }: Said): number {
  return { good: 0, unknown: 1, revoked: 2 }[single.status.kind];
}

function bad(reason: RevocationReason, detail: string): CertificateStanding {
  return { standing: 'bad', reason, detail };
}

function refused(name: string, { single: { status } }: Said): CertificateStanding {
  const at = status.kind === 'revoked' ? iso(status.at) : '?';
  if (isOnHold(status)) return bad('certificate-on-hold', `${name} was put on hold ${at} by its issuer.`);
  const why = status.kind === 'revoked' && status.reason !== undefined ? reasons[status.reason] : undefined;
  const words = why === undefined ? '' : `, for this reason: ${why}`;
  return bad('certificate-revoked', `${name} was revoked ${at} by its issuer${words}.`);
}

/** CRLReason (RFC 5280 §5.3.1). */
const reasons: Readonly<Record<number, string>> = {
  1: 'its key was compromised',
  2: 'the key of its issuer was compromised',
  3: 'its holder changed',
  4: 'it was superseded',
  5: 'it is out of use',
  9: 'a privilege was withdrawn',
  10: 'the key of an attribute authority was compromised',
};

function standingOf(name: string, said: Said, issuer: Certificate, input: RevocationInput): CertificateStanding {
  const { now, crypto, nonce } = input;
  const { answer, responder, single } = said;
  if (single.status.kind === 'revoked') return refused(name, said);
  if (nonce !== undefined && !(answer.nonce !== undefined && crypto.equal(answer.nonce, nonce)))
    return bad('ocsp-nonce-mismatch', `The OCSP answer about ${name} was made for another question.`);
  const old = whyNotCurrent(name, said, now);
  if (old !== undefined) return { standing: 'undecided', reason: 'ocsp-not-current', detail: old };
  if (single.status.kind === 'unknown')
    return bad('ocsp-status-unknown', `The OCSP responder of ${single.certificate.serial} does not know ${name}.`);
  let unasked: Certificate | undefined;
  if (responder !== undefined) {
    const own = ownStanding(responder, issuer, input);
    if (own.standing === 'bad') return bad('ocsp-responder-revoked', `${own.detail} It answered about ${name}.`);
    if (own.standing === 'undecided' && !needsNoCheck(responder)) unasked = responder;
  }
  const until = single.nextUpdate === undefined ? '' : ` until ${iso(single.nextUpdate)}`;
  return { standing: 'good', detail: `${name}: good${until}`, unasked };
}

/** What the issuer itself says of a responder. Others are not asked: two responders could vouch for each other for ever. */
function ownStanding(responder: Certificate, issuer: Certificate, input: RevocationInput): CertificateStanding {
  const { said } = collect(responder, issuer, input);
  const own = said.filter((one) => one.responder === undefined);
  const name = responder.subject.text;
  const revoked = own.find(({ single: { status } }) => status.kind === 'revoked' && !isOnHold(status)) ?? own[0];
  if (revoked?.single.status.kind === 'revoked') return refused(name, revoked);
  const good = own.find(
    (one) => one.single.status.kind === 'good' && whyNotCurrent(name, one, input.now) === undefined,
  );
  if (good !== undefined) return { standing: 'good', detail: `${name}: good`, unasked: undefined };
  return { standing: 'undecided', reason: 'ocsp-not-given', detail: `No OCSP answer about ${name} was given.` };
}

function whyNotCurrent(name: string, { answer, responder, single }: Said, now: number): string | undefined {
  const { thisUpdate, nextUpdate } = single;
  if (now < thisUpdate || nextUpdate === undefined || now >= nextUpdate) {
    const until = nextUpdate === undefined ? 'no stated end' : iso(nextUpdate);
    return `The OCSP answer about ${name} is valid from ${iso(thisUpdate)} to ${until}, and says nothing about ${iso(now)}.`;
  }
  if (now < answer.producedAt)
    return `The OCSP answer about ${name} was made ${iso(answer.producedAt)}, after ${iso(now)}.`;
  if (responder !== undefined && now > responder.notAfter)
    return `The OCSP answer about ${name} is of ${responder.subject.text}, whose certificate expired ${iso(responder.notAfter)}.`;
  return undefined;
}
