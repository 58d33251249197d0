import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ShareSet, WrittenShares } from '../../contract/recovery.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { encodeShare, type ShareFields } from '../../domain/recovery/share-text.ts';
import { loadPrintFonts } from '../print/fonts.ts';
import { drawSharePage } from './kit-page.ts';

export interface KitInput {
  /** Made when it is not there; its parent must be. */
  readonly folder: string;
  readonly set: ShareSet;
  readonly shares: readonly ShareFields[];
  /** Also a text file of each share, for a printer that takes no PDF. */
  readonly textFiles: boolean;
  readonly fontDirectory: string;
}

export interface WrittenKit {
  readonly files: WrittenShares['files'];
  /** Removes what was written, when the set does not come to be. */
  readonly takeBack: () => Promise<void>;
}

/**
 * Writes one page for each holder, each a file of its own (mode 0600) that must not exist yet; all of them or none.
 * Errors: `already_exists`, `not_permitted`, `disk_full`.
 */
export async function writeKit({
  folder,
  set,
  shares,
  textFiles,
  fontDirectory,
}: KitInput): Promise<Result<WrittenKit>> {
  const fonts = await loadPrintFonts(fontDirectory);
  const written: string[] = [];
  const takeBack = async () => {
    for (const path of written) await rm(path, { force: true });
  };
  const files: WrittenShares['files'] = [];
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const [at, share] of shares.entries()) {
      const { holder = '', digest = '' } = set.shares[at] ?? {};
      const name = join(folder, `nacre-share-${share.index}-of-${share.shares}-${set.setId.slice(0, 8)}`);
      const pdf = await drawSharePage(set, share, holder, digest, fonts);
      const contents: [string, Uint8Array | string][] = [[`${name}.pdf`, pdf]];
      if (textFiles) contents.push([`${name}.txt`, `${encodeShare(share)}\n`]);
      for (const [path, content] of contents) {
        await writeFile(path, content, { mode: 0o600, flag: 'wx', flush: true });
        written.push(path);
      }
      pdf.fill(0);
      files.push({ index: share.index, holder, path: `${name}.pdf` });
    }
    return ok({ files, takeBack });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
    if (code === undefined) throw error;
    await takeBack();
    const hint = 'No share was left there, and the former set still works.';
    if (code === 'EEXIST') return err('already_exists', `A file stands in the way in ${folder}.`, { hint });
    if (code === 'ENOSPC')
      return err('disk_full', `The disk is full; the pages were not written to ${folder}.`, { hint });
    return err('not_permitted', `The pages cannot be written to ${folder} (${code}).`, { hint });
  }
}
