import type { FrameBody } from '../../contract/wire.ts';

/** Values one line may carry; the rest of a larger object is left out. */
const valuesMaximum = 64;
const nonFiniteNames = new Set(['NaN', 'Infinity', '-Infinity']);

/** A metric frame from named figures; what JSON cannot hold goes to `nonFinite` by name, never to 0. */
export function metricBody(step: number, epoch: number | undefined, figures: Record<string, number>): FrameBody {
  const values: Record<string, number> = {};
  const nonFinite: Record<string, 'NaN' | 'Infinity' | '-Infinity'> = {};
  for (const [name, value] of Object.entries(figures)) {
    if (Number.isFinite(value)) values[name] = value;
    else nonFinite[name] = Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
  }
  return {
    kind: 'metric',
    step,
    ...(epoch === undefined ? {} : { epoch }),
    values,
    ...(Object.keys(nonFinite).length === 0 ? {} : { nonFinite }),
  };
}

/**
 * Reads one line of a command's stdout: `{"step": 10, "epoch": 1, "loss": 0.3, …}`. Python writes NaN and Infinity
 * bare, which JSON forbids; both that and the quoted form are understood.
 * @param lastStep taken when the line names no step.
 * @returns undefined when the line is no metric: then it is a log line.
 */
export function parseMetricLine(line: string, lastStep: number): (FrameBody & { kind: 'metric' }) | undefined {
  if (!line.startsWith('{')) return undefined;
  const value = parseJson(line) ?? parseJson(line.replaceAll(/([:,]\s*)(NaN|-?Infinity)(?=\s*[,}])/g, '$1"$2"'));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const { step, epoch, ...rest } = value as Record<string, unknown>;
  if (step !== undefined && !(Number.isSafeInteger(step) && (step as number) >= 0)) return undefined;
  const figures: [string, number][] = [];
  for (const [name, figure] of Object.entries(rest)) {
    if (name.length > 128 || name === '__proto__' || figures.length >= valuesMaximum) continue;
    if (typeof figure === 'number') figures.push([name, figure]);
    else if (typeof figure === 'string' && nonFiniteNames.has(figure)) figures.push([name, Number(figure)]);
  }
  if (figures.length === 0) return undefined;
  const passed = typeof epoch === 'number' && Number.isFinite(epoch) && epoch >= 0 ? epoch : undefined;
  const body = metricBody(step === undefined ? lastStep : (step as number), passed, Object.fromEntries(figures));
  return body.kind === 'metric' ? body : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
