import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { err, ok, type Result } from '../../contract/result.ts';
import type { DatasetSchema } from '../../contract/sealed.ts';
import type { DataPreview } from '../../contract/views.ts';
import { csvInspectMaximum, inspectCsv } from './inspect-csv.ts';

/** A folder with more entries is counted no further. */
const entriesMaximum = 100_000;

export interface Preview {
  readonly view: DataPreview;
  /** Known when it is one readable CSV file. */
  readonly schema?: DatasetSchema;
}

/**
 * What lies at a path: sizes, and for a CSV file its columns and classes. Figures only, no cell of a feature.
 * A table that cannot be read is a problem in the view, not an error; it can still be sealed.
 * Errors: `not_found`, `not_permitted`, `invalid_input` (neither file nor folder), `cancelled`.
 */
export async function previewData(path: string, target?: string, signal?: AbortSignal): Promise<Result<Preview>> {
  const name = basename(path);
  try {
    const found = await stat(path);
    if (found.isDirectory()) {
      const { bytes, files, complete } = await measureFolder(path);
      const problems = complete ? [] : [`The folder has more than ${entriesMaximum} entries; not all were counted.`];
      return ok({ view: { path, name, kind: 'folder', bytes, files, problems } });
    }
    if (!found.isFile()) return err('invalid_input', `${path} is neither a file nor a folder.`);
    const base = { path, name, kind: 'file' as const, bytes: found.size, files: 1 };
    if (!name.toLowerCase().endsWith('.csv')) return ok({ view: { ...base, problems: [] } });
    if (found.size > csvInspectMaximum) {
      const problem = `Larger than ${csvInspectMaximum / 1_048_576} MiB: sealed as it is, its columns are not read first.`;
      return ok({ view: { ...base, problems: [problem] } });
    }
    const inspected = await inspectCsv(path, target, signal);
    if (!inspected.ok) {
      if (inspected.error.code !== 'invalid_input') return inspected;
      return ok({ view: { ...base, problems: [inspected.error.message] } });
    }
    const { csv, problems, schema } = inspected.value;
    return ok({ view: { ...base, csv, problems: [...problems] }, schema });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    if (code === 'ENOENT' || code === 'ENOTDIR') return err('not_found', `There is nothing at ${path}.`);
    if (code === 'EACCES' || code === 'EPERM') return err('not_permitted', `${path} may not be read (${code}).`);
    return err('unavailable', `${path} could not be read (${code}).`);
  }
}

async function measureFolder(root: string): Promise<{ bytes: number; files: number; complete: boolean }> {
  let bytes = 0;
  let files = 0;
  let seen = 0;
  const folders = [root];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      seen += 1;
      if (seen > entriesMaximum) return { bytes, files, complete: false };
      const path = join(folder, entry.name);
      if (entry.isDirectory()) folders.push(path);
      else if (entry.isFile()) {
        bytes += (await stat(path)).size;
        files += 1;
      }
    }
  }
  return { bytes, files, complete: true };
}
