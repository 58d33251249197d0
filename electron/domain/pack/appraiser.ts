import type { EarStatus, Policy, Verification } from '../../contract/evidence.ts';
import type { PackAnchors, PackEvidence } from '../../contract/pack.ts';
import type { Result } from '../../contract/result.ts';

/** What evidence says when it is verified again, years later, with nothing but what is in the pack. */
export interface Reappraisal {
  readonly verification: Verification;
  /** Raw Ed25519 key that the evidence binds. Of use only when the verification is affirming. */
  readonly signingKey: Uint8Array;
}

/** What a signed attestation result says. */
export interface EarClaims {
  readonly node: string;
  readonly status: EarStatus;
  readonly simulated: boolean;
  readonly policyDigest: string;
  /** Hex SHA-256 of the JCS of the evidence it is about. */
  readonly evidenceSha256: string;
}

/** The two things of the evidence domain that a pack needs; see `domain/evidence` and `domain/ear`. */
export interface Appraiser {
  /**
   * Verifies the answer under the policy, by the clock of the record. Simulated evidence under the anchors of the pack,
   * any other under the roots that the verifier carries. Errors: the answer cannot be read at all.
   */
  reappraise(record: PackEvidence, policy: Policy, anchors: PackAnchors): Result<Reappraisal>;
  /** Checks the signature under the organisation's key and reads the claims. Errors: `integrity`, `damaged`. */
  readEar(jwt: string, organisationKey: Uint8Array): Result<EarClaims>;
}
