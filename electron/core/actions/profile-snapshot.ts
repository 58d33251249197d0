import { gunzipSync, gzipSync } from 'node:zlib';
import { z } from 'zod';
import type { Behind } from '../../contract/recovery.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { isOffline } from '../../services/custody/profile-kind.ts';
import type { AuditLog } from '../../services/audit/audit-log.ts';
import type { CollectionName } from '../../services/store/collection.ts';
import type { Store } from '../../services/store/store.ts';

/**
 * What of a profile goes into a backup beside the vault: records that nothing else can bring back, and the whole audit
 * log, which rules and policies are only believed together with. Not in it: sealed files and models (bulk, and sealed
 * already), runs with their telemetry and evidence (auditor packs carry those), downloads in progress.
 */
const saved: readonly CollectionName[] = [
  'settings',
  'datasets',
  'policies',
  'policy-versions',
  'approvals',
  'collateral',
  'collateral-marks',
  'key-usage',
];
const profileKind = 'profile-kind';
/** JSON of a million log entries and some thousand datasets, unpacked. */
const largest = 1_073_741_824;

const rows = z.array(z.strictObject({ id: z.string().max(1024), value: z.json() }));
const snapshotSchema = z.strictObject({
  version: z.literal(1),
  collections: z.partialRecord(z.enum(saved as [CollectionName, ...CollectionName[]]), rows),
  log: z.strictObject({
    entries: z.array(z.string()),
    checkpoint: z
      .strictObject({ size: z.number().int(), root: z.string().regex(/^[0-9a-f]{64}$/), note: z.string() })
      .optional(),
  }),
});
type Snapshot = z.infer<typeof snapshotSchema>;

const anything = z.json();

/** Reads everything in one go: nothing waits in between. Errors: those of the disk. */
export function collectProfile(store: Store): Result<Uint8Array> {
  const collections: Snapshot['collections'] = {};
  for (const name of saved) {
    const listing = store.collection(name, anything).list();
    if (!listing.ok) return listing;
    const [bad] = listing.value.damaged;
    if (bad !== undefined) return err('damaged', bad.message);
    collections[name] = listing.value.items.map(({ id, value }) => ({ id, value }));
  }
  const entries = store.audit.read({ from: 0, limit: -1 });
  if (!entries.ok) return entries;
  const last = store.audit.lastCheckpoint();
  if (!last.ok) return last;
  const checkpoint = last.value;
  const snapshot: Snapshot = {
    version: 1,
    collections,
    log: {
      entries: entries.value.map(({ json }) => json),
      ...(checkpoint === undefined
        ? {}
        : { checkpoint: { ...checkpoint, root: Buffer.from(checkpoint.root).toString('hex') } }),
    },
  };
  return ok(gzipSync(JSON.stringify(snapshot)));
}

function readSnapshot(bytes: Uint8Array): Result<Snapshot> {
  let value: unknown;
  try {
    value = JSON.parse(gunzipSync(bytes, { maxOutputLength: largest }).toString('utf8'));
  } catch {
    return err('damaged', 'The records in the backup cannot be read.', { details: { place: 'profile' } });
  }
  const parsed = snapshotSchema.safeParse(value);
  if (parsed.success) return ok(parsed.data);
  const place = parsed.error.issues[0]?.path.slice(0, 3).join('.') ?? 'their shape';
  return err('damaged', `The records in the backup are not those of this Nacre: ${place}.`);
}

/** How many datasets a backup knows. Errors: `damaged`. */
export function countDatasets(bytes: Uint8Array): Result<number> {
  const snapshot = readSnapshot(bytes);
  return snapshot.ok ? ok(snapshot.value.collections.datasets?.length ?? 0) : snapshot;
}

export interface BackedUpHead {
  readonly log: { readonly size: number; readonly root: string };
  readonly offline: boolean;
}

/**
 * Brings records and log of a backup into a new profile. A profile whose log goes on from that of the backup keeps its own,
 * which are newer; one with another history is not touched.
 * Errors: `wrong_state` (offline or not, another history), `damaged`, `integrity`, those of the disk.
 */
export function applyProfile(
  { store, audit }: { readonly store: Store; readonly audit: AuditLog },
  bytes: Uint8Array,
  head: BackedUpHead,
): Result<{ took: 'all' | 'vault-only'; datasets: number; behind: Behind }> {
  const snapshot = readSnapshot(bytes);
  if (!snapshot.ok) return snapshot;
  const datasets = snapshot.value.collections.datasets?.length ?? 0;
  const offline = isOffline(store);
  if (!offline.ok) return offline;
  if (offline.value !== head.offline) {
    return head.offline
      ? err('wrong_state', 'This is the backup of an offline custody profile, and this profile is an ordinary one.', {
          hint: 'Make an empty folder an offline profile first: nacre custody init --profile DIR.',
        })
      : err('wrong_state', 'This is the backup of an ordinary profile, and this one is an offline custody profile.');
  }
  const here = audit.head();
  if (here.size > 0 && audit.hasPrefix(head.log)) {
    const behind = actsAfter(audit, head.log.size);
    return behind.ok ? ok({ took: 'vault-only', datasets, behind: behind.value }) : behind;
  }
  // A new offline profile has one entry: that it was made one.
  const fresh = here.size === 0 || (offline.value && here.size === 1);
  if (!fresh) {
    return err('wrong_state', 'This profile has a history of its own, which is not the one in the backup.', {
      hint: 'Restore into a new profile: choose an empty folder with --profile.',
    });
  }
  return store.transaction(() => {
    for (const name of saved) {
      const collection = store.collection(name, anything);
      for (const { id, value } of snapshot.value.collections[name] ?? []) {
        if (name === 'settings' && id === profileKind) continue;
        const put = collection.put(id, value);
        if (!put.ok) return put;
      }
    }
    // Last, because the log remembers its tree beside the table.
    const { entries, checkpoint } = snapshot.value.log;
    const adopted = audit.adopt(entries, head.log, checkpoint);
    return adopted.ok ? ok({ took: 'all' as const, datasets, behind: { entries: 0, acts: [] } }) : adopted;
  });
}

/** Acts that change what a backup holds. */
const changing = new Set<string>([
  'passphrase-changed',
  'dataset-sealed',
  'datasets-rewrapped',
  'policy-changed',
  'members-changed',
  'settings-changed',
  'shares-made',
  'key-created',
  'key-imported',
  'key-changed',
  'key-rotated',
  'key-revoked',
  'unlock-path-added',
  'unlock-path-removed',
  'derivation-changed',
]);
const page = 1000;

/** What happened after a log had `size` entries. Errors: those of the log. */
export function actsAfter(audit: AuditLog, size: number): Result<Behind> {
  const counts = new Map<string, number>();
  let entries = 0;
  for (;;) {
    const read = audit.list({ after: size - 1 + entries, limit: page });
    if (!read.ok) return read;
    for (const { entry } of read.value) {
      if (changing.has(entry.kind)) counts.set(entry.kind, (counts.get(entry.kind) ?? 0) + 1);
    }
    entries += read.value.length;
    if (read.value.length < page) break;
  }
  return ok({ entries, acts: [...counts].map(([kind, count]) => ({ kind, count })) });
}
