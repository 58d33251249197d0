import { err, ok, type Result } from '../../contract/result.ts';

/** One line of an exposition. `value` may be NaN or infinite: that is what the exporter said. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Milliseconds, where the line has one. */
  readonly timestamp?: number;
}

export interface Exposition {
  readonly samples: readonly Sample[];
  /** Lines that are none of the format, and the first of them: the rest of the answer still counts. */
  readonly malformed: { readonly lines: number; readonly first: number } | undefined;
  /** A comment says that the figures are SIMULATED. */
  readonly simulated: boolean;
}

/** A DGX with 8 GPUs and a node exporter sends some 4,000 lines in 600 kB. */
export const expositionLimits = {
  bytes: 8 * 1_048_576,
  samples: 100_000,
  lineCharacters: 16_384,
  labels: 64,
} as const;

const namePattern = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const labelPattern = /\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(,?)/y;
/** What may follow the labels: value, timestamp (OpenMetrics: seconds with a fraction), exemplar. */
const restPattern = /^\s+([^\s#]+)(?:\s+([^\s#]+))?\s*(?:#\s.*)?$/;
const figurePattern = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/;
const words: Readonly<Record<string, number>> = {
  nan: Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  '+inf': Number.POSITIVE_INFINITY,
  '-inf': Number.NEGATIVE_INFINITY,
};

/**
 * Prometheus text exposition 0.0.4, and OpenMetrics 1.0 as far as it is the same (exemplars are passed over). Survives any
 * text: what is no sample is counted. Errors: `damaged` where there is more of it than any exporter sends.
 */
export function parseExposition(text: string): Result<Exposition> {
  if (text.length > expositionLimits.bytes) return tooMuch(`${expositionLimits.bytes} characters`);
  const samples: Sample[] = [];
  let malformed: { lines: number; first: number } | undefined;
  let simulated = false;
  let number = 0;
  for (let from = 0; from < text.length; number += 1) {
    const end = text.indexOf('\n', from);
    const line = text.slice(from, end === -1 ? text.length : end).trim();
    from = end === -1 ? text.length : end + 1;
    if (line === '') continue;
    if (line.startsWith('#')) {
      simulated ||= line.startsWith('# SIMULATED');
      continue;
    }
    const sample = line.length > expositionLimits.lineCharacters ? undefined : parseSample(line);
    if (sample === undefined) malformed = { lines: (malformed?.lines ?? 0) + 1, first: malformed?.first ?? number + 1 };
    else if (samples.push(sample) > expositionLimits.samples) return tooMuch(`${expositionLimits.samples} samples`);
  }
  return ok({ samples, malformed, simulated });
}

function parseSample(line: string): Sample | undefined {
  namePattern.lastIndex = 0;
  const [name] = namePattern.exec(line) ?? [];
  if (name === undefined) return undefined;
  let at = name.length;
  const labels: Record<string, string> = {};
  const opening = /\s*\{/y;
  opening.lastIndex = at;
  if (opening.test(line)) {
    const end = readLabels(line, opening.lastIndex, labels);
    if (end === undefined) return undefined;
    at = end;
  }
  // After a brace the blank may be missing.
  const [, figure, time] = restPattern.exec(line[at - 1] === '}' ? ` ${line.slice(at)}` : line.slice(at)) ?? [];
  const value = figure === undefined ? undefined : parseFigure(figure);
  if (value === undefined) return undefined;
  if (time === undefined) return { name, labels, value };
  const stamp = parseFigure(time);
  if (stamp === undefined || !Number.isFinite(stamp)) return undefined;
  return { name, labels, value, timestamp: time.includes('.') ? stamp * 1000 : stamp };
}

/** @returns the place after the closing brace; undefined when this is no list of labels, or names one twice */
function readLabels(line: string, from: number, labels: Record<string, string>): number | undefined {
  let at = from;
  for (let count = 0; count <= expositionLimits.labels; count += 1) {
    labelPattern.lastIndex = at;
    const match = labelPattern.exec(line);
    if (match === null) break;
    const [, name = '', escaped = '', comma] = match;
    const value = unescape(escaped);
    if (value === undefined || Object.hasOwn(labels, name) || name === '__proto__') return undefined;
    labels[name] = value;
    at = labelPattern.lastIndex;
    if (comma === '') break;
  }
  const closing = /\s*\}/y;
  closing.lastIndex = at;
  return closing.test(line) ? closing.lastIndex : undefined;
}

function unescape(text: string): string | undefined {
  if (!text.includes('\\')) return text;
  let valid = true;
  const plain = text.replaceAll(/\\(.)/g, (_, mark: string) => {
    if (mark === 'n') return '\n';
    valid &&= mark === '\\' || mark === '"';
    return mark;
  });
  return valid ? plain : undefined;
}

/** A figure as exporters and the API of Prometheus write it; undefined where it is none. */
export function parseFigure(text: string): number | undefined {
  if (text.length > 64) return undefined;
  return figurePattern.test(text) ? Number(text) : words[text.toLowerCase()];
}

function tooMuch(limit: string) {
  return err('damaged', `The exporter sent more than ${limit}.`, { details: { reason: 'scrape-too-large' } });
}
