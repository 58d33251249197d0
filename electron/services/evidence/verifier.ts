import type { Verification } from '../../contract/evidence.ts';
import type { Policy } from '../../contract/policy.ts';
import { challengeSchema, type Challenge, type NodeEvidence } from '../../contract/node-evidence.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import type { Signer } from '../../domain/dsse/dsse.ts';
import {
  blockingChecks,
  isAccepted,
  neverOverridden,
  whyNotCovered,
  withOverride,
  type OverrideUse,
} from '../../domain/approval/override.ts';
import { earClaims, signEar } from '../../domain/ear/ear.ts';
import { simulatedAnchors, vendorAnchors, type TrustAnchors } from '../../domain/evidence/anchors.ts';
import type { CollateralSource } from '../../domain/evidence/files/family.ts';
import type { EvidenceCrypto } from '../../domain/evidence/crypto.ts';
import { verifyNodeEvidence } from '../../domain/evidence/node-verification.ts';
import { goldenFromDirectory } from '../../domain/evidence/nvidia/reference.ts';
import type { OverrideLeave } from '../approvals/override-leave.ts';
import { cacheGoodSignatures } from './caching-crypto.ts';
import { createNodeCrypto } from './node-crypto.ts';
import type { VerifiedNode } from './verified-node.ts';

/** What the local network handed over out of band (its directory): the only way to SIMULATED anchors. */
export interface SimulatedNetwork {
  readonly anchors: {
    readonly amd: readonly string[];
    readonly nvidia: readonly string[];
    readonly intel?: readonly string[];
    readonly nitro?: readonly string[];
  };
  /** Accepted GPU measurements by index. */
  readonly gpuMeasurements: Readonly<Record<string, readonly string[]>>;
}

export interface EvidenceVerifierOptions {
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly random: (bytes: number) => Uint8Array;
  /** Name and version of this program, for the attestation result. */
  readonly build: string;
  readonly crypto?: EvidenceCrypto;
}

export interface NodeToVerify {
  readonly node: string;
  readonly challenge: Challenge;
  /** The answer as it came. */
  readonly evidence: unknown;
  /** SHA-256 hex of the SPKI of the connection that the evidence came over. */
  readonly observedTlsSpkiSha256: string;
  readonly policy: Policy;
  /** Present exactly for nodes of the local network. */
  readonly simulatedNetwork?: SimulatedNetwork;
  readonly expectedGpus?: number;
  /** Vendors' collateral, of the world of the anchors: a list of the real AMD says nothing of a SIMULATED root. */
  readonly collateral?: CollateralSource;
  /** Looks for an approved override once the evidence was not affirmed; never asked about a node that is. */
  readonly override?: (refused: OverrideUse) => Result<OverrideLeave | undefined>;
  /** Signs the attestation result; absent while the vault is locked: then nothing is verified enough for a key. */
  readonly signer?: Signer;
}

/** Without the connection, which is gone. */
export type PastEvidence = Omit<NodeToVerify, 'signer' | 'observedTlsSpkiSha256' | 'override'>;

export interface NodeVerdict {
  /** Made in every case. */
  readonly verification: Verification;
  readonly evidence: NodeEvidence | undefined;
  /** Hex SHA-256 of the JCS of the evidence. */
  readonly evidenceSha256: string;
  /** Compact JWT; empty without a signer. */
  readonly ear: string;
  /** The override that `verification` names. */
  readonly override?: OverrideLeave;
  /** Only when every part is affirming, or covered by an override, and the result is signed. */
  readonly verified?: VerifiedNode;
}

export interface EvidenceVerifier {
  /** A fresh challenge, good for `lifetimeSeconds` (default 300). */
  challenge(request: { sessionId: string; jobId: string; policyDigest: string; lifetimeSeconds?: number }): Challenge;
  /**
   * Verifies one answer. A challenge of this verifier is used up by it, whatever the verdict.
   * Errors: `invalid_input` (not a challenge), `wrong_state` (a challenge that was used before).
   */
  verifyNode(input: NodeToVerify): Result<NodeVerdict>;
  /**
   * The same check of evidence from the past, at the time it was made: for auditors. Never makes a `VerifiedNode`.
   * @param now milliseconds since the epoch
   */
  reverify(input: PastEvidence, now: number): NodeVerdict;
  /** Signs the result of a verification that was made while the vault was locked. */
  signResult(
    verdict: Pick<NodeVerdict, 'verification' | 'evidenceSha256'>,
    challenge: Challenge,
    signer: Signer,
  ): string;
}

/** Challenges used at most remembered; they expire after minutes, so this is hours of them. */
const usedMaximum = 65_536;
const defaultLifetimeSeconds = 300;

