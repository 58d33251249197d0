/** Days of a month of the Gregorian calendar. @param month from 1 */
function daysOf(month: number, year: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** A moment in UTC that exists: no 31 February, no leap second. @returns milliseconds since the epoch */
export function utcMoment(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
): number | undefined {
  if (month < 1 || month > 12 || day < 1 || day > daysOf(month, year)) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  // Years below 100 would be taken for those of the last century.
  return year < 100 ? undefined : Date.UTC(year, month - 1, day, hour, minute, second);
}

/** RFC 3339 in UTC with seconds and nothing else: `2026-06-01T12:00:00Z`. @returns milliseconds since the epoch */
export function parseUtc(text: string): number | undefined {
  if (text.length !== 20 || text[19] !== 'Z' || text[10] !== 'T') return undefined;
  if (text[4] !== '-' || text[7] !== '-' || text[13] !== ':' || text[16] !== ':') return undefined;
  const century = digitsAt(text, 0);
  const year = digitsAt(text, 2);
  const month = digitsAt(text, 5);
  const day = digitsAt(text, 8);
  const hour = digitsAt(text, 11);
  const minute = digitsAt(text, 14);
  const second = digitsAt(text, 17);
  if (century < 0 || year < 0 || month < 0 || day < 0 || hour < 0 || minute < 0 || second < 0) return undefined;
  return utcMoment(century * 100 + year, month, day, hour, minute, second);
}

function digitsAt(text: string, at: number): number {
  return twoDigits(text.charCodeAt(at), text.charCodeAt(at + 1));
}

/** The number that two ASCII digits write. @returns -1 when one is none */
export function twoDigits(high = 0, low = 0): number {
  return isDigit(high) && isDigit(low) ? (high - 0x30) * 10 + (low - 0x30) : -1;
}

function isDigit(octet: number): boolean {
  return octet >= 0x30 && octet <= 0x39;
}
