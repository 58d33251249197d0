import { z } from 'zod';

/** Evidence families Nacre verifies; one folder each under domain/evidence. */
export const evidenceFamilies = [
  'tdx',
  'sgx',
  'snp',
  'nitro',
  'nvidia',
  'nras',
  'dstack',
  'azure-vtpm',
  'composite',
  // Not of an attester, but verified and shown in the same way: a signed reference manifest, a set of root certificates.
  'nvidia-rim',
  'roots',
] as const;
export type EvidenceFamily = (typeof evidenceFamilies)[number];

/** A check ends in one of three ways; unknown is never a pass (GUIDE §1.4). */
export const checkOutcome = z.enum(['pass', 'fail', 'unknown']);
export type CheckOutcome = z.infer<typeof checkOutcome>;

/** One row of a verification document. */
export const checkSchema = z.object({
  /** Stable id, dotted by area: `snp.signature`, `snp.tcb.minimum`, `gpu.nonce`, `binding.report-data`. */
  id: z.string(),
  /** Plain words: what was asked. */
  title: z.string(),
  outcome: checkOutcome,
  /** Closed reason code, present unless the check passed, e.g. `debug-enabled`, `tcb-below-minimum`. */
  reason: z.string().optional(),
  /** A sentence a person can act on, with expected and found values where that helps. */
  detail: z.string().optional(),
  expected: z.string().optional(),
  found: z.string().optional(),
  /** A required check that is not `pass` forbids key release. */
  required: z.boolean(),
});
export type Check = z.infer<typeof checkSchema>;

/** AR4SI tiers (draft-ietf-rats-ar4si): 0 none, 2 affirming, 32 warning, 96 contraindicated. */
export const earStatus = z.enum(['none', 'affirming', 'warning', 'contraindicated']);
export type EarStatus = z.infer<typeof earStatus>;

/** A claim read from evidence, for people: the raw fields of the report. */
export const claimSchema = z.object({ name: z.string(), value: z.string(), unit: z.string().optional() });
export type Claim = z.infer<typeof claimSchema>;

/** The verdict on one attester: `cpu0`, `gpu0`. */
export const submoduleVerdictSchema = z.object({
  name: z.string(),
  family: z.enum(evidenceFamilies),
  status: earStatus,
  checks: z.array(checkSchema),
  /** What this verdict says nothing about, in words: "revocation of the ASK (no CRL given)". Never empty in practice. */
  notChecked: z.array(z.string()),
  /** Fields of the evidence in reading order. */
  claims: z.array(claimSchema),
  /** Hex SHA-384 or SHA-256 launch measurement(s) by name: `measurement`, `mrtd`, `pcr0`. */
  measurements: z.record(z.string(), z.string()),
  /** SHA-256 hex of the raw evidence bytes, to find them again; never an identity (signatures are malleable). */
  evidenceSha256: z.string(),
});
export type SubmoduleVerdict = z.infer<typeof submoduleVerdictSchema>;

/** Who let a node through, and past what. */
export const overrideNoteSchema = z.object({
  /** Hex SHA-256 of the approved request. */
  requestId: z.string(),
  /** `cpu0/snp.tcb.minimum`. */
  checks: z.array(z.string()),
  approvedBy: z.array(z.string()),
  justification: z.string(),
  notAfter: z.string(),
});
export type OverrideNote = z.infer<typeof overrideNoteSchema>;

/** Verification document of one node, made also on failure. */
export const verificationSchema = z.object({
  version: z.literal(1),
  node: z.string(),
  /** true when trust anchors were simulated ones: every screen and log says SIMULATED. */
  simulated: z.boolean(),
  status: earStatus,
  /** UTC RFC 3339, the injected clock. */
  verifiedAt: z.string(),
  policyId: z.string(),
  policyDigest: z.string(),
  submodules: z.array(submoduleVerdictSchema),
  /** Checks that span submodules: report data, GPU nonce, freshness, channel keys. */
  binding: z.array(checkSchema),
  notChecked: z.array(z.string()),
  /** Reason code of the first failed required check; absent when affirming. */
  reason: z.string().optional(),
  /** The sentence that goes with it. */
  reasonDetail: z.string().optional(),
  /** Checks that did not pass and that custodians accept: the status is then `warning`, never `affirming`. */
  override: overrideNoteSchema.optional(),
});
export type Verification = z.infer<typeof verificationSchema>;
