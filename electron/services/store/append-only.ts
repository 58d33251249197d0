import type { DatabaseSync } from 'node:sqlite';
import { err, ok, type Result } from '../../contract/result.ts';
import { parseJson } from './collection.ts';
import { guarded } from './sqlite.ts';

/** Telemetry frames of a run, by node and sequence. Rows can be added, never changed or removed. */
export interface FrameTable {
  /**
   * Adds frames in one transaction. A frame that is there already with the same bytes is passed over (a resumed stream
   * sends it again). Errors: `integrity` when another frame has that place, and those of the disk.
   */
  append(runId: string, node: string, frames: readonly { sequence: number; json: string }[]): Result<void>;
  /** Frames of one node with `from` ≤ sequence, in order, as they were written. */
  read(
    runId: string,
    node: string,
    options?: { from?: number; limit?: number },
  ): Result<{ sequence: number; json: string }[]>;
  /** Highest sequence of each node that has frames. */
  heads(runId: string): Result<{ node: string; sequence: number; frames: number }[]>;
}

/** Rows of the audit log; what they mean is the audit service's. */
export interface AuditTable {
  append(row: { position: number; json: string; leafHash: Uint8Array }): Result<void>;
  /** Entries with `from` ≤ position, in order. */
  read(options: { from: number; limit: number }): Result<{ position: number; json: string; leafHash: Uint8Array }[]>;
  /** Newest entries first. */
  readNewest(limit: number): Result<{ position: number; json: string; leafHash: Uint8Array }[]>;
  count(): Result<number>;
  putCheckpoint(checkpoint: { size: number; root: Uint8Array; note: string }): Result<void>;
  /** The newest signed checkpoint. */
  lastCheckpoint(): Result<{ size: number; root: Uint8Array; note: string } | undefined>;
  /** Keeps both tables under other names and begins empty ones; answers the name of the kept entries. */
  setAside(): Result<string>;
}

/** Challenges that were sent to nodes: each is answered at most once. */
export interface ChallengeTable {
  /** Errors: `already_exists` for a nonce that was used before, and those of the disk. */
  insert(nonce: string, challenge: unknown, expiresAt: number): Result<void>;
  /**
   * Takes the challenge for good, whatever comes of its answer.
   * Errors: `not_found` (never sent), `wrong_state` (used already), `timeout` (expired), and those of the disk.
   */
  consume(nonce: string): Result<unknown>;
  /** Forgets challenges that expired before `time` (ms). */
  forgetExpired(time: number): Result<number>;
}

export interface TableContext {
  readonly database: DatabaseSync;
  readonly clock: () => number;
  transaction<T>(work: () => Result<T>): Result<T>;
}

export function createFrameTable({ database, transaction }: TableContext): FrameTable {
  const insert = database.prepare('INSERT INTO frames (run_id, node, sequence, json) VALUES (?, ?, ?, ?)');
  const find = database.prepare('SELECT json FROM frames WHERE run_id = ? AND node = ? AND sequence = ?');
  const range = database.prepare(
    'SELECT sequence, json FROM frames WHERE run_id = ? AND node = ? AND sequence >= ? ORDER BY sequence LIMIT ?',
  );
  const heads = database.prepare(
    'SELECT node, max(sequence) AS sequence, count(*) AS frames FROM frames WHERE run_id = ? GROUP BY node ORDER BY node',
  );
  return {
    append(runId, node, frames) {
      return transaction(() => {
        for (const { sequence, json } of frames) {
          const written = guarded('Writing telemetry', () => {
            const existing = find.get(runId, node, sequence);
            if (existing === undefined) insert.run(runId, node, sequence, json);
            return existing === undefined || existing['json'] === json;
          });
          if (!written.ok) return written;
          if (!written.value) {
            return err('integrity', `Node ${node} sent two different frames with number ${sequence}.`, {
              details: { runId, node, sequence },
            });
          }
        }
        return ok(undefined);
      });
    },
    read(runId, node, options = {}) {
      return guarded('Reading telemetry', () =>
        range
          .all(runId, node, options.from ?? 0, options.limit ?? -1)
          .map((row) => ({ sequence: Number(row['sequence']), json: String(row['json']) })),
      );
    },
    heads(runId) {
      return guarded('Reading telemetry', () =>
        heads.all(runId).map((row) => ({
          node: String(row['node']),
          sequence: Number(row['sequence']),
          frames: Number(row['frames']),
        })),
      );
    },
  };
}

/** As the first migration makes them. */
const auditTables = `
  CREATE TABLE audit_entries (position INTEGER PRIMARY KEY, json TEXT NOT NULL, leaf_hash BLOB NOT NULL) STRICT;
  CREATE TABLE audit_checkpoints (size INTEGER PRIMARY KEY, root BLOB NOT NULL, note TEXT NOT NULL) STRICT;
`;
const auditGuards = (table: string, suffix: string) => `
  CREATE TRIGGER audit_keep${suffix} BEFORE UPDATE ON ${table} BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
  CREATE TRIGGER audit_stay${suffix} BEFORE DELETE ON ${table} BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
`;