/** The one maker of `VerifiedNode`. */
export function createEvidenceVerifier(options: EvidenceVerifierOptions): EvidenceVerifier {
  const crypto = options.crypto ?? cacheGoodSignatures(createNodeCrypto());
  const used = new Map<string, number>();

  const examine = (input: PastEvidence, observedTlsSpkiSha256: string | undefined, now: number) =>
    verifyNodeEvidence({
      node: input.node,
      challenge: input.challenge,
      evidence: input.evidence,
      observedTlsSpkiSha256,
      policy: input.policy,
      anchors: anchorsOf(input.simulatedNetwork),
      ...(input.simulatedNetwork === undefined
        ? {}
        : { golden: goldenFromDirectory(input.simulatedNetwork.gpuMeasurements) }),
      ...(input.collateral === undefined ? {} : { collateral: input.collateral }),
      ...(input.expectedGpus === undefined ? {} : { expectedGpus: input.expectedGpus }),
      now,
      crypto,
    });

  const signResult: EvidenceVerifier['signResult'] = ({ verification, evidenceSha256 }, challenge, signer) => {
    const { nonce, sessionId, jobId } = challenge;
    return signEar(earClaims(verification, { build: options.build, nonce, sessionId, jobId, evidenceSha256 }), signer);
  };

  return {
    challenge({ sessionId, jobId, policyDigest, lifetimeSeconds = defaultLifetimeSeconds }) {
      const expires = new Date(options.clock() + lifetimeSeconds * 1000).toISOString();
      return { v: 1, nonce: Buffer.from(options.random(32)).toString('hex'), sessionId, jobId, policyDigest, expires };
    },

    verifyNode(input) {
      const challenge = challengeSchema.safeParse(input.challenge);
      if (!challenge.success) return err('invalid_input', 'The challenge is not well-formed.');
      const now = options.clock();
      for (const [nonce, until] of used) {
        if (until > now && used.size <= usedMaximum) break;
        used.delete(nonce);
      }
      if (used.has(challenge.data.nonce)) {
        return err('wrong_state', 'This challenge was answered before; ask the node with a new one.');
      }
      used.set(challenge.data.nonce, Date.parse(challenge.data.expires));
      const { verification: found, evidence, evidenceSha256 } = examine(input, input.observedTlsSpkiSha256, now);
      const leave = overrideOf(input, { verification: found, jobId: challenge.data.jobId, now });
      if (!leave.ok) return leave;
      const override = leave.value;
      const verification = override === undefined ? found : withOverride(found, override.note);
      const ear =
        input.signer === undefined ? '' : signResult({ verification, evidenceSha256 }, challenge.data, input.signer);
      const verdict: NodeVerdict = {
        verification,
        evidence,
        evidenceSha256,
        ear,
        ...(override === undefined ? {} : { override }),
      };
      if (!isAccepted(verification) || evidence === undefined || ear === '') return ok(verdict);
      return ok({
        ...verdict,
        verified: makeVerifiedNode(verdict, evidence, challenge.data, now, input.policy.evidenceMaxAgeSeconds),
      });
    },

    reverify(input, now) {
      return { ...examine(input, undefined, now), ear: '' };
    },

    signResult,
  };
}

function makeVerifiedNode(
  verdict: NodeVerdict,
  evidence: NodeEvidence,
  challenge: Challenge,
  now: number,
  maxAgeSeconds: number,
): VerifiedNode {
  const { runtime } = evidence;
  return {
    name: verdict.verification.node,
    sessionId: challenge.sessionId,
    jobId: challenge.jobId,
    policyDigest: verdict.verification.policyDigest,
    simulated: verdict.verification.simulated,
    evidenceSha256: verdict.evidenceSha256,
    challenge,
    evidence,
    ear: verdict.ear,
    hpkeKey: new Uint8Array(Buffer.from(runtime.hpkeKey, 'base64')),
    signingKey: new Uint8Array(Buffer.from(runtime.signingKey, 'base64')),
    tlsSpkiSha256: runtime.tlsSpkiSha256,
    freshUntil: now + maxAgeSeconds * 1000,
    verification: verdict.verification,
    ...(verdict.override === undefined ? {} : { override: verdict.override }),
  } as VerifiedNode;
}

/** An override that covers this evidence. What it says is held against the evidence here too, not only where it was found. */
function overrideOf(input: NodeToVerify, use: OverrideUse): Result<OverrideLeave | undefined> {
  if (use.verification.status === 'affirming' || input.override === undefined) return ok(undefined);
  if (neverOverridden(blockingChecks(use.verification)).length > 0) return ok(undefined);
  const found = input.override(use);
  if (!found.ok || found.value === undefined) return found;
  return ok(whyNotCovered(found.value.subject, use) === undefined ? found.value : undefined);
}

function anchorsOf(network: SimulatedNetwork | undefined): TrustAnchors {
  return network === undefined ? vendorAnchors : simulatedAnchors(network.anchors);
}
