import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { AuditBundle } from '../../contract/audit.ts';
import { packLimits } from '../../contract/pack.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import type { ExportedFile, PackVerdict, ReportView, RunView } from '../../contract/views.ts';
import type { Signer } from '../../domain/dsse/dsse.ts';
import { writePack, type PackCrypto } from '../../domain/pack/container.ts';
import { writeContents, type FailedPackDocuments, type PackDocuments } from '../../domain/pack/contents.ts';
import { loadPrintFonts } from '../print/fonts.ts';
import { drawReport } from './pdf.ts';
import { buildReportModel } from './build-model.ts';
import { writeWhole } from './write-file.ts';

/** All that a pack of one run is made of, as the stores of other services keep it; the log is asked for last. */
export type PackSource = Omit<PackDocuments, 'audit'> | Omit<FailedPackDocuments, 'audit'>;

/** A pack that was written before. */
export interface WrittenPack {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

export interface ReportDependencies {
  readonly runs: () => Result<readonly RunView[]>;
  /** Errors: `wrong_state` for a run that goes on or whose receipts are not signed yet, `not_found`. */
  readonly source: (runId: string) => Result<PackSource>;
  /** Errors: `locked`. */
  readonly organisation: () => Result<Signer & { readonly publicKey: Uint8Array }>;
  /** Appends `pack-exported` to the audit log. No log, no export. */
  readonly logExport: (runId: string, details: Record<string, string>, simulated: boolean) => Result<void>;
  /** Entries of this run with their proofs under a fresh signed checkpoint. */
  readonly auditBundle: (runId: string) => Result<AuditBundle>;
  readonly written: {
    get(runId: string): WrittenPack | undefined;
    put(runId: string, pack: WrittenPack): Result<void>;
  };
  readonly verify: (bytes: Uint8Array, path: string) => PackVerdict;
  /** Offers a written file to the host for one download. @returns its `downloadId` */
  readonly offerDownload: (file: Omit<ExportedFile, 'downloadId'>) => string;
  readonly crypto: PackCrypto;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Folder for files whose path nobody gave. */
  readonly directory: string;
  readonly fontDirectory: string;
}

export interface ReportService {
  list(): Result<ReportView[]>;
  /**
   * Writes the auditor pack of a finished run, also of one that failed or was stopped; whole or not at all, and only one
   * that verifies.
   * Errors: `not_found`, `wrong_state`, `locked`, `integrity`, and those of the disk.
   */
  exportPack(runId: string, path?: string): Promise<Result<ExportedFile>>;
  /** Writes the PDF of a run that succeeded, from a pack of this moment. Errors: `wrong_state`, those of `exportPack`. */
  exportPdf(runId: string, path?: string): Promise<Result<ExportedFile>>;
  /** Reads any file as a pack. Errors: `not_found` and `not_permitted`; a bad pack is a verdict, not an error. */
  verifyPack(path: string): Promise<Result<PackVerdict>>;
}

/** Reports: auditor packs and PDF for people, both from the same checked bytes. */
export function createReportService(dependencies: ReportDependencies): ReportService {
  const { runs, written, clock, directory, verify } = dependencies;

  const findRun = (runId: string): Result<RunView> => {
    const all = runs();
    if (!all.ok) return all;
    const run = all.value.find(({ id }) => id === runId);
    return run === undefined ? err('not_found', `There is no run ${JSON.stringify(runId)}.`) : ok(run);
  };

  const build = (run: RunView, what: 'pack' | 'pdf'): Result<{ bytes: Uint8Array; verdict: PackVerdict }> => {
    const source = dependencies.source(run.id);
    if (!source.ok) return source;
    const organisation = dependencies.organisation();
    if (!organisation.ok) return organisation;
    // First the entry, then the proofs: so the pack shows its own export, and an export that cannot be logged stops here.
    const logged = dependencies.logExport(run.id, { jobId: run.jobId, what }, run.simulated);
    if (!logged.ok) return logged;
    const audit = dependencies.auditBundle(run.id);
    if (!audit.ok) return audit;
    const title = {
      runId: run.id,
      runName: run.name,
      simulated: run.simulated,
      createdAt: new Date(clock()).toISOString(),
    };
    const entries = writeContents({ ...source.value, audit: audit.value });
    const pack = writePack(title, entries, organisation.value, dependencies.crypto);
    if (!pack.ok) return pack;
    const verdict = verify(pack.value, '');
    const broken = verdict.checks.find(({ required, outcome }) => required && outcome !== 'pass');
    if (broken !== undefined) {
      return err('integrity', `The pack would not verify: ${broken.title}: ${broken.detail ?? broken.reason ?? ''}`, {
        hint: 'Nothing was written. What this desk stores of the run was changed, or the run broke its own rules.',
        details: { check: broken.id, reason: broken.reason ?? '' },
      });
    }
    return ok({ bytes: pack.value, verdict });
  };

  const save = async (path: string, bytes: Uint8Array): Promise<Result<ExportedFile>> => {
    const saved = await writeWhole(path, bytes);
    if (!saved.ok) return saved;
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const file = { path, fileName: basename(path), bytes: bytes.length, sha256 };
    return ok({ downloadId: dependencies.offerDownload(file), ...file });
  };

  return {
    list() {
      const all = runs();
      if (!all.ok) return all;
      return ok(
        all.value
          .filter(({ state }) => state === 'succeeded' || state === 'failed' || state === 'stopped')
          .map((run) => reportView(run, written.get(run.id))),
      );
    },

    async exportPack(runId, path) {
      const run = findRun(runId);
      if (!run.ok) return run;
      const made = build(run.value, 'pack');
      if (!made.ok) return made;
      const file = await save(path ?? join(directory, `${fileStem(run.value)}.nacre-pack`), made.value.bytes);
      if (!file.ok) return file;
      const { sha256, bytes } = file.value;
      const kept = written.put(runId, { path: file.value.path, sha256, bytes });
      return kept.ok ? file : kept;
    },

    async exportPdf(runId, path) {
      const run = findRun(runId);
      if (!run.ok) return run;
      if (run.value.state === 'failed' || run.value.state === 'stopped') {
        return err('wrong_state', `Run ${run.value.name} did not succeed; the PDF report tells of a model.`, {
          hint: 'Make its auditor pack: it shows what was ordered, released and signed, and each failure.',
        });
      }
      const made = build(run.value, 'pdf');
      if (!made.ok) return made;
      // The report names a pack by its digest, so that pack must be there to be found.
      const packPath = join(directory, `${fileStem(run.value)}.nacre-pack`);
      const pack = await save(packPath, made.value.bytes);
      if (!pack.ok) return pack;
      const kept = written.put(runId, { path: packPath, sha256: pack.value.sha256, bytes: pack.value.bytes });
      if (!kept.ok) return kept;
      const model = buildReportModel({
        pack: { bytes: made.value.bytes, sha256: pack.value.sha256, fileName: pack.value.fileName },
        verdict: made.value.verdict,
        run: run.value,
        madeAt: new Date(clock()).toISOString(),
      });
      if (!model.ok) return model;
      const pdf = await drawReport(model.value, await loadPrintFonts(dependencies.fontDirectory));
      return save(path ?? join(directory, `${fileStem(run.value)}.pdf`), pdf);
    },

    async verifyPack(path) {
      const bytes = await readPackFile(path);
      return bytes.ok ? ok(verify(bytes.value, path)) : bytes;
    },
  };
}

/**
 * The bytes of a pack file, never more than a pack may have: one byte over is enough to be refused.
 * Errors: `not_found`, `not_permitted`, `unavailable`.
 */
export async function readPackFile(path: string): Promise<Result<Uint8Array>> {
  try {
    const file = await open(path, 'r');
    try {
      const stat = await file.stat();
      if (!stat.isFile()) return err('not_found', `${path} is not a file.`);
      const bytes = new Uint8Array(Math.min(stat.size, packLimits.packBytes + 1));
      let filled = 0;
      while (filled < bytes.length) {
        const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return ok(bytes.subarray(0, filled));
    } finally {
      await file.close();
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    if (code === 'ENOENT' || code === 'ENOTDIR') return err('not_found', `There is no file ${path}.`);
    if (code === 'EACCES' || code === 'EPERM') return err('not_permitted', `${path} may not be read (${code}).`);
    return err('unavailable', `${path} could not be read (${code}).`);
  }
}

function reportView(run: RunView, pack: WrittenPack | undefined): ReportView {
  return {
    runId: run.id,
    name: run.name,
    simulated: run.simulated,
    state: run.state,
    ...(run.endedAt === undefined ? {} : { endedAt: run.endedAt }),
    ...(pack === undefined ? {} : { packPath: pack.path, packSha256: pack.sha256, packBytes: pack.bytes }),
  };
}

/** A file name that every file system takes: the run's name as far as it can be, and the start of its id. */
function fileStem({ name, id }: RunView): string {
  const words = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 60);
  return `${words === '' ? 'run' : words}-${id.replaceAll(/[^a-zA-Z0-9]/g, '').slice(0, 8)}`;
}
