import { z } from 'zod';
import { ok, type Result } from '../contract/result.ts';
import { throughputSchema } from '../contract/transfers.ts';
import { runEventSchema } from '../contract/views.ts';
import { datasetRecordSchema, type DatasetStore } from '../services/datasets/dataset-record.ts';
import type { WrittenPack } from '../services/reports/report-service.ts';
import { runRecordSchema } from '../services/runs/run-record.ts';
import type { RunStore } from '../services/runs/run-service.ts';
import type { TransferStore } from '../services/transfers/transfer-service.ts';
import type { Collection, Listing } from '../services/store/collection.ts';
import type { Store } from '../services/store/store.ts';
import { evidenceRecordSchema, type EvidenceStore } from './evidence/evidence-records.ts';

const nodeDatasetSchema = z.object({ root: z.string(), bytes: z.number().int(), at: z.string() });
const writtenPackSchema = z.object({ path: z.string(), sha256: z.string(), bytes: z.number().int() });

export interface Stores {
  readonly runs: RunStore;
  readonly datasets: DatasetStore;
  readonly evidence: EvidenceStore;
  readonly transfers: TransferStore;
  readonly packs: {
    get(runId: string): WrittenPack | undefined;
    put(runId: string, pack: WrittenPack): Result<void>;
  };
}

/** Collections of the profile in the shapes that services take. `onDamaged` is told of rows that cannot be read. */
export function createStores(store: Store, onDamaged: (message: string) => void): Stores {
  const runs = store.collection('runs', runRecordSchema);
  const events = store.collection('run-events', runEventSchema);
  const datasets = store.collection('datasets', datasetRecordSchema);
  const evidence = store.collection('verifications', evidenceRecordSchema);
  const packs = store.collection('reports', writtenPackSchema);
  const throughput = store.collection('throughput', throughputSchema);
  const nodeDatasets = store.collection('node-datasets', nodeDatasetSchema);
  const values = <T>(listing: Result<Listing<T>>): Result<readonly T[]> => {
    if (!listing.ok) return listing;
    for (const { message } of listing.value.damaged) onDamaged(message);
    return ok(listing.value.items.map(({ value }) => value));
  };
  const newest = <T>(collection: Collection<T>, limit?: number) =>
    values(collection.list({ newestFirst: true, ...(limit === undefined ? {} : { limit }) }));
  return {
    runs: {
      put: (record) => runs.put(record.view.id, record),
      get: (id) => runs.get(id),
      list: () => newest(runs),
      addEvent: (runId, number, event) => events.put(`${runId}/${String(number).padStart(8, '0')}`, event),
      events: (runId) => values(events.list({ prefix: `${runId}/` })),
    },
    datasets: {
      get: (id) => datasets.get(id),
      insert: (id, record) => datasets.insert(id, record),
      putAll: (records) =>
        store.transaction(() => {
          for (const record of records) {
            const written = datasets.put(record.view.id, record);
            if (!written.ok) return written;
          }
          return ok(undefined);
        }),
      list: () => newest(datasets),
    },
    evidence: {
      get: (id) => evidence.get(id),
      put: (id, record) => evidence.put(id, record),
      list: (limit) => newest(evidence, limit),
    },
    transfers: {
      throughput: (id) => throughput.get(id),
      putThroughput: (id, measured) => throughput.put(id, measured),
      nodeDataset: (node, root) => nodeDatasets.get(`${node}/${root}`),
      putNodeDataset: (node, entry) => nodeDatasets.put(`${node}/${entry.root}`, entry),
    },
    packs: {
      get(runId) {
        const found = packs.get(runId);
        if (found.ok) return found.value;
        onDamaged(found.error.message);
        return undefined;
      },
      put: (runId, pack) => packs.put(runId, pack),
    },
  };
}
