import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import type { AuditBundle, AuditEntry, AuditKind } from '../../contract/audit.ts';
import { err, ok, type NacreError, type Result } from '../../contract/result.ts';
import { checkpointText, noteOf, openNote, originOf, type TreeHead } from '../../domain/audit/checkpoint.ts';
import { decodeEntry, encodeEntry, entryLeaf } from '../../domain/audit/entry.ts';
import type { VerifySignature } from '../../domain/dsse/dsse.ts';
import { consistencyProof, createMerkleAppender, inclusionProof, merkleRoot } from '../../domain/merkle/merkle.ts';
import type { Store } from '../store/store.ts';

/** What a caller says; index, time and form are the log's. */
export interface AuditEvent {
  readonly kind: AuditKind;
  readonly actor: string;
  readonly subject: string;
  /** JSON values; digests and names, never a secret. */
  readonly details: AuditEntry['details'];
  readonly simulated: boolean;
}

/** The organisation key while the vault is unlocked. `sign` answers `locked` otherwise. */
export interface CheckpointSigner {
  readonly keyId: string;
  readonly publicKey: Uint8Array;
  /** Keys that signed earlier checkpoints of this log, before a rotation. */
  readonly earlier?: readonly Uint8Array[];
  sign(bytes: Uint8Array): Result<Uint8Array>;
}

/** The newest signed checkpoint, as a backup has it. */
export interface SavedCheckpoint {
  readonly size: number;
  /** Hex. */
  readonly root: string;
  readonly note: string;
}

export interface LogHead {
  readonly size: number;
  /** Hex. */
  readonly root: string;
}

export interface AuditLog {
  /**
   * Writes one entry to the disk. No log, no act: a caller stops when this is an error.
   * Errors: `integrity` (the log was changed behind our back), `invalid_input`, and those of the disk.
   */
  append(event: AuditEvent): Result<AuditEntry>;
  /** Entries after an index, oldest first, with their leaf hashes (hex). */
  list(options: { after: number; limit: number }): Result<LoggedEntry[]>;
  /** Newest first. */
  newest(limit: number): Result<LoggedEntry[]>;
  head(): LogHead;
  /** Whether the log still begins with this earlier head: nothing was changed or cut off. */
  hasPrefix(head: LogHead): boolean;
  /**
   * Reads every entry again and compares leaves, order, and the last signed checkpoint; with keys, that one of them signed it, too.
   * Errors: `integrity`, naming the entry.
   */
  verify(...publicKeys: readonly Uint8Array[]): Result<LogHead>;
  /**
   * Keeps what is there under another name, for good, and begins an empty log whose first entry names the old head and
   * what was wrong with it. For a log that was changed: nothing else makes it take entries again.
   */
  setAside(damage: string): Result<AuditEntry>;
  /**
   * Takes over the whole log of a backup in a profile whose own has no history; what was there is set aside. The entries
   * must lead to `head`. Errors: `damaged`, `integrity`, those of the disk; then nothing changed.
   */
  adopt(entries: readonly string[], head: LogHead, checkpoint: SavedCheckpoint | undefined): Result<void>;
  /** From now on every append is followed by a signed checkpoint; undefined when the vault locks. */
  attachSigner(signer: CheckpointSigner | undefined): Result<void>;
  /** The newest signed checkpoint; made now when a signer is attached. Errors: `locked` when nothing was ever signed. */
  checkpoint(): Result<string>;
  /** Chosen entries with proofs up to the newest checkpoint. Errors: `not_found`, `locked` (no checkpoint covers them yet). */
  prove(indices: readonly number[]): Result<AuditBundle>;
  /** Hex hashes that prove the log of `oldSize` entries to be the beginning of this one. Errors: `not_found`. */
  consistency(oldSize: number): Result<string[]>;
  /** Called after each written entry. */
  onEntry(listener: (entry: AuditEntry) => void): () => void;
}

export interface LoggedEntry {
  readonly entry: AuditEntry;
  /** Hex. */
  readonly leafHash: string;
}

export interface AuditLogOptions {
  readonly store: Store;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly verify?: VerifySignature;
}

const pageSize = 1000;

/**
 * Opens the audit log of a profile and checks all of it. A log that was changed still opens, so that a person can see
 * it, but takes no entry any more: then nothing is signed or released.
 * Errors: those of the disk.
 */
