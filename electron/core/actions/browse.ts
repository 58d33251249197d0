import { readdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { err, ok, type Result } from '../../contract/result.ts';
import type { FileEntry } from '../../contract/views.ts';

/** Entries shown of one folder; a person does not scroll through more. */
const entriesMaximum = 2000;

export interface Listing {
  readonly directory: string;
  readonly parent?: string;
  readonly entries: FileEntry[];
}

/**
 * Names and sizes in a folder, folders first, hidden ones left out. Without a folder: the bundled samples (tables, and
 * folders of a script with its data), then the home folder. Contents are never read. Errors: `not_found`,
 * `not_permitted`, `invalid_input`.
 */
export async function browse(
  directory: string | undefined,
  { samples, examples }: { readonly samples: string; readonly examples: string },
): Promise<Result<Listing>> {
  if (directory !== undefined) return list(resolve(directory));
  const home = await list(homedir());
  const bundled = await list(samples);
  const tables = bundled.ok ? bundled.value.entries.filter(({ name }) => name.endsWith('.csv')) : [];
  const scripts = await list(examples);
  const folders = scripts.ok ? scripts.value.entries.filter(({ kind }) => kind === 'folder') : [];
  const shown = [...tables, ...folders];
  if (!home.ok) {
    return bundled.ok ? ok({ ...bundled.value, entries: shown }) : home;
  }
  return ok({ ...home.value, entries: [...shown, ...home.value.entries] });
}

async function list(directory: string): Promise<Result<Listing>> {
  try {
    const found = await readdir(directory, { withFileTypes: true });
    const shown = found
      .filter(({ name }) => !name.startsWith('.'))
      .sort((a, b) => Number(b.isDirectory()) - Number(a.isDirectory()) || a.name.localeCompare(b.name))
      .slice(0, entriesMaximum);
    const entries = await Promise.all(shown.map(({ name }) => describe(join(directory, name), name)));
    const parent = dirname(directory);
    return ok({
      directory,
      ...(parent === directory ? {} : { parent }),
      entries: entries.filter((entry) => entry !== undefined),
    });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    if (code === 'ENOENT') return err('not_found', `There is no folder ${directory}.`);
    if (code === 'ENOTDIR') return err('invalid_input', `${directory} is not a folder.`);
    return err('not_permitted', `${directory} may not be read (${code}).`);
  }
}

/** Nothing for what is neither file nor folder, or vanished, or is a broken link. */
async function describe(path: string, name: string): Promise<FileEntry | undefined> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) return { name, path, kind: 'folder', bytes: 0 };
    return found.isFile() ? { name, path, kind: 'file', bytes: found.size } : undefined;
  } catch {
    return undefined;
  }
}
