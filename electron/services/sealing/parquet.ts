import { open } from 'node:fs/promises';
import { err, ok, type Result } from '../../contract/result.ts';
import type { TablePreview } from '../../contract/table-preview.ts';
import { readFully } from './age-file.ts';
import { fileError } from './file-errors.ts';
import { readThriftStruct, type ThriftStruct, type ThriftValue } from './thrift-compact.ts';

/** The largest footer read: some hundred thousand column chunks. */
const footerMaximum = 32 * 1024 * 1024;
export const columnsShown = 1000;

/** Physical types by number (parquet.thrift, `Type`). */
const physical = ['boolean', 'int32', 'int64', 'int96', 'float', 'double', 'binary', 'fixed binary'];

/** Converted types by number (parquet.thrift, `ConvertedType`), where they say more than the physical one. */
const converted: Readonly<Record<number, string>> = {
  0: 'text',
  4: 'text',
  5: 'decimal',
  6: 'date',
  7: 'time',
  8: 'time',
  9: 'timestamp',
  10: 'timestamp',
  11: 'uint8',
  12: 'uint16',
  13: 'uint32',
  14: 'uint64',
  15: 'int8',
  16: 'int16',
  19: 'json',
};

/**
 * Columns and rows of a Parquet file from its footer, whatever the size of the file. A column inside a group has a name
 * with dots. Errors: `damaged` (no Parquet file, or a footer that is not one), `invalid_input` (encrypted, or its footer
 * over 32 MiB), and those of the file system.
 */
export async function inspectParquet(path: string): Promise<Result<TablePreview>> {
  try {
    const handle = await open(path, 'r');
    try {
      const { size } = await handle.stat();
      const tail = new Uint8Array(8);
      if (size < 12) return damaged(path);
      await readFully(handle, tail, size - 8);
      const magic = Buffer.from(tail.subarray(4)).toString('latin1');
      if (magic === 'PARE')
        return err('invalid_input', `${path} is an encrypted Parquet file; its footer cannot be read.`);
      const length = new DataView(tail.buffer).getUint32(0, true);
      if (magic !== 'PAR1' || length > size - 12) return damaged(path);
      if (length > footerMaximum) return err('invalid_input', `The footer of ${path} is larger than 32 MiB.`);
      const footer = new Uint8Array(length);
      await readFully(handle, footer, size - 8 - length);
      const table = parseParquetFooter(footer);
      return table === undefined ? damaged(path) : ok(table);
    } finally {
      await handle.close();
    }
  } catch (error) {
    return fileError('Reading', path, error);
  }
}

function damaged(path: string): Result<never> {
  return err('damaged', `${path} is not a Parquet file: its footer is missing or damaged.`);
}

/** Reads `FileMetaData`: schema (2) and number of rows (3). @returns undefined for any other bytes. */
export function parseParquetFooter(footer: Uint8Array): TablePreview | undefined {
  const metadata = readThriftStruct(footer);
  const schema = metadata?.get(2);
  const rows = metadata?.get(3);
  if (!Array.isArray(schema) || typeof rows !== 'bigint' || rows < 0n || rows > Number.MAX_SAFE_INTEGER)
    return undefined;
  const elements: ThriftStruct[] = [];
  for (const element of schema as readonly ThriftValue[]) {
    if (!(element instanceof Map)) return undefined;
    elements.push(element);
  }
  const columns: { name: string; type: string }[] = [];
  let columnCount = 0;
  /** Groups that are open: their names and how many children they still have. The first element is the root. */
  const open: { name: string; left: number }[] = [];
  for (const [index, element] of elements.entries()) {
    const name = textOf(element.get(4));
    const children = Number(element.get(5) ?? 0n);
    if (name === undefined || !Number.isSafeInteger(children) || children < 0) return undefined;
    while (open.at(-1)?.left === 0) open.pop();
    const parent = open.at(-1);
    if (index > 0 && parent === undefined) return undefined;
    if (parent !== undefined) parent.left -= 1;
    const inRoot = index === 0 ? '' : [...open.slice(1).map((group) => group.name), name].join('.').slice(0, 1024);
    if (children > 0) {
      if (open.length > 64) return undefined;
      open.push({ name, left: children });
    } else if (index > 0) {
      columnCount += 1;
      if (columns.length < columnsShown) columns.push({ name: inRoot, type: typeOf(element) });
    }
  }
  return elements.length === 0 ? undefined : { format: 'parquet', columns, columnCount, rows: Number(rows) };
}

function textOf(value: ThriftValue): string | undefined {
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8').slice(0, 1024) : undefined;
}

function typeOf(element: ThriftStruct): string {
  const logical = element.get(6);
  const plain = element.get(1);
  const named = typeof logical === 'bigint' ? converted[Number(logical)] : undefined;
  return named ?? (typeof plain === 'bigint' ? physical[Number(plain)] : undefined) ?? 'unknown';
}
