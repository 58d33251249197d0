import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export type Font = 'regular' | 'semibold' | 'mono';
export type PrintFonts = Readonly<Record<Font, Buffer>>;

/** Font files by role, out of `assets/fonts`. Throws when one is missing: they are part of the application. */
export async function loadPrintFonts(directory: string): Promise<PrintFonts> {
  const read = (name: string) => readFile(join(directory, name));
  const [regular, semibold, mono] = await Promise.all([
    read('inter-latin-400-normal.woff'),
    read('inter-latin-600-normal.woff'),
    read('jetbrains-mono-latin-400-normal.woff'),
  ]);
  return { regular, semibold, mono };
}
