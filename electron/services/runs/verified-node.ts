/** What a release needs of a node whose evidence was verified. */
export interface VerifiedNode {
  readonly name: string;
  readonly jobId: string;
  readonly policyDigest: string;
  readonly sessionId: string;
  readonly hpkeKey: Uint8Array;
  readonly signingKey: Uint8Array;
  readonly tlsSpkiSha256: string;
  readonly challenge: unknown;
  readonly evidence: unknown;
  readonly evidenceSha256: string;
  readonly ear: string;
  readonly simulated: boolean;
}
