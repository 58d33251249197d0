import { isZero, toHex } from '../readers/bytes.ts';

/** What the host gives with a report: certificates, or the list of revoked ones. */
export interface TableEntry {
  readonly role: 'VCEK' | 'VLEK' | 'ASK' | 'ARK' | 'CRL';
  /** DER, of some hosts PEM. Nothing is known about it. */
  readonly bytes: Uint8Array;
}

/** GUIDs of the GHCB specification (AMD 56421, SNP Extended Guest Request), most significant byte first. */
const roles: Readonly<Record<string, TableEntry['role']>> = {
  '63da758de6644564adc5f4b93be8accd': 'VCEK',
  a8074bc2a25a483eaae639c045a0b8a1: 'VLEK',
  '4ab7b379bbac4fe4a02f05aef327c782': 'ASK',
  c0b406a4a803495297433fb6014cd0ae: 'ARK',
  '92f81bc358114d3d97ffd19f88dc67ea': 'CRL',
};
const entryBytes = 24;
const maximumEntries = 16;

/**
 * The certificates of a host's table, which configfs calls `auxblob`: entries of GUID, offset and length, closed by one of
 * zeros. Entries of other kinds are left out. Hosts write GUIDs in either byte order.
 * @returns undefined for bytes that are no such table
 */
export function readCertificateTable(bytes: Uint8Array): TableEntry[] | undefined {
  if (roleOf(bytes) === undefined) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: TableEntry[] = [];
  for (let at = 0; at < maximumEntries * entryBytes; at += entryBytes) {
    const entry = bytes.subarray(at, at + entryBytes);
    if (entry.length < entryBytes) return undefined;
    if (isZero(entry)) return found;
    const [offset, length] = [view.getUint32(at + 16, true), view.getUint32(at + 20, true)];
    if (length === 0 || offset + length > bytes.length) return undefined;
    const role = roleOf(entry);
    if (role !== undefined) found.push({ role, bytes: bytes.subarray(offset, offset + length) });
  }
  return undefined;
}

function roleOf(entry: Uint8Array): TableEntry['role'] | undefined {
  const guid = entry.subarray(0, 16);
  const swapped = [guid.slice(0, 4), guid.slice(4, 6), guid.slice(6, 8)].map((part) => toHex(part.toReversed()));
  return roles[toHex(guid)] ?? roles[swapped.join('') + toHex(guid.subarray(8))];
}
