import { z } from 'zod';
import { err, ok, type Result } from '../../contract/result.ts';
import {
  expositionLimits,
  parseExposition,
  parseFigure,
  type Exposition,
  type Sample,
} from '../../domain/health/exposition.ts';
import { hostFields } from '../../domain/health/readings.ts';
import { askServer, type Credentials, type ServerAccess } from '../servers/ask.ts';

export interface MetricsAccess {
  readonly base: URL;
  readonly credentials?: Credentials;
  readonly timeoutMs: number;
}

/** Samples of one node, and when they were taken (milliseconds). */
export interface NodeSamples {
  readonly node: string;
  readonly samples: readonly Sample[];
  readonly takenAt: number | undefined;
}

const vectorSchema = z.object({
  status: z.literal('success'),
  data: z.object({
    resultType: z.literal('vector'),
    result: z
      .array(
        z.object({
          metric: z.record(z.string().max(256), z.string().max(4096)),
          value: z.tuple([z.number(), z.string().max(64)]),
        }),
      )
      .max(expositionLimits.samples),
  }),
});
type Vector = z.infer<typeof vectorSchema>['data']['result'];

/** What an exporter says now. Errors: those of `askServer`, and `damaged` when nothing of it is an exposition. */
export async function scrapeExporter(access: MetricsAccess, signal?: AbortSignal): Promise<Result<Exposition>> {
  const text = await askServer(serverOf(access, 'The exporter'), {
    method: 'GET',
    path: 'metrics',
    accept: 'text/plain; version=0.0.4',
    ...(signal === undefined ? {} : { signal }),
  });
  return text.ok ? readExposition(text.value, `The exporter at ${access.base.host}`) : text;
}

/** Errors: `damaged` when it is too large, or nothing of it is an exposition. */
export function readExposition(text: string, where: string): Result<Exposition> {
  const parsed = parseExposition(text);
  if (!parsed.ok) return parsed;
  const { samples, malformed } = parsed.value;
  if (samples.length > 0) return parsed;
  return err(
    'damaged',
    malformed === undefined
      ? `${where} sent no metrics.`
      : `${where} sent ${malformed.lines} lines that are no metrics.`,
  );
}

/**
 * The newest samples that a Prometheus has of each node: GPUs and machine, by the label that names the node. Prometheus
 * answers with samples of up to five minutes ago as if they were new, so their time is asked for too. Errors: those of
 * `askServer`, and `damaged` for an answer of another form.
 */
export async function queryPrometheus(
  access: MetricsAccess,
  nodes: readonly string[],
  signal?: AbortSignal,
): Promise<Result<NodeSamples[]>> {
  const names = `DCGM_.+|${hostFields.join('|')}`;
  const found = await instant(access, `{__name__=~"${names}"}`, signal);
  if (!found.ok) return found;
  const times = await instant(
    access,
    'max by (Hostname, node, instance) (timestamp({__name__=~"DCGM_FI_DEV_GPU_TEMP|node_load1"}))',
    signal,
  );
  if (!times.ok) return times;
  return ok(
    nodes.map((node) => {
      const taken = times.value.filter(isOf(node)).flatMap(({ value }) => parseFigure(value[1]) ?? []);
      return {
        node,
        samples: found.value.filter(isOf(node)).flatMap(({ metric, value }) => sampleOf(metric, value[1])),
        takenAt: taken.length === 0 ? undefined : Math.max(...taken) * 1000,
      };
    }),
  );
}

/** dcgm-exporter names the machine in `Hostname`; relabelling puts it into `node` or `instance`. */
function isOf(name: string) {
  return ({ metric }: Vector[number]): boolean =>
    [metric['Hostname'], metric['node'], metric['instance']?.replace(/:\d+$/, '')].includes(name);
}

function sampleOf({ __name__: name, ...labels }: Readonly<Record<string, string>>, figure: string): Sample[] {
  const value = parseFigure(figure);
  return name === undefined || value === undefined ? [] : [{ name, labels, value }];
}

async function instant(access: MetricsAccess, query: string, signal?: AbortSignal): Promise<Result<Vector>> {
  const where = 'The Prometheus server';
  const text = await askServer(serverOf(access, where), {
    method: 'GET',
    path: 'api/v1/query',
    query: { query },
    ...(signal === undefined ? {} : { signal }),
  });
  if (!text.ok) return text;
  const parsed = vectorSchema.safeParse(parseJson(text.value));
  return parsed.success
    ? ok(parsed.data.data.result)
    : err('damaged', `${where} at ${access.base.host} gave an answer that is none of its API.`);
}

function serverOf(access: MetricsAccess, what: string): ServerAccess {
  return { ...access, what, maximumBytes: expositionLimits.bytes };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
