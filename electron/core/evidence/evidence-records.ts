import { z } from 'zod';
import { collateralItemSchema } from '../../contract/collateral.ts';
import { challengeSchema } from '../../contract/node-evidence.ts';
import { overrideDocumentsSchema } from '../../contract/override.ts';
import { packAnchorsSchema } from '../../contract/pack.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { evidenceViewSchema, type EvidenceView } from '../../contract/views.ts';

/** One answered challenge with everything that is needed to judge it again: kept whatever the verdict was. */
export const evidenceRecordSchema = z.object({
  version: z.literal(1),
  view: evidenceViewSchema,
  jobId: z.string(),
  /** SHA-256 of the TLS key that the answer came over. */
  observedTlsSpkiSha256: z.string(),
  expectedGpus: z.number().int().optional(),
  challenge: challengeSchema,
  answer: z.json(),
  anchors: packAnchorsSchema,
  /** The approved override that let the node through. */
  override: overrideDocumentsSchema.optional(),
  /** The items of the desk's collateral that the verdict was made with. */
  collateral: z.array(collateralItemSchema).max(32).optional(),
});
export type EvidenceRecord = z.infer<typeof evidenceRecordSchema>;

export interface EvidenceStore {
  get(id: string): Result<EvidenceRecord | undefined>;
  put(id: string, record: EvidenceRecord): Result<void>;
  /** Newest first. */
  list(limit: number): Result<readonly EvidenceRecord[]>;
}

export interface EvidenceBook {
  add(record: EvidenceRecord): Result<void>;
  get(id: string): Result<EvidenceRecord>;
  list(limit: number): Result<EvidenceView[]>;
  /** The newest of a node, or null. */
  latestOf(node: string): Result<EvidenceView | null>;
  /** Signs results that were made while the vault was locked. Errors: those of `sign` and of the disk. */
  signWaiting(sign: (record: EvidenceRecord) => Result<string>): Result<void>;
}

export function createEvidenceBook(store: EvidenceStore): EvidenceBook {
  const latest = new Map<string, string>();
  // What an earlier process left unsigned is found once; later ones are known as they come.
  const waiting = new Set<string>();
  let searched = false;
  return {
    add(record) {
      const stored = store.put(record.view.id, record);
      if (!stored.ok) return stored;
      latest.set(record.view.verification.node, record.view.id);
      if (record.view.ear === '') waiting.add(record.view.id);
      return stored;
    },
    get(id) {
      const found = store.get(id);
      if (!found.ok) return found;
      return found.value === undefined
        ? err('not_found', `There is no evidence ${JSON.stringify(id)}.`)
        : ok(found.value);
    },
    list(limit) {
      const found = store.list(limit);
      return found.ok ? ok(found.value.map(({ view }) => view)) : found;
    },
    latestOf(node) {
      const id = latest.get(node);
      if (id === undefined) return ok(null);
      const found = store.get(id);
      return found.ok ? ok(found.value?.view ?? null) : found;
    },
    signWaiting(sign) {
      if (!searched) {
        const all = store.list(Number.MAX_SAFE_INTEGER);
        if (!all.ok) return all;
        for (const { view } of all.value) if (view.ear === '') waiting.add(view.id);
        searched = true;
      }
      for (const id of waiting) {
        const record = store.get(id);
        if (!record.ok) return record;
        if (record.value !== undefined) {
          const ear = sign(record.value);
          if (!ear.ok) return ear;
          const stored = store.put(id, { ...record.value, view: { ...record.value.view, ear: ear.value } });
          if (!stored.ok) return stored;
        }
        waiting.delete(id);
      }
      return ok(undefined);
    },
  };
}
