import type { CertificateChain } from '../../contract/evidence-files.ts';
import { nodeEvidenceSchema } from '../../contract/node-evidence.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { simulatedAnchors, vendorAnchors } from '../../domain/evidence/anchors.ts';
import type { EvidenceCrypto } from '../../domain/evidence/crypto.ts';
import { certificateView } from '../../domain/evidence/files/certificates.ts';
import { cpuCertificates, readable } from '../../domain/evidence/node-cpu.ts';
import type { Certificate } from '../../domain/evidence/readers/x509.ts';
import type { EvidenceRecord } from './evidence-records.ts';

/**
 * The certificates that a node sent, as they are: whether they hold is what the checks of its verdict say. A certificate
 * that cannot be read ends its chain. Errors: `damaged` when the archived answer is no evidence.
 */
export function chainsOfRecord(
  record: Pick<EvidenceRecord, 'answer' | 'anchors' | 'view'>,
  crypto: Pick<EvidenceCrypto, 'sha256'>,
): Result<CertificateChain[]> {
  const evidence = nodeEvidenceSchema.safeParse(record.answer);
  if (!evidence.success) return err('damaged', `The answer kept with ${record.view.id} is no evidence of a node.`);
  // What was kept can only ever choose SIMULATED anchors, never those of a vendor.
  const anchors = record.anchors.simulated ? simulatedAnchors(record.anchors) : vendorAnchors;
  const { cpu, gpus } = evidence.data;
  const view = (certificate: Certificate) => certificateView(certificate, anchors, crypto);
  return ok([
    { name: 'cpu0', certificates: cpuCertificates(cpu).map(view) },
    ...gpus.map(({ certificates }, at) => ({ name: `gpu${at}`, certificates: readable(certificates).map(view) })),
  ]);
}
