import type { Migration } from './sqlite.ts';

/** 'NACR' */
export const storeApplicationId = 0x4e414352;

/** Only ever appended to: entry n brings a store of version n to version n + 1. */
export const storeMigrations: readonly Migration[] = [
  {
    what: 'collections, single-use challenges, append-only frames and audit log',
    sql: `
      CREATE TABLE items (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        collection TEXT NOT NULL,
        id TEXT NOT NULL,
        json TEXT NOT NULL,
        updated_at INTEGER NOT NULL,
        UNIQUE (collection, id)
      ) STRICT;
      CREATE INDEX items_in_order ON items (collection, sequence);

      CREATE TABLE challenges (
        nonce TEXT PRIMARY KEY,
        json TEXT NOT NULL,
        expires_at INTEGER NOT NULL,
        consumed_at INTEGER
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE frames (
        run_id TEXT NOT NULL,
        node TEXT NOT NULL,
        sequence INTEGER NOT NULL,
        json TEXT NOT NULL,
        PRIMARY KEY (run_id, node, sequence)
      ) STRICT, WITHOUT ROWID;
      CREATE TRIGGER frames_keep BEFORE UPDATE ON frames BEGIN SELECT RAISE(ABORT, 'frames are append-only'); END;
      CREATE TRIGGER frames_stay BEFORE DELETE ON frames BEGIN SELECT RAISE(ABORT, 'frames are append-only'); END;

      CREATE TABLE audit_entries (
        position INTEGER PRIMARY KEY,
        json TEXT NOT NULL,
        leaf_hash BLOB NOT NULL
      ) STRICT;
      CREATE TRIGGER audit_keep BEFORE UPDATE ON audit_entries BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
      CREATE TRIGGER audit_stay BEFORE DELETE ON audit_entries BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

      CREATE TABLE audit_checkpoints (
        size INTEGER PRIMARY KEY,
        root BLOB NOT NULL,
        note TEXT NOT NULL
      ) STRICT;
    `,
  },
  {
    what: 'signed policy versions are append-only',
    sql: `
      CREATE TRIGGER policy_versions_keep BEFORE UPDATE ON items WHEN OLD.collection = 'policy-versions'
        BEGIN SELECT RAISE(ABORT, 'policy versions are append-only'); END;
      CREATE TRIGGER policy_versions_stay BEFORE DELETE ON items WHEN OLD.collection = 'policy-versions'
        BEGIN SELECT RAISE(ABORT, 'policy versions are append-only'); END;
    `,
  },
];
