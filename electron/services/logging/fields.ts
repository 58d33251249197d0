/**
 * What may stand in the log. A field that is not named here is dropped, whatever it holds: a secret gets into a log by
 * being forgotten on a deny-list, so there is none.
 */
export interface LogFields {
  readonly component?: string;
  readonly method?: string;
  readonly client?: string;
  readonly code?: string;
  readonly node?: string;
  readonly network?: string;
  readonly runId?: string;
  readonly jobId?: string;
  readonly datasetId?: string;
  readonly taskId?: string;
  readonly keyId?: string;
  readonly policyId?: string;
  readonly digest?: string;
  readonly reason?: string;
  readonly state?: string;
  readonly path?: string;
  readonly url?: string;
  readonly version?: string;
  readonly host?: string;
  readonly port?: number;
  readonly pid?: number;
  readonly count?: number;
  readonly bytes?: number;
  readonly step?: number;
  readonly sequence?: number;
  readonly durationMs?: number;
  readonly status?: number;
  /** true whenever anything simulated takes part. */
  readonly simulated?: boolean;
}

const kinds: Readonly<Record<keyof LogFields, 'string' | 'number' | 'boolean'>> = {
  component: 'string',
  method: 'string',
  client: 'string',
  code: 'string',
  node: 'string',
  network: 'string',
  runId: 'string',
  jobId: 'string',
  datasetId: 'string',
  taskId: 'string',
  keyId: 'string',
  policyId: 'string',
  digest: 'string',
  reason: 'string',
  state: 'string',
  path: 'string',
  url: 'string',
  version: 'string',
  host: 'string',
  port: 'number',
  pid: 'number',
  count: 'number',
  bytes: 'number',
  step: 'number',
  sequence: 'number',
  durationMs: 'number',
  status: 'number',
  simulated: 'boolean',
};

const longest = 512;

/** Only allowed names with values of their kind; how many others were dropped is told, their names are not. */
export function allowedFields(fields: Readonly<Record<string, unknown>>): Record<string, string | number | boolean> {
  const kept: Record<string, string | number | boolean> = {};
  let dropped = 0;
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const kind = Object.hasOwn(kinds, name) ? kinds[name as keyof LogFields] : undefined;
    if (kind === 'string' && typeof value === 'string') {
      kept[name] = name === 'url' ? withoutQuery(scrub(value)) : scrub(value);
    } else if (kind === 'number' && typeof value === 'number') kept[name] = value;
    else if (kind === 'boolean' && typeof value === 'boolean') kept[name] = value;
    else dropped += 1;
  }
  if (dropped > 0) kept['droppedFields'] = dropped;
  return kept;
}

const secretShapes: readonly RegExp[] = [
  /AGE-(?:SECRET-KEY|PLUGIN)-[0-9A-Z-]+/gi,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  /\b(?:bearer|token|passphrase|password|secret)\b\s*[:=]?\s*\S+/gi,
  // A bearer token or a key in text form; digests are hex and shorter or go into their own field.
  /\beyJ[\w-]+\.[\w-]+\.[\w-]*/g,
];

/** The second line of defence: text that looks like a key or a token is cut out even of an allowed field or a message. */
export function scrub(text: string): string {
  let clean = text;
  for (const shape of secretShapes) clean = clean.replace(shape, '[removed]');
  // Control characters would let a node write lines of its own into a terminal that shows the log.
  clean = clean.replace(/[\p{Cc}\u2028\u2029]/gu, ' ');
  return clean.length > longest ? `${clean.slice(0, longest)}…` : clean;
}

function withoutQuery(url: string): string {
  const end = url.search(/[?#]/);
  return (end < 0 ? url : url.slice(0, end)).replace(/\/\/[^/@]*@/, '//');
}
