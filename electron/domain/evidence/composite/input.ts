import type { SubmoduleVerdict } from '../../../contract/evidence.ts';
import type { Policy } from '../../../contract/policy.ts';
import type { TrustAnchors } from '../anchors.ts';
import type { EvidenceCrypto } from '../crypto.ts';
import type { EventLogInput } from '../eventlog/verify.ts';
import type { NrasInput } from '../nras/verify.ts';
import type { OcspSource } from '../nvidia/certificate-standing.ts';
import type { GpuReference } from '../nvidia/verify.ts';
import type { CompositeEvidence } from './evidence.ts';

/** A CPU verdict and what of its quote the binding needs. */
export interface CompositeCpu {
  readonly verdict: SubmoduleVerdict;
  /** Undefined when the quote cannot be read. */
  readonly reportData: Uint8Array | undefined;
  /** RTMR0 to RTMR3, for the event log. */
  readonly registers?: readonly Uint8Array[];
  readonly mrConfigId?: Uint8Array;
}

export interface CompositeInput {
  readonly node: string;
  readonly evidence: CompositeEvidence;
  /** Made by the verifier of the CPU's family from the quote of the evidence: `cpuOfTdx(verifyTdx(…))`. */
  readonly cpu: CompositeCpu;
  /** What we asked with; undefined leaves freshness undecided, which is never affirming. */
  readonly nonce: Uint8Array | undefined;
  readonly nras?: Pick<NrasInput, 'eat' | 'jwks' | 'jwksFetchedAt' | 'issuer' | 'expectedCount'>;
  readonly eventLog?: Omit<EventLogInput, 'name' | 'registers' | 'mrConfigId' | 'crypto'>;
  /** Reference values of a GPU by its place; none by default. */
  readonly gpuReference?: (at: number) => GpuReference;
  /** OCSP answers about the GPUs' certificates. */
  readonly ocsp?: OcspSource;
  readonly expectedGpus?: number;
  /** SHA-256 of the SubjectPublicKeyInfo that the TLS connection showed. */
  readonly observedTlsKey?: Uint8Array;
  /** True before a key may go out: an unbound GPU then keeps the verdict from affirming. False only to show evidence. */
  readonly requireGpuBinding: boolean;
  readonly policy: Policy;
  readonly anchors: TrustAnchors;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly crypto: EvidenceCrypto;
}