const auditColumns = 'SELECT position, json, leaf_hash FROM audit_entries';

export function createAuditTable({ database, transaction }: TableContext): AuditTable {
  const insert = database.prepare('INSERT INTO audit_entries (position, json, leaf_hash) VALUES (?, ?, ?)');
  const range = database.prepare(`${auditColumns} WHERE position >= ? ORDER BY position LIMIT ?`);
  const newest = database.prepare(`${auditColumns} ORDER BY position DESC LIMIT ?`);
  const keptLogs = database.prepare(
    `SELECT count(*) AS total FROM sqlite_schema WHERE type = 'table' AND name GLOB 'audit_entries_[0-9]*'`,
  );
  const total = database.prepare('SELECT coalesce(max(position), -1) + 1 AS total FROM audit_entries');
  const checkpoint = database.prepare(
    'INSERT INTO audit_checkpoints (size, root, note) VALUES (?, ?, ?) ON CONFLICT (size) DO UPDATE SET root = excluded.root, note = excluded.note',
  );
  const last = database.prepare('SELECT size, root, note FROM audit_checkpoints ORDER BY size DESC LIMIT 1');
  return {
    append: (row) => guarded('Writing the audit log', () => void insert.run(row.position, row.json, row.leafHash)),
    read: ({ from, limit }) => guarded('Reading the audit log', () => range.all(from, limit).map(toRow)),
    readNewest: (limit) => guarded('Reading the audit log', () => newest.all(limit).map(toRow)),
    count: () => guarded('Reading the audit log', () => Number(total.get()?.['total'] ?? 0)),
    putCheckpoint: ({ size, root, note }) =>
      guarded('Writing the audit log', () => void checkpoint.run(size, root, note)),
    lastCheckpoint: () =>
      guarded('Reading the audit log', () => {
        const row = last.get();
        if (row === undefined) return undefined;
        return { size: Number(row['size']), root: bytes(row['root']), note: String(row['note']) };
      }),
    setAside: () =>
      transaction(() =>
        guarded('Setting the audit log aside', () => {
          const kept = Number(keptLogs.get()?.['total'] ?? 0) + 1;
          // The triggers go along with the table that they guard; only their names must make room.
          database.exec(`
            ALTER TABLE audit_entries RENAME TO audit_entries_${kept};
            ALTER TABLE audit_checkpoints RENAME TO audit_checkpoints_${kept};
            DROP TRIGGER IF EXISTS audit_keep;
            DROP TRIGGER IF EXISTS audit_stay;
            ${auditGuards(`audit_entries_${kept}`, `_${kept}`)}
            ${auditTables}
            ${auditGuards('audit_entries', '')}
          `);
          return `audit_entries_${kept}`;
        }),
      ),
  };
}

export function createChallengeTable({ database, clock, transaction }: TableContext): ChallengeTable {
  const insert = database.prepare('INSERT INTO challenges (nonce, json, expires_at) VALUES (?, ?, ?)');
  const find = database.prepare('SELECT json, expires_at, consumed_at FROM challenges WHERE nonce = ?');
  const consume = database.prepare('UPDATE challenges SET consumed_at = ? WHERE nonce = ? AND consumed_at IS NULL');
  const forget = database.prepare('DELETE FROM challenges WHERE expires_at < ?');
  return {
    insert(nonce, challenge, expiresAt) {
      return transaction(() => {
        const found = guarded('Reading challenges', () => find.get(nonce));
        if (!found.ok) return found;
        if (found.value !== undefined) return err('already_exists', 'This nonce was used before.');
        return guarded('Writing a challenge', () => void insert.run(nonce, JSON.stringify(challenge), expiresAt));
      });
    },
    consume(nonce) {
      const now = clock();
      const taken = transaction(() => {
        const found = guarded('Reading challenges', () => find.get(nonce));
        if (!found.ok) return found;
        if (found.value === undefined) return err('not_found', 'This challenge was never sent.');
        const changed = guarded('Taking a challenge', () => consume.run(now, nonce).changes);
        if (!changed.ok) return changed;
        if (changed.value !== 1) return err('wrong_state', 'This challenge was answered before.');
        return ok(found.value);
      });
      if (!taken.ok) return taken;
      // Past the transaction: an answer that comes late still uses its challenge up.
      if (Number(taken.value['expires_at']) < now) return err('timeout', 'This challenge has expired.');
      return ok(parseJson(taken.value['json']));
    },
    forgetExpired: (time) => guarded('Clearing challenges', () => Number(forget.run(time).changes)),
  };
}

function toRow(row: Record<string, unknown>) {
  return { position: Number(row['position']), json: String(row['json']), leafHash: bytes(row['leaf_hash']) };
}

function bytes(value: unknown): Uint8Array {
  return value instanceof Uint8Array ? value : new Uint8Array(0);
}
