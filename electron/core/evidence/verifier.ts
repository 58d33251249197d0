import { ok, type Result } from '../../contract/result.ts';
import type { PackVerdict } from '../../contract/views.ts';
import { createCollateralSource, type UsedCollateral } from '../../domain/evidence/collateral/source.ts';
import type { Appraiser } from '../../domain/pack/appraiser.ts';
import type { PackCrypto } from '../../domain/pack/container.ts';
import { verifyPack } from '../../domain/pack/verify-pack.ts';
import type { EvidenceVerifier, NodeToVerify } from '../../services/evidence/verifier.ts';
import { noJob, type AttestOptions } from './attest-node.ts';
import type { EvidenceRecord } from './evidence-records.ts';
import type { Signing } from '../signing.ts';

/**
 * Evidence of the local network, under the anchors that its directory handed over out of band. With the vault locked
 * the verdict is made all the same, unsigned: nothing is released on it.
 */
export function createNodeVerifier(
  verifier: EvidenceVerifier,
  signing: Signing,
  kept: () => Result<UsedCollateral>,
  override: NonNullable<NodeToVerify['override']>,
): AttestOptions['verify'] {
  return ({ node, challenge, answer, observedTlsSpkiSha256, policy, directory }) => {
    const entry = directory.nodes.find(({ name }) => name === node);
    const signer = signing.atOnce('attestation-result');
    // Lists of the real vendors say nothing of SIMULATED roots: a local network hands over its own.
    const source = directory.simulated ? ok(createCollateralSource('directory', directory.collateral ?? [])) : kept();
    if (!source.ok) return source;
    const verdict = verifier.verifyNode({
      node,
      challenge,
      evidence: answer,
      observedTlsSpkiSha256,
      policy,
      simulatedNetwork: { anchors: directory.anchors, gpuMeasurements: directory.reference.gpuMeasurements },
      collateral: source.value,
      // Looking at nodes is for no job, and lets nobody through.
      ...(challenge.jobId === noJob ? {} : { override }),
      ...(entry === undefined ? {} : { expectedGpus: entry.gpuCount }),
      ...(signer.ok ? { signer: signer.value } : {}),
    });
    if (!verdict.ok) return verdict;
    const { verification, ear, evidence, verified, override: leave } = verdict.value;
    return ok({
      verification,
      ear,
      collateral: source.value.used(),
      ...(leave === undefined ? {} : { override: leave }),
      ...(entry === undefined ? {} : { expectedGpus: entry.gpuCount }),
      ...(evidence === undefined ? {} : { runtime: evidence.runtime }),
      ...(verified === undefined ? {} : { verified }),
    });
  };
}

/** The attestation result of a verification that was made while the vault was locked. Errors: `locked`. */
export function signEarlierResult(
  verifier: EvidenceVerifier,
  signing: Signing,
  record: EvidenceRecord,
): Result<string> {
  const signer = signing.atOnce('attestation-result');
  if (!signer.ok) return signer;
  const { verification, evidenceSha256 } = record.view;
  return ok(verifier.signResult({ verification, evidenceSha256 }, record.challenge, signer.value));
}

/** Checks the bytes of a pack. */
export function createPackVerifier(
  appraiser: Appraiser,
  crypto: PackCrypto,
): (bytes: Uint8Array, path: string, expectedOrganisationKey?: Uint8Array) => PackVerdict {
  return (bytes, path, expectedOrganisationKey) =>
    verifyPack(bytes, {
      appraiser,
      crypto,
      path,
      ...(expectedOrganisationKey === undefined ? {} : { expectedOrganisationKey }),
    });
}
