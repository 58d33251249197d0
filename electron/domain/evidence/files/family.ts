import type { Check, EvidenceFamily, SubmoduleVerdict } from '../../../contract/evidence.ts';
import type { EvidenceKind } from '../../../contract/evidence-files.ts';
import type { Policy } from '../../../contract/policy.ts';
import type { AmdProduct, TrustAnchors } from '../anchors.ts';
import type { EvidenceCrypto } from '../crypto.ts';
import type { DcapCollateral } from '../dcap/collateral.ts';
import type { OcspSource } from '../nvidia/certificate-standing.ts';
import type { Certificate } from '../readers/x509.ts';
import type { Artifact } from './artifact.ts';
import type { EvidenceSet } from './evidence-set.ts';

/** Collateral that did not come with the files: a bundle, or what the desk has imported. */
export interface CollateralSource {
  /** Where it is from, for the verdict: `bundle intel-2026-11.json`, `store`. */
  readonly name: string;
  /** Intel's collateral for a platform; `authority` is the name of the CA that issued its PCK certificate. */
  dcap(wanted: {
    readonly tee: 'tdx' | 'sgx';
    readonly fmspc: string;
    readonly authority: string;
  }): DcapCollateral | undefined;
  /** The highest `tcbEvaluationDataNumber` ever seen here. */
  highestEvaluationDataNumber?(tee: 'tdx' | 'sgx'): number | undefined;
  /** The newest key set of NVIDIA's attestation service, and when it was fetched (milliseconds since the epoch). */
  jwks(): { readonly text: string; readonly fetchedAt: number } | undefined;
  /** DER of the CRL of an AMD root. */
  amdCrl(product: AmdProduct): Uint8Array | undefined;
  /** XML of NVIDIA manifests for this product and version; the verifier picks what fits. */
  rim(wanted: { readonly product: string; readonly version: string }): string | undefined;
  /** DER of the OCSP answers about a certificate. */
  readonly ocsp: OcspSource;
}

export interface FamilyInput {
  readonly set: EvidenceSet;
  readonly policy: Policy;
  readonly anchors: TrustAnchors;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly crypto: EvidenceCrypto;
  /** What the evidence must answer; without it freshness is listed as not checked. */
  readonly nonce?: Uint8Array;
  readonly collateral?: CollateralSource;
  /** Only whether an event log explains the quote is asked, not how the platform stands. */
  readonly logOnly?: boolean;
}

export interface FamilyOutcome {
  readonly submodules: readonly SubmoduleVerdict[];
  /** Checks that span attesters. */
  readonly binding?: readonly Check[];
  readonly notChecked?: readonly string[];
  readonly chains?: readonly { readonly name: string; readonly certificates: readonly Certificate[] }[];
  /** What the verdict rests on. */
  readonly used: readonly Artifact[];
}

/** One family of evidence files: how it is recognized, and how it is verified. A new family is one of these. */
export interface Family {
  readonly family: EvidenceFamily;
  /** What its evidence is, for errors: "an SNP report of 1184 bytes". */
  readonly expects: string;
  /** The kinds that are its evidence, any one of them. */
  readonly kinds: readonly EvidenceKind[];
  /** More than the kinds, where several families share one. */
  fits?(set: EvidenceSet): boolean;
  verify(input: FamilyInput): FamilyOutcome;
}
