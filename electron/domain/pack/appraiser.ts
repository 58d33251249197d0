import type { EarStatus, Verification } from '../../contract/evidence.ts';
import type { Policy } from '../../contract/policy.ts';
import type { PackAnchors, PackEvidence } from '../../contract/pack.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import type { VerifySignature } from '../dsse/dsse.ts';
import { verifyEar } from '../ear/ear.ts';
import { decodeBase64 } from '../encoding/base64.ts';
import { simulatedAnchors, vendorAnchors } from '../evidence/anchors.ts';
import type { EvidenceCrypto } from '../evidence/crypto.ts';
import { createCollateralSource } from '../evidence/collateral/source.ts';
import { verifyNodeEvidence } from '../evidence/node-verification.ts';
import { goldenFromDirectory } from '../evidence/nvidia/reference.ts';

/** What evidence says when it is verified again, years later, with nothing but what is in the pack. */
export interface Reappraisal {
  readonly verification: Verification;
  /** Raw Ed25519 key that the evidence binds; undefined when it cannot be read. Of use only when all is affirming. */
  readonly signingKey: Uint8Array | undefined;
}

/** What a signed attestation result says. */
export interface EarSummary {
  readonly node: string;
  readonly status: EarStatus;
  readonly simulated: boolean;
  /** `sha256:…` of the approved override that it names. */
  readonly overrideRequest?: string;
  readonly policyDigest: string;
  readonly nonce: string;
  readonly sessionId: string;
  readonly jobId: string;
  /** Hex SHA-256 of the JCS of the evidence it is about. */
  readonly evidenceSha256: string;
  /** Status and measurements of each part: `cpu0`, `gpu0`. */
  readonly parts: Readonly<Record<string, { status: EarStatus; measurements: Readonly<Record<string, string>> }>>;
}

/** The two things of the evidence domain that a pack needs. */
export interface Appraiser {
  /**
   * Verifies the answer under the policy, by the clock of the record. Simulated evidence under the anchors of the pack,
   * any other under the vendor roots that the verifier carries. Errors: `damaged` when the record has no clock.
   */
  reappraise(record: PackEvidence, policy: Policy, anchors: PackAnchors): Result<Reappraisal>;
  /** Checks the signature under the organisation's key and reads the claims. Errors: `integrity`, `damaged`. */
  readEar(jwt: string, organisationKey: Uint8Array): Result<EarSummary>;
}

/** The appraiser of real formats. */
export function createAppraiser(crypto: EvidenceCrypto, verify: VerifySignature): Appraiser {
  return {
    reappraise(record, policy, anchors) {
      const now = Date.parse(record.verifiedAt);
      if (!Number.isFinite(now)) return err('damaged', `${record.verifiedAt} is no time to verify evidence by.`);
      const { verification, evidence } = verifyNodeEvidence({
        node: record.node,
        challenge: record.challenge,
        evidence: record.answer,
        observedTlsSpkiSha256: record.observedTlsSpkiSha256,
        policy,
        // What the pack claims can only ever choose SIMULATED anchors, never those of a vendor.
        anchors: anchors.simulated ? simulatedAnchors(anchors) : vendorAnchors,
        ...(anchors.simulated ? { golden: goldenFromDirectory(anchors.gpuMeasurements) } : {}),
        ...(record.collateral === undefined ? {} : { collateral: createCollateralSource('pack', record.collateral) }),
        ...(record.expectedGpus === undefined ? {} : { expectedGpus: record.expectedGpus }),
        now,
        crypto,
      });
      const signingKey = evidence === undefined ? undefined : decodeBase64(evidence.runtime.signingKey);
      return ok({ verification, signingKey });
    },

    readEar(jwt, organisationKey) {
      const ear = verifyEar(jwt, organisationKey, verify);
      if (!ear.ok) return ear;
      const claims = ear.value;
      const parts = Object.entries(claims.submods).map(
        ([name, part]) => [name, { status: part['ear.status'], measurements: part['nacre.measurements'] }] as const,
      );
      return ok({
        node: claims['nacre.node'],
        status: claims['nacre.status'],
        simulated: claims['nacre.simulated'],
        ...(claims['nacre.override'] === undefined ? {} : { overrideRequest: claims['nacre.override'].request }),
        policyDigest: claims['nacre.policy-digest'],
        nonce: claims.eat_nonce,
        sessionId: claims['nacre.session-id'],
        jobId: claims['nacre.job-id'],
        evidenceSha256: claims['ear.raw-evidence-sha256'],
        parts: Object.fromEntries(parts),
      });
    },
  };
}
