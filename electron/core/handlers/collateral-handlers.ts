import { vendorAnchors } from '../../domain/evidence/anchors.ts';
import { inspectBundle } from '../../services/evidence/collateral/collateral-service.ts';
import { createNodeCrypto } from '../../services/evidence/node-crypto.ts';
import { createEd25519Verifier } from '../ed25519.ts';
import { inspectEvidenceFile, verifyEvidenceFiles } from '../offline-evidence.ts';
import type { Handlers } from '../router.ts';
import type { Services } from '../services.ts';

type Names =
  | 'evidence.verifyFiles'
  | 'evidence.inspectFile'
  | 'collateral.list'
  | 'collateral.import'
  | 'collateral.export'
  | 'collateral.verify';

/** Evidence in files, and the collateral that they are judged with. */
export function collateralHandlers({ collateral, policies, clock }: Services): Pick<Handlers, Names> {
  return {
    'evidence.verifyFiles': async ({ paths, policyId, ...options }) => {
      const policy = policyId === undefined ? undefined : policies.get(policyId);
      if (policy?.ok === false) return policy;
      const source = collateral.source();
      if (!source.ok) return source;
      return verifyEvidenceFiles(paths, {
        ...options,
        collateral: source.value,
        now: clock(),
        ...(policy === undefined ? {} : { policy: policy.value.policy }),
      });
    },
    'evidence.inspectFile': async ({ path }) => inspectEvidenceFile(path),
    'collateral.list': async () => collateral.list(),
    'collateral.import': async ({ paths, signer, source }) =>
      collateral.import({
        paths,
        ...(signer === undefined ? {} : { signer }),
        ...(source === undefined ? {} : { source }),
      }),
    'collateral.export': async ({ path, note }) => collateral.export(path, note ?? ''),
    'collateral.verify': async ({ path }) =>
      inspectBundle(path, {
        anchors: vendorAnchors,
        crypto: createNodeCrypto(),
        verify: createEd25519Verifier(),
        clock,
      }),
  };
}
