import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { z } from 'zod';
import type { FileVerification } from '../../contract/evidence-files.ts';
import type { methods } from '../../contract/methods.ts';
import { ok, type Result } from '../../contract/result.ts';
import type { EvidenceFile } from '../../domain/evidence/files/artifact.ts';
import { readEvidenceFiles } from '../../services/evidence/files/read-files.ts';
import { createNodeCrypto } from '../../services/evidence/node-crypto.ts';
import { writeWhole } from '../../services/reports/write-file.ts';
import { chainsOfRecord } from '../evidence/evidence-chains.ts';
import { inspectEvidenceFile, judgeEvidence, testRootsOfFile } from '../evidence/offline-evidence.ts';
import type { Handlers } from '../router.ts';
import type { Services } from '../services.ts';

type Names =
  | 'evidence.verifyFiles'
  | 'evidence.inspectFile'
  | 'evidence.keepFiles'
  | 'evidence.listKept'
  | 'evidence.inspectKept'
  | 'evidence.exportFiles'
  | 'evidence.chains';

type Request = z.output<(typeof methods)['evidence.verifyFiles']['input']>;

/** Evidence in files: judged with the desk's policies and collateral, taken apart, kept. */
export function evidenceFileHandlers(services: Services): Pick<Handlers, Names> {
  const { collateral, policies, evidence, keptEvidence, downloads, profile, clock } = services;

  const judge = async (request: Request): Promise<Result<{ files: EvidenceFile[]; result: FileVerification }>> => {
    const { paths, policyId, testRoots, ...options } = request;
    const policy = policyId === undefined ? undefined : policies.get(policyId);
    if (policy?.ok === false) return policy;
    const anchors = testRoots === undefined ? undefined : await testRootsOfFile(testRoots);
    if (anchors?.ok === false) return anchors;
    const source = collateral.source();
    if (!source.ok) return source;
    const files = await readEvidenceFiles(paths);
    if (!files.ok) return files;
    const result = judgeEvidence(files.value, {
      ...options,
      collateral: source.value,
      now: clock(),
      ...(policy === undefined ? {} : { policy: policy.value.policy }),
      ...(anchors === undefined ? {} : { anchors: anchors.value }),
    });
    return result.ok ? ok({ files: files.value, result: result.value }) : result;
  };

  return {
    'evidence.verifyFiles': async (request) => {
      const judged = await judge(request);
      return judged.ok ? ok(judged.value.result) : judged;
    },
    'evidence.inspectFile': async ({ path }) => inspectEvidenceFile(path),
    'evidence.keepFiles': async (request) => {
      const judged = await judge(request);
      return judged.ok ? keptEvidence.add(judged.value.result, judged.value.files) : judged;
    },
    'evidence.listKept': async () => keptEvidence.list(),
    'evidence.inspectKept': async ({ id, file }) => keptEvidence.inspect(id, file),
    'evidence.exportFiles': async (request) => {
      const judged = await judge(request);
      if (!judged.ok) return judged;
      const bytes = new Uint8Array(Buffer.from(`${JSON.stringify(judged.value.result, null, 2)}\n`));
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const fileName = `verification-${sha256.slice(0, 12)}.json`;
      const file = { path: join(profile, 'reports', fileName), fileName, bytes: bytes.length, sha256 };
      const written = await writeWhole(file.path, bytes);
      return written.ok ? ok({ ...file, downloadId: downloads.offer(file) }) : written;
    },
    'evidence.chains': async ({ id }) => {
      const record = evidence.get(id);
      return record.ok ? chainsOfRecord(record.value, createNodeCrypto()) : record;
    },
  };
}
