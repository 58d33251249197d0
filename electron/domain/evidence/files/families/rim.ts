import type { SubmoduleVerdict } from '../../../../contract/evidence.ts';
import { createVerdict } from '../../checks.ts';
import { iso } from '../../readers/chain.ts';
import { toHex } from '../../readers/bytes.ts';
import { checkRevocation } from '../../nvidia/revocation.ts';
import { rimReason, verifyRim } from '../../nvidia/rim.ts';
import { textOf, type Artifact } from '../artifact.ts';
import type { Family, FamilyInput } from '../family.ts';
import { ocspOf } from './nvidia.ts';

/** NVIDIA reference manifests on their own: signed by whom, for what, until when. */
export const rimFamily: Family = {
  family: 'nvidia-rim',
  expects: 'a reference manifest (SWID XML with a signature)',
  kinds: ['rim'],
  // A file that nothing knows may be the evidence that these manifests came with, damaged: "affirmed" would cover it, too.
  fits: (set) => !set.of('bytes').some(({ name, file }) => name === file),
  verify(input) {
    const manifests = input.set.of('rim');
    return {
      submodules: manifests.map((one, at) => verdictOf(one, `rim${at}`, input)),
      used: input.set.of('rim', 'ocsp-answer'),
    };
  },
};

function verdictOf(artifact: Artifact, name: string, input: FamilyInput): SubmoduleVerdict {
  const { anchors, now, crypto, policy } = input;
  const verdict = createVerdict({ name, family: 'nvidia-rim', evidenceSha256: toHex(crypto.sha256(artifact.bytes)) });
  const title = 'The manifest is signed by NVIDIA and in its validity';
  const result = verifyRim(textOf(artifact), { anchors: anchors.nvidiaRim, now, crypto });
  if (!result.ok) verdict.fail('rim.signature', title, rimReason(result.reason), { detail: result.detail });
  else {
    const { rim, chain, notAfter } = result;
    const signer = chain[0]?.subject.text ?? '?';
    verdict.pass('rim.signature', title, { found: signer });
    const row = { id: 'rim.revocation', title: 'No certificate of the signer is revoked', whose: 'signer', chain };
    const required = policy.gpu.requireRevocation === true;
    checkRevocation(verdict, { ...row, leafIsDevice: false, required }, { now, crypto, answers: ocspOf(input) });
    verdict.judge('rim.measurements', 'It names measurements', rim.active.length > 0, 'reference-empty', {
      detail: 'The manifest holds no active measurement: it would let every device pass.',
    });
    verdict.claim('product', rim.product);
    verdict.claim('version', rim.version);
    verdict.claim('signer', signer);
    verdict.claim('signer valid until', iso(notAfter));
    verdict.claim('active measurements', String(rim.active.length));
    for (const { index, values } of rim.active) verdict.measurement(`measurement ${index}`, values.join(' or '));
  }
  return verdict.build();
}