export function openAuditLog(options: AuditLogOptions): Result<AuditLog> {
  const { store, clock } = options;
  const table = store.audit;
  let leaves: Uint8Array[] = [];
  let tree = createMerkleAppender();
  let signer: CheckpointSigner | undefined;
  let problem: NacreError | undefined;
  const listeners = new Set<(entry: AuditEntry) => void>();

  const take = (hashes: Uint8Array[]) => {
    leaves = hashes;
    tree = createMerkleAppender();
    for (const leaf of leaves) tree.append(leaf);
  };

  const headOf = (): LogHead => ({ size: leaves.length, root: bytesToHex(tree.root()) });

  /** An append inside a caller's transaction that was undone leaves us ahead of the table. */
  const follow = (): Result<void> => {
    const count = table.count();
    if (!count.ok) return count;
    if (count.value < leaves.length) take(leaves.slice(0, count.value));
    if (count.value > leaves.length) return err('integrity', 'The audit log has entries that Nacre did not write.');
    return ok(undefined);
  };

  const signHead = (): Result<string | undefined> => {
    if (signer === undefined) return ok(undefined);
    const head: TreeHead = { origin: originOf(signer.keyId), size: leaves.length, root: tree.root() };
    const signature = signer.sign(new TextEncoder().encode(checkpointText(head)));
    // Locked in between: the entry stands, and the next unlock signs over it.
    if (!signature.ok) return signature.error.code === 'locked' ? ok(undefined) : signature;
    const note = noteOf(head, signer.publicKey, signature.value);
    const written = table.putCheckpoint({ size: head.size, root: head.root, note });
    return written.ok ? ok(note) : written;
  };

  const verify = (publicKeys: readonly Uint8Array[]): Result<LogHead> => {
    const read = readLeaves(store);
    if (!read.ok) return read;
    const found = read.value;
    const last = table.lastCheckpoint();
    if (!last.ok) return last;
    const checked = checkCheckpoint(found, last.value, publicKeys, options.verify);
    if (!checked.ok) return checked;
    const root = bytesToHex(merkleRoot(found));
    return ok({ size: found.length, root });
  };

  const log: AuditLog = {
    append(event) {
      if (problem !== undefined) return { ok: false, error: problem };
      const written = store.transaction(() => {
        const followed = follow();
        if (!followed.ok) return followed;
        const index = leaves.length;
        const entry: AuditEntry = { version: 1, index, at: new Date(clock()).toISOString(), ...event };
        const text = encodeEntry(entry);
        if (!text.ok) return text;
        const leaf = entryLeaf(text.value);
        const row = table.append({ position: index, json: text.value, leafHash: leaf });
        if (!row.ok) return row;
        leaves.push(leaf);
        tree.append(leaf);
        const signed = signHead();
        return signed.ok ? ok(entry) : signed;
      });
      if (!written.ok) {
        // What was pushed above was undone with the transaction.
        const followed = follow();
        return followed.ok ? written : followed;
      }
      for (const listener of listeners) listener(written.value);
      return written;
    },
    list: ({ after, limit }) => toLogged(table.read({ from: after + 1, limit })),
    newest: (limit) => toLogged(table.readNewest(limit)),
    head: headOf,
    hasPrefix: ({ size, root }) => size <= leaves.length && bytesToHex(merkleRoot(leaves.slice(0, size))) === root,
    setAside(damage) {
      const found = table.count();
      if (!found.ok) return found;
      const before = { entries: found.value, root: headOf().root };
      const previous = { leaves, problem };
      const begun = store.transaction(() => {
        const moved = table.setAside();
        if (!moved.ok) return moved;
        take([]);
        problem = undefined;
        signer = undefined;
        return log.append({
          kind: 'log-set-aside',
          actor: 'owner',
          subject: moved.value,
          details: { damage, oldSize: before.entries, oldRoot: before.root },
          simulated: false,
        });
      });
      if (!begun.ok) {
        take(previous.leaves);
        problem = previous.problem;
      }
      return begun;
    },
    adopt(entries, head, checkpoint) {
      const hashes: Uint8Array[] = [];
      for (const [index, text] of entries.entries()) {
        const entry = decodeEntry(text);
        if (!entry.ok || entry.value.index !== index) return err('damaged', `Audit entry ${index} cannot be read.`);
        hashes.push(entryLeaf(text));
      }
      if (hashes.length !== head.size || bytesToHex(merkleRoot(hashes)) !== head.root) {
        return err('integrity', 'The entries of the audit log are not those that its head was made of.');
      }
      const adopted = store.transaction(() => {
        const found = table.count();
        if (!found.ok) return found;
        const aside = found.value === 0 ? ok('') : table.setAside();
        if (!aside.ok) return aside;
        for (const [position, json] of entries.entries()) {
          const row = table.append({ position, json, leafHash: hashes[position] ?? new Uint8Array(0) });
          if (!row.ok) return row;
        }
        if (checkpoint === undefined) return ok(undefined);
        return table.putCheckpoint({ ...checkpoint, root: hexToBytes(checkpoint.root) });
      });
      if (!adopted.ok) return adopted;
      take(hashes);
      problem = undefined;
      return ok(undefined);
    },
    verify(...publicKeys) {
      const result = verify(publicKeys);
      if (!result.ok && result.error.code === 'integrity') problem = result.error;
      return result;
    },
    attachSigner(next) {
      signer = undefined;
      if (next === undefined) return ok(undefined);
      const checked = log.verify(next.publicKey, ...(next.earlier ?? []));
      if (!checked.ok) return checked;
      signer = next;
      if (leaves.length === 0) return ok(undefined);
      const signed = signHead();
      return signed.ok ? ok(undefined) : signed;
    },
    checkpoint() {
      const signed = signHead();
      if (!signed.ok) return signed;
      if (signed.value !== undefined) return ok(signed.value);
      const last = table.lastCheckpoint();
      if (!last.ok) return last;
      if (last.value === undefined)
        return err('locked', 'The audit log has no signed checkpoint yet. Unlock the vault.');
      return ok(last.value.note);
    },
    prove(indices) {
      const note = log.checkpoint();
      if (!note.ok) return note;
      const last = table.lastCheckpoint();
      if (!last.ok) return last;
      const size = last.value?.size ?? 0;
      const tree = leaves.slice(0, size);
      const proofs: AuditBundle['proofs'] = [];
      for (const index of indices) {
        if (index < 0 || index >= leaves.length) return err('not_found', `The audit log has no entry ${index}.`);
        const path = inclusionProof(tree, index);
        if (path === undefined) return err('locked', `Entry ${index} is not signed yet. Unlock the vault.`);
        const read = toLogged(table.read({ from: index, limit: 1 }));
        if (!read.ok) return read;
        const entry = read.value[0]?.entry;
        if (entry === undefined) return err('not_found', `The audit log has no entry ${index}.`);
        proofs.push({ entry, path: path.map(bytesToHex) });
      }
      return ok({ version: 1, checkpoint: note.value, proofs });
    },
    consistency(oldSize) {
      const proof = consistencyProof(leaves, oldSize);
      if (proof === undefined) return err('not_found', `The audit log never had ${oldSize} entries.`);
      return ok(proof.map(bytesToHex));
    },
    onEntry(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };

  const stored = storedLeaves(store);
  if (!stored.ok) return stored;
  take(stored.value);
  const first = log.verify();
  if (!first.ok && first.error.code !== 'integrity') return first;
  return ok(log);
}

type Row = { position: number; json: string; leafHash: Uint8Array };

function* pages(store: Store): Generator<Result<Row[]>> {
  for (let from = 0; ; from += pageSize) {
    const page = store.audit.read({ from, limit: pageSize });
    yield page;
    if (!page.ok || page.value.length < pageSize) return;
  }
}

function storedLeaves(store: Store): Result<Uint8Array[]> {
  const hashes: Uint8Array[] = [];
  for (const page of pages(store)) {
    if (!page.ok) return page;
    for (const row of page.value) hashes.push(row.leafHash);
  }
  return ok(hashes);
}

function changed(index: number, what: string) {
  return err('integrity', `Audit entry ${index} ${what}.`, {
    hint: 'Someone or something changed the profile folder. Nothing is released until this is understood.',
    details: { index },
  });
}

/** Leaves computed from the entries themselves. Errors: `integrity` naming the first entry that is not what was logged. */
function readLeaves(store: Store): Result<Uint8Array[]> {
  const hashes: Uint8Array[] = [];
  for (const page of pages(store)) {
    if (!page.ok) return page;
    for (const { position, json, leafHash } of page.value) {
      const index = hashes.length;
      if (position !== index) return changed(index, 'is missing');
      const leaf = entryLeaf(json);
      if (bytesToHex(leaf) !== bytesToHex(leafHash)) return changed(index, 'was changed after it was written');
      const entry = decodeEntry(json);
      if (!entry.ok || entry.value.index !== index) return changed(index, 'cannot be read');
      hashes.push(leaf);
    }
  }
  return ok(hashes);
}

function checkCheckpoint(
  leaves: readonly Uint8Array[],
  last: { size: number; root: Uint8Array; note: string } | undefined,
  publicKeys: readonly Uint8Array[],
  verify: VerifySignature | undefined,
): Result<void> {
  if (last === undefined) return ok(undefined);
  if (last.size > leaves.length) {
    return err('integrity', `The audit log was signed with ${last.size} entries and has only ${leaves.length}.`, {
      details: { signed: last.size, found: leaves.length },
    });
  }
  if (bytesToHex(merkleRoot(leaves.slice(0, last.size))) !== bytesToHex(last.root)) {
    return err('integrity', `The first ${last.size} audit entries are not those that were signed.`);
  }
  const [first, ...others] = publicKeys;
  if (first === undefined) return ok(undefined);
  let head = openNote(last.note, first, verify);
  for (const publicKey of others) if (!head.ok) head = openNote(last.note, publicKey, verify);
  if (!head.ok) return err('integrity', head.error.message);
  if (head.value.size !== last.size || bytesToHex(head.value.root) !== bytesToHex(last.root)) {
    return err('integrity', 'The signed checkpoint of the audit log is of another tree.');
  }
  return ok(undefined);
}

function toLogged(rows: Result<Row[]>): Result<LoggedEntry[]> {
  if (!rows.ok) return rows;
  const logged: LoggedEntry[] = [];
  for (const row of rows.value) {
    const entry = decodeEntry(row.json);
    if (!entry.ok) return err('integrity', `Audit entry ${row.position}: ${entry.error.message}`);
    logged.push({ entry: entry.value, leafHash: bytesToHex(row.leafHash) });
  }
  return ok(logged);
}
