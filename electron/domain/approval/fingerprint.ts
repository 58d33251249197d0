import type { ApprovalKind, ApprovalRequest, ApprovalSubject, ApprovedNode } from '../../contract/approval.ts';
import type { Verification } from '../../contract/evidence.ts';
import { policyDigest } from '../policy/policy.ts';
import { documentDigest } from './documents.ts';

/** What of a key release may not differ between what was approved and what is done. */
export interface ReleaseFacts {
  readonly jobId: string;
  readonly datasetRoot: string;
  readonly policyDigest: string;
  readonly node: Pick<ApprovedNode, 'name' | 'simulated' | 'parts'>;
}

/**
 * A node as an approval sees it. Evidence is renewed every few minutes with another digest; that is the same node as long
 * as its name, its parts and their launch measurements stay what they were.
 */
export function approvedNodeOf(verification: Verification, evidenceSha256: string): ApprovedNode {
  return {
    name: verification.node,
    simulated: verification.simulated,
    evidenceSha256,
    verifiedAt: verification.verifiedAt,
    parts: verification.submodules.map(({ name, family, measurements }) => {
      const values = Object.values(measurements);
      // A digest of nothing would look like one of something.
      const measurement = values.length < 2 ? (values[0] ?? '') : `sha256:${documentDigest(measurements)}`;
      return { name, family, measurement };
    }),
  };
}

/** What one use of an approval for a release is held against. */
export function releaseFingerprint({ jobId, datasetRoot, policyDigest: policy, node }: ReleaseFacts): string {
  const { name, simulated, parts } = node;
  return documentDigest({ kind: 'key-release', jobId, datasetRoot, policy, node: { name, simulated, parts } });
}

/**
 * The acts a request stands for, each usable once: one a node for a release, one for everything else. Two requests for
 * the same act have the same fingerprint.
 */
export function fingerprintsOf(request: Pick<ApprovalRequest, 'kind' | 'subject'>): readonly string[] {
  if (request.kind === 'key-release') {
    const { order, policy, nodes } = request.subject as ApprovalSubject<'key-release'>;
    return nodes.map((node) =>
      releaseFingerprint({
        jobId: order.jobId,
        datasetRoot: order.dataset.root,
        policyDigest: policyDigest(policy),
        node,
      }),
    );
  }
  return [actFingerprint(request.kind, request.subject)];
}

/** The fingerprint of an act that is one whole: a policy change, an override, an export, a change of members. */
export function actFingerprint<K extends Exclude<ApprovalKind, 'key-release'>>(
  kind: K,
  subject: ApprovalSubject<ApprovalKind>,
): string {
  return documentDigest({ kind, subject });
}
