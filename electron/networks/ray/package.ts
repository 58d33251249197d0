import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { err, ok, type Result } from '../../contract/result.ts';

/** Ray refuses working directories above this (its default of 100 MiB). */
export const packageLimit = 100 * 1024 ** 2;
const filesLimit = 10_000;

export interface PackageFile {
  /** Relative, with forward slashes; it lies at the root of the working directory. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface RayPackage {
  /** `_ray_pkg_HASH.zip`; the same files give the same name on every machine. */
  readonly name: string;
  /** For `runtime_env.working_dir`. */
  readonly uri: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * A zip of the files, deterministic: sorted, stored (APPNOTE 6.3.9 method 0), no times, no rights. Ray does not strip a
 * folder around the files of a gcs:// package, so they lie at its root. Errors: `invalid_input` naming the file.
 */
export function buildPackage(files: readonly PackageFile[]): Result<RayPackage> {
  if (files.length === 0) return err('invalid_input', 'The package for Ray is empty.');
  if (files.length > filesLimit) return err('invalid_input', `The package for Ray has more than ${filesLimit} files.`);
  const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  let total = 0;
  for (const [index, { path, bytes }] of sorted.entries()) {
    if (!isSafePath(path)) return err('invalid_input', `${JSON.stringify(path)} is no path inside a package.`);
    if (sorted[index + 1]?.path === path) return err('invalid_input', `${path} is in the package twice.`);
    total += bytes.length;
  }
  if (total > packageLimit) {
    const mib = (total / 1024 ** 2).toFixed(1);
    return err('invalid_input', `The package for Ray has ${mib} MiB; ${packageLimit / 1024 ** 2} MiB is the most.`, {
      hint: 'Data do not belong in it: they go to the node agents, sealed.',
    });
  }
  const bytes = zip(sorted);
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 32);
  const name = `_ray_pkg_${hash}.zip`;
  return ok({ name, uri: `gcs://${name}`, bytes });
}

function isSafePath(path: string): boolean {
  if (path === '' || Buffer.byteLength(path) > 1024 || path.includes('\\') || path.includes('\0')) return false;
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

function zip(files: readonly PackageFile[]): Uint8Array<ArrayBuffer> {
  const local: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let offset = 0;
  for (const { path, bytes } of files) {
    const name = Buffer.from(path, 'utf8');
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0); // version needed
    shared.writeUInt16LE(0x0800, 2); // the name is UTF-8
    shared.writeUInt16LE(0x21, 8); // 1980-01-01, the least that the format can say
    shared.writeUInt32LE(crc32(bytes), 10);
    shared.writeUInt32LE(bytes.length, 14);
    shared.writeUInt32LE(bytes.length, 18);
    shared.writeUInt16LE(name.length, 22);
    local.push(Buffer.from('PK\x03\x04', 'latin1'), shared, name, bytes);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(0o100644 * 0x10000, 6);
    tail.writeUInt32LE(offset, 10);
    central.push(Buffer.from('PK\x01\x02\x14\x03', 'latin1'), shared, tail, name);
    offset += 30 + name.length + bytes.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...local, directory, end]);
}
