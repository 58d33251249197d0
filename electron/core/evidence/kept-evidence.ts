import { z } from 'zod';
import type { AuditKind } from '../../contract/audit.ts';
import {
  keptEvidenceSchema,
  type FileVerification,
  type InspectedFile,
  type KeptEvidence,
} from '../../contract/evidence-files.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { decodeBase64, encodeBase64 } from '../../domain/encoding/base64.ts';
import { vendorAnchors } from '../../domain/evidence/anchors.ts';
import type { EvidenceFile } from '../../domain/evidence/files/artifact.ts';
import { inspectEvidence } from '../../domain/evidence/files/inspect/inspect.ts';
import { createNodeCrypto } from '../../services/evidence/node-crypto.ts';
import type { Store } from '../../services/store/store.ts';
import { toHex } from '../../domain/evidence/readers/bytes.ts';
import { sha256Of } from '../ed25519.ts';

const keptFileSchema = z.object({ base64: z.string() });

interface KeptEvidenceOptions {
  readonly store: Pick<Store, 'collection' | 'transaction'>;
  readonly clock: () => number;
  readonly newId: () => string;
  /** An entry in the log; what cannot be logged is not kept. */
  readonly log: (
    kind: Extract<AuditKind, 'evidence-kept'>,
    subject: string,
    details: Readonly<Record<string, string | number>>,
    simulated: boolean,
  ) => Result<void>;
}

/** Evidence that came as files and was kept: the bytes, once for each digest, and the verdict on them. */
export interface KeptEvidenceBook {
  /** Errors: those of the store and of the log; then nothing is kept. */
  add(result: FileVerification, files: readonly EvidenceFile[]): Result<KeptEvidence>;
  /** Newest first. Errors: `damaged`, those of the store. */
  list(): Result<KeptEvidence[]>;
  /** Every field of one file of a kept set. Errors: `not_found`, `damaged`, `invalid_input`. */
  inspect(id: string, fileName: string): Result<InspectedFile>;
}

export function createKeptEvidence({ store, clock, newId, log }: KeptEvidenceOptions): KeptEvidenceBook {
  const verdicts = store.collection('kept-evidence', keptEvidenceSchema);
  const contents = store.collection('kept-evidence-files', keptFileSchema);
  return {
    add: (result, files) =>
      store.transaction(() => {
        const kept: KeptEvidence = { id: newId(), keptAt: new Date(clock()).toISOString(), result };
        for (const { bytes } of files) {
          const stored = contents.put(hexDigest(bytes), { base64: encodeBase64(bytes) });
          if (!stored.ok) return stored;
        }
        const written = verdicts.insert(kept.id, kept);
        if (!written.ok) return written;
        const { verification, family } = result;
        const details = {
          family,
          status: verification.status,
          policy: verification.policyId,
          ...Object.fromEntries(result.files.slice(0, 8).map(({ sha256 }, at) => [`sha256-${at + 1}`, sha256])),
        };
        const logged = log('evidence-kept', verification.node.slice(0, 128), details, verification.simulated);
        return logged.ok ? ok(kept) : logged;
      }),

    list() {
      const found = verdicts.list({ newestFirst: true });
      if (!found.ok) return found;
      const [damaged] = found.value.damaged;
      return damaged === undefined
        ? ok(found.value.items.map(({ value }) => value))
        : err('damaged', `The kept evidence ${damaged.id} cannot be read: ${damaged.message}`);
    },

    inspect(id, fileName) {
      const kept = verdicts.get(id);
      if (!kept.ok) return kept;
      const file = kept.value?.result.files.find(({ name }) => name === fileName);
      if (file === undefined) {
        return err('not_found', `There is no file ${JSON.stringify(fileName)} in kept evidence ${JSON.stringify(id)}.`);
      }
      const content = contents.get(file.sha256);
      if (!content.ok) return content;
      const bytes = content.value === undefined ? undefined : decodeBase64(content.value.base64);
      if (bytes === undefined || hexDigest(bytes) !== file.sha256) {
        return err('damaged', `The kept bytes of ${fileName} are not those that were verified.`);
      }
      return inspectEvidence({ name: fileName, bytes }, { anchors: vendorAnchors, crypto: createNodeCrypto() });
    },
  };
}

const hexDigest = (bytes: Uint8Array): string => toHex(sha256Of(bytes));
