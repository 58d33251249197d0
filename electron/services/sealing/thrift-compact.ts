/** A value of the Thrift compact protocol, as far as Parquet's footer uses it; binary stays bytes, 64-bit stays bigint. */
export type ThriftValue = bigint | boolean | Uint8Array | readonly ThriftValue[] | ThriftStruct | undefined;

/** Fields by their number. */
export type ThriftStruct = ReadonlyMap<number, ThriftValue>;

/** Bytes that are not what they should be; never leaves the reader's caller. */
class Malformed extends Error {}

/** Values read of one footer: some twenty a column; more is no footer but an attack on memory. */
const valueMaximum = 4_000_000;
const depthMaximum = 16;

/** Reads one struct. @returns undefined for anything malformed, too deep or too large. */
export function readThriftStruct(bytes: Uint8Array): ThriftStruct | undefined {
  let at = 0;
  let values = 0;

  function byte(): number {
    const value = bytes[at];
    if (value === undefined) throw new Malformed();
    at += 1;
    return value;
  }

  function varint(): bigint {
    let result = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const next = byte();
      result |= BigInt(next & 0x7f) << shift;
      if (next < 0x80) return result;
    }
    throw new Malformed();
  }

  function zigzag(): bigint {
    const value = varint();
    return (value >> 1n) ^ -(value & 1n);
  }

  function take(length: bigint): Uint8Array {
    if (length > BigInt(bytes.length - at)) throw new Malformed();
    const start = at;
    at += Number(length);
    return bytes.subarray(start, at);
  }

  function list(depth: number): ThriftValue[] {
    const head = byte();
    const count = head >> 4 === 15 ? varint() : BigInt(head >> 4);
    // Every element takes at least one byte, so a count beyond the rest is a lie.
    if (count > BigInt(bytes.length - at)) throw new Malformed();
    const type = head & 15;
    const inList = type === 1 || type === 2;
    return Array.from({ length: Number(count) }, () => (inList ? byte() === 1 : value(type, depth)));
  }

  function value(type: number, depth: number): ThriftValue {
    values += 1;
    if (values > valueMaximum || depth > depthMaximum) throw new Malformed();
    switch (type) {
      case 1:
        return true;
      case 2:
        return false;
      case 3:
        return BigInt((byte() << 24) >> 24);
      case 4:
      case 5:
      case 6:
        return zigzag();
      case 7:
        return take(8n);
      case 8:
        return take(varint());
      case 9:
      case 10:
        return list(depth + 1);
      case 12:
        return struct(depth + 1);
      default:
        // Maps (11) do not occur in a footer.
        throw new Malformed();
    }
  }

  function struct(depth: number): ThriftStruct {
    const fields = new Map<number, ThriftValue>();
    let id = 0;
    for (let head = byte(); head !== 0; head = byte()) {
      id = head >> 4 === 0 ? Number(zigzag()) : id + (head >> 4);
      fields.set(id, value(head & 15, depth));
    }
    return fields;
  }

  try {
    return struct(0);
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}
