import { open } from 'node:fs/promises';
import path from 'node:path';
import type { FileKind } from '../../contract/table-preview.ts';
import type { SourceLayout } from './segment-task.ts';

/** First bytes of formats, in hex, and the kind they mean. */
const magics: readonly (readonly [string, string])[] = [
  [Buffer.from('PAR1').toString('hex'), 'parquet'],
  [Buffer.from('age-encryption.org/v1').toString('hex'), 'age'],
  ['1f8b', 'gzip'],
  ['28b52ffd', 'zstd'],
  ['504b0304', 'zip'],
  ['89504e470d0a1a0a', 'png'],
  ['ffd8ff', 'jpeg'],
  ['25504446', 'pdf'],
  ['934e554d5059', 'npy'],
  ['894844460d0a1a0a', 'hdf5'],
  [Buffer.from('GGUF').toString('hex'), 'gguf'],
  [Buffer.from('SQLite format 3').toString('hex'), 'sqlite'],
  [Buffer.from('ARROW1').toString('hex'), 'arrow'],
  ['7f454c46', 'elf'],
];
const headLength = 32;

/** More kinds than this are counted together as `other`. */
const kindMaximum = 12;

/** The kind that these first bytes of a file show, if any. */
export function kindOfBytes(head: Uint8Array): string | undefined {
  const hex = Buffer.from(head.subarray(0, headLength)).toString('hex');
  return magics.find(([magic]) => hex.startsWith(magic))?.[1];
}

/** The kind that a name says: its last ending, in lower case; `other` for none. */
export function kindOfName(name: string): string {
  const ending = /\.([a-z0-9]{1,12})$/i.exec(name)?.[1]?.toLowerCase() ?? 'other';
  return { ndjson: 'jsonl', jpg: 'jpeg', gz: 'gzip', zst: 'zstd', h5: 'hdf5' }[ending] ?? ending;
}

/** First bytes of a file; none when it cannot be read, which sealing will then say. */
export async function readHead(file: string): Promise<Uint8Array> {
  const handle = await open(file, 'r').catch(() => undefined);
  if (handle === undefined) return new Uint8Array(0);
  try {
    const head = new Uint8Array(headLength);
    const { bytesRead } = await handle.read(head, 0, headLength, 0);
    return head.subarray(0, bytesRead);
  } catch {
    return new Uint8Array(0);
  } finally {
    await handle.close();
  }
}

/**
 * Counts the kinds of files, most bytes first. A name is believed in a folder of many; the first bytes are read of files
 * whose name says nothing, of the first 64 of them.
 */
export async function surveyKinds({ root, entries }: SourceLayout): Promise<FileKind[]> {
  const kinds = new Map<string, { files: number; bytes: number }>();
  let looks = 64;
  for (const { name, size } of entries) {
    if (name.endsWith('/')) continue;
    let kind = kindOfName(name);
    if ((kind === 'other' || entries.length === 1) && looks > 0) {
      looks -= 1;
      kind = kindOfBytes(await readHead(path.join(root, name))) ?? kind;
    }
    const seen = kinds.get(kind) ?? { files: 0, bytes: 0 };
    kinds.set(kind, { files: seen.files + 1, bytes: seen.bytes + size });
  }
  const sorted = [...kinds].map(([kind, seen]) => ({ kind, ...seen })).sort((a, b) => b.bytes - a.bytes);
  const named = sorted.filter(({ kind }, i) => kind !== 'other' && i < kindMaximum);
  const rest = sorted.filter((each) => !named.includes(each));
  if (rest.length === 0) return named;
  const sum = (key: 'files' | 'bytes'): number => rest.reduce((total, each) => total + each[key], 0);
  return [...named, { kind: 'other', files: sum('files'), bytes: sum('bytes') }];
}
