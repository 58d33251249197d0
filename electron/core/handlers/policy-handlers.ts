import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { policyLimits } from '../../contract/policy-document.ts';
import type { Policy } from '../../contract/policy.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { decodeBase64 } from '../../domain/encoding/base64.ts';
import { comparePolicies } from '../../domain/policy/compare.ts';
import { parsePolicyFile } from '../../domain/policy/document.ts';
import { policyTemplates } from '../../domain/policy/templates.ts';
import { readPolicyText } from '../../domain/policy/text.ts';
import { createNodeCrypto } from '../../services/evidence/node-crypto.ts';
import { writeWhole } from '../../services/reports/write-file.ts';
import { checkPolicyText } from '../policies/offline-policy.ts';
import { readBounded } from '../read-bounded.ts';
import { explainRecord, reappraise, type KnownValues } from '../evidence/reappraise.ts';
import type { Handlers } from '../router.ts';
import type { Services } from '../services.ts';

type Names =
  | 'policies.list'
  | 'policies.templates'
  | 'policies.history'
  | 'policies.check'
  | 'policies.save'
  | 'policies.retire'
  | 'policies.export'
  | 'policies.import'
  | 'evidence.differences'
  | 'evidence.reappraise';

export function policyHandlers(services: Services): Pick<Handlers, Names> {
  const { policies, evidence, downloads, profile, clock } = services;
  const crypto = createNodeCrypto();
  return {
    'policies.list': async () => policies.list(),
    'policies.templates': async () => ok([...policyTemplates]),
    'policies.history': async ({ id }) => policies.history(id),
    'policies.check': async ({ text, against }) => {
      const other = against === undefined ? undefined : policies.newest(against);
      if (other?.ok === false) return other;
      const checked = checkPolicyText(text);
      if (other === undefined || checked.policy === undefined) return ok(checked);
      return ok({ ...checked, changes: comparePolicies(other.value.policy, checked.policy) });
    },
    'policies.save': async ({ text, basis, note }) => {
      const policy = readPolicy(text);
      if (!policy.ok) return policy;
      return policies.put({ policy: policy.value, retired: false, note: note ?? '', basis });
    },
    'policies.retire': async ({ id, basis, note }) => {
      const known = policies.newest(id);
      if (!known.ok) return known;
      return policies.put({ policy: known.value.policy, retired: true, note: note ?? '', basis });
    },
    'policies.export': async ({ id, path }) => {
      const file = policies.file(id);
      if (!file.ok) return file;
      const bytes = new Uint8Array(Buffer.from(`${JSON.stringify(file.value, null, 2)}\n`));
      const target = path ?? join(profile, 'policies', `${id}.nacre-policy.json`);
      if (path === undefined) {
        const folder = await makeFolder(dirname(target));
        if (!folder.ok) return folder;
      }
      const written = await writeWhole(target, bytes);
      if (!written.ok) return written;
      const exported = {
        path: target,
        fileName: basename(target),
        bytes: bytes.length,
        sha256: createHash('sha256').update(bytes).digest('hex'),
      };
      return ok({ ...exported, downloadId: downloads.offer(exported) });
    },
    'policies.import': async ({ path, author }) => {
      const key = author === undefined ? undefined : decodeBase64(author);
      if (author !== undefined && key?.length !== 32) {
        return err('invalid_input', 'author: the key is 32 bytes in base64, as "nacre key list" shows it.');
      }
      const bytes = await readBounded(path, policyLimits.fileBytes, 'A policy file');
      if (!bytes.ok) return bytes;
      const file = parsePolicyFile(bytes.value);
      return file.ok ? policies.take(file.value, key) : file;
    },
    'evidence.differences': async ({ id }) => {
      const record = evidence.get(id);
      if (!record.ok) return record;
      const { verification } = record.value.view;
      const policy = policies.byDigest(verification.policyDigest);
      if (!policy.ok) return policy;
      return ok(explainRecord(record.value, verification, policy.value, crypto, knownValues(services)));
    },
    'evidence.reappraise': async ({ id, policyId, text, at }) => {
      if ((policyId === undefined) === (text === undefined)) {
        return err('invalid_input', 'Name a policy, or give the text of one, but not both.');
      }
      const record = evidence.get(id);
      if (!record.ok) return record;
      const policy = text === undefined ? policyOf(services, policyId ?? '') : readPolicy(text);
      if (!policy.ok) return policy;
      return reappraise(record.value, policy.value, at === 'now' ? clock() : undefined, crypto, knownValues(services));
    },
  };
}

function policyOf({ policies }: Services, id: string): Result<Policy> {
  const known = policies.newest(id);
  return known.ok ? ok(known.value.policy) : known;
}

/** Errors: `invalid_input` with the first problem in its place, and all of them in the details. */
function readPolicy(text: string): Result<Policy> {
  const read = readPolicyText(text);
  if (read.ok) return ok(read.policy);
  const [{ line, column, place, message }] = read.problems;
  const where = line === undefined ? '' : `Line ${line}, column ${column ?? 1}: `;
  return err('invalid_input', `${where}${place === '' ? '' : `${place}: `}${message}`, {
    details: { problems: read.problems },
  });
}

/** Launch measurements that some policy of this desk allows: a value found elsewhere is then told by its name. */
function knownValues({ policies }: Services): KnownValues {
  const all = policies.list();
  if (!all.ok) return [];
  return all.value.flatMap(({ policy, number }) => {
    const of = `what policy ${policy.id}${number === 0 ? '' : ` v${number}`} allows`;
    const { snp, tdx, nitro } = policy;
    const values = [snp.measurements, Object.values(tdx?.measurements ?? {}), Object.values(nitro?.pcrs ?? {})].flat(2);
    return values.map((value) => ({ value, of }));
  });
}

async function makeFolder(folder: string): Promise<Result<void>> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return ok(undefined);
  } catch (error) {
    return err('not_permitted', `${folder} could not be made (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`);
  }
}
