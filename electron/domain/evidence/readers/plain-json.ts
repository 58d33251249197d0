import { Malformed } from './bytes.ts';
import { jsonPlain, readJson, type JsonLimits } from './json.ts';

/**
 * The plain values of a strict JSON text: what `jsonPlain(readJson(…))` gives, several times faster for the usual texts of
 * vendors (no escapes, no fractions, names that differ): those go to `JSON.parse` once a pass over the text has made sure
 * that nothing in it could be read in two ways. Everything else, and every error, comes from the strict reader.
 * @throws Malformed with the byte offset
 */
export function readPlainJson(text: string, limits: JsonLimits): unknown {
  // Three bytes of UTF-8 at most for each unit of UTF-16.
  if (text.length * 3 <= limits.maxSize && isUnambiguous(text, limits.maxDepth ?? 32)) {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      // Not JSON: the strict reader says where.
    }
  }
  return jsonPlain(readJson(text, limits));
}

const quote = 0x22;
const colon = 0x3a;
/** More than vendors' objects have; beyond, comparing each name with each would take quadratic time. */
const maximumNames = 64;
const maximumDigits = 40;

/**
 * Whether `JSON.parse`, if it accepts the text, reads the same in it as the strict reader: no escapes, no half surrogate
 * pairs, no repeated names, no deep nesting, whole numbers of few digits.
 */
function isUnambiguous(text: string, maxDepth: number): boolean {
  if (text.includes('\\') || !text.isWellFormed()) return false;
  // Names of the objects that are open, and where those of each open object or array begin.
  const starts: number[] = [];
  const ends: number[] = [];
  const opened: number[] = [];
  // Counted here: shortening arrays at each end of an object costs more than all the rest.
  let names = 0;
  let depth = 0;
  let stringStart = 0;
  let stringEnd = 0;
  let digits = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code >= 0x30 && code <= 0x39) {
      if (++digits > maximumDigits) return false;
      continue;
    }
    if (code === quote) {
      stringStart = at + 1;
      // Natively: faster than looking at each character here.
      stringEnd = text.indexOf('"', stringStart);
      if (stringEnd < 0) return false;
      at = stringEnd;
    } else if (code === colon) {
      const first = depth === 0 ? 0 : (opened[depth - 1] ?? 0);
      if (names - first >= maximumNames) return false;
      for (let other = first; other < names; other++) {
        const start = starts[other] ?? 0;
        if ((ends[other] ?? 0) - start === stringEnd - stringStart && isSame(text, start, stringStart, stringEnd)) {
          return false;
        }
      }
      starts[names] = stringStart;
      ends[names] = stringEnd;
      names++;
    } else if (code === 0x7b || code === 0x5b) {
      if (depth >= maxDepth) return false;
      opened[depth++] = names;
    } else if (code === 0x7d || code === 0x5d) {
      if (depth === 0) return false;
      names = opened[--depth] ?? 0;
    } else if (code === 0x2e || code === 0x2b || ((code | 0x20) === 0x65 && digits > 0)) {
      // Fractions and exponents.
      return false;
    }
    digits = 0;
  }
  return true;
}

/** Whether the text from `start` is the one from `from` to `to`. */
function isSame(text: string, start: number, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (text.charCodeAt(start + at - from) !== text.charCodeAt(at)) return false;
  return true;
}

/** The members of a plain object. */
export type PlainMembers = Readonly<Record<string, unknown>>;

/**
 * Takes fields out of plain values and names the place of the first one that is not as it must be: `the TCB info at
 * tcbLevels.0.tcb.pcesvn: no whole number up to 65535`.
 */
export class FieldReader {
  readonly #what: string;
  readonly #path: (string | number)[] = [];

  constructor(what: string) {
    this.#what = what;
  }

  /** @throws Malformed */
  refuse(name: string | number | undefined, problem: string): never {
    const place = name === undefined ? this.#path : [...this.#path, name];
    throw new Malformed(`${this.#what}${place.length === 0 ? '' : ` at ${place.join('.')}`}: ${problem}`);
  }

  /** The document itself. @throws Malformed */
  root(value: unknown): PlainMembers {
    return isObject(value) ? value : this.refuse(undefined, 'no object');
  }

  /** @throws Malformed */
  object<T>(members: PlainMembers, name: string, read: (inner: PlainMembers, reader: this) => T): T {
    const value = members[name];
    if (!isObject(value)) return this.refuse(name, value === undefined ? 'missing' : 'no object');
    this.#path.push(name);
    const found = read(value, this);
    this.#path.pop();
    return found;
  }

  /** Objects of an array. @throws Malformed */
  objects<T>(
    members: PlainMembers,
    name: string,
    { least = 0, most }: { readonly least?: number; readonly most: number },
    read: (inner: PlainMembers, reader: this) => T,
  ): T[] {
    const value = members[name];
    if (!Array.isArray(value)) return this.refuse(name, value === undefined ? 'missing' : 'no array');
    if (value.length < least || value.length > most) {
      return this.refuse(name, `${value.length} items, ${least === most ? most : `${least} to ${most}`} allowed`);
    }
    this.#path.push(name);
    const found = value.map((item: unknown, at) => {
      if (!isObject(item)) return this.refuse(at, 'no object');
      this.#path.push(at);
      const one = read(item, this);
      this.#path.pop();
      return one;
    });
    this.#path.pop();
    return found;
  }

  /** Texts of an array. @param most of them @param longest characters of each @throws Malformed */
  texts(members: PlainMembers, name: string, most: number, longest: number): string[] {
    const value = members[name];
    if (!Array.isArray(value)) return this.refuse(name, 'no array');
    if (value.length > most) return this.refuse(name, `${value.length} items, 0 to ${most} allowed`);
    return value.map((item: unknown, at) => {
      if (typeof item === 'string' && item.length <= longest) return item;
      return this.refuse(`${name}.${at}`, `no text of up to ${longest} characters`);
    });
  }

  /** From zero. @throws Malformed */
  whole(members: PlainMembers, name: string, most: number): number {
    const value = members[name];
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most) return value;
    return this.refuse(name, value === undefined ? 'missing' : `no whole number up to ${most}`);
  }

  /** @throws Malformed */
  text(members: PlainMembers, name: string, most: number): string {
    const value = members[name];
    if (typeof value !== 'string') return this.refuse(name, value === undefined ? 'missing' : 'no text');
    return value.length <= most ? value : this.refuse(name, `longer than ${most} characters`);
  }

  /** One of a closed list. @throws Malformed */
  among<T extends string | number>(members: PlainMembers, name: string, allowed: readonly T[]): T {
    const value = members[name];
    const found = allowed.find((one) => one === value);
    return found ?? this.refuse(name, value === undefined ? 'missing' : `not one of ${allowed.join(', ')}`);
  }
}

function isObject(value: unknown): value is PlainMembers {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
