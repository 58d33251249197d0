import type { Challenge, NodeEvidence } from '../../contract/node-evidence.ts';
import type { OverrideLeave } from '../approvals/override-leave.ts';
import type { Verification } from '../../contract/evidence.ts';

declare const verified: unique symbol;

/**
 * A node whose evidence was affirmed in every part, or whose failed checks custodians accepted: then `override` is there.
 * Only `verifyNode` (verifier.ts) makes one, and a key release takes nothing else.
 */
export interface VerifiedNode {
  readonly [verified]: true;
  readonly name: string;
  readonly sessionId: string;
  readonly jobId: string;
  readonly policyDigest: string;
  /** SIMULATED hardware: true wherever the anchors were those of a local network. */
  readonly simulated: boolean;
  /** Hex SHA-256 of the JCS of the evidence. */
  readonly evidenceSha256: string;
  readonly challenge: Challenge;
  readonly evidence: NodeEvidence;
  /** The attestation result, compact JWT. */
  readonly ear: string;
  /** Raw uncompressed P-384 point, 97 bytes. */
  readonly hpkeKey: Uint8Array;
  /** Raw Ed25519 key, 32 bytes. */
  readonly signingKey: Uint8Array;
  readonly tlsSpkiSha256: string;
  /** Until when the policy counts this evidence as fresh: milliseconds since the epoch. */
  readonly freshUntil: number;
  readonly verification: Verification;
  /** Present when the evidence was not affirmed: a release uses it up. */
  readonly override?: OverrideLeave;
}
