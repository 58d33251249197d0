import type {
  GpuHealth,
  HealthAlert,
  HealthSource,
  HealthTrial,
  NodeHealth,
} from '../../../../electron/contract/health.ts';
import { formatBytes, formatCount, formatPercent, plural } from '../../ui/index.ts';

export const levelWords = { critical: 'Critical', warning: 'Warning', notice: 'Notice' } as const;
export const kindWords = { agent: 'Agent', exporter: 'Exporter', prometheus: 'Prometheus' } as const;

/** What is shown of each GPU; a field that did not come is said, never 0. */
export const gpuFigures = [
  { field: 'DCGM_FI_DEV_GPU_UTIL', title: 'Load, %', scale: 1, decimals: 0 },
  { field: 'DCGM_FI_DEV_FB_USED', title: 'GiB', scale: 1 / 1024, decimals: 1 },
  { field: 'DCGM_FI_DEV_GPU_TEMP', title: '°C', scale: 1, decimals: 0 },
  { field: 'DCGM_FI_DEV_POWER_USAGE', title: 'W', scale: 1, decimals: 0 },
] as const;

/** Undefined where it was not reported. */
export function gpuFigure(gpu: GpuHealth, figure: (typeof gpuFigures)[number]): string | undefined {
  const value = gpu.fields[figure.field];
  return value === undefined ? undefined : formatCount(value * figure.scale, figure.decimals);
}

/** A figure may have moved while its GPU stays; an alarm about identity is of a check that failed. */
export function isIdentityAlarm({ id }: Pick<HealthAlert, 'id'>): boolean {
  return id.startsWith('identity.');
}

/** Of one node in the line over all of them: the worst first. */
export function alarmOf({
  alerts,
  state,
}: NodeHealth): { readonly text: string; readonly identity: boolean } | undefined {
  const critical = alerts.filter(({ level }) => level === 'critical');
  const first = critical.find(isIdentityAlarm) ?? critical[0];
  if (first === undefined) return undefined;
  const where = first.gpu === undefined ? '' : `GPU ${first.gpu}, `;
  const more = critical.length === 1 ? '' : `, and ${critical.length - 1} more`;
  const old = state === 'stale' ? ' The figures are stale.' : '';
  return { text: `${where}${first.title}${more}.${old}`, identity: isIdentityAlarm(first) };
}

/** Where figures come from, in words. */
export function sourceWords(id: string, sources: ReadonlyArray<Pick<HealthSource, 'id' | 'kind' | 'url'>>): string {
  if (id === 'agent') return 'the node’s own agent';
  const source = sources.find((other) => other.id === id);
  return source === undefined ? 'a source that was removed' : `${kindWords[source.kind].toLowerCase()} ${source.url}`;
}

/** A sentence on how it stands with a source. */
export function stateWords({ state, error }: Pick<HealthSource, 'state' | 'error'>): string {
  if (state === 'answering') return 'It answers.';
  if (state === 'waiting') return 'It was not asked yet.';
  if (state === 'locked') return 'Its token is in the locked vault.';
  return error?.message ?? 'It does not answer.';
}

/** Rows on the machine; undefined where nobody reported any of them. */
export function machineRows(host: NodeHealth['host']): ReadonlyArray<{ name: string; value: string }> | undefined {
  if (Object.keys(host).length === 0) return undefined;
  const load = host['node_load1'];
  return [
    { name: 'Memory', value: freeWords(host['node_memory_MemTotal_bytes'], host['node_memory_MemAvailable_bytes']) },
    { name: 'Disk', value: freeWords(host['node_filesystem_size_bytes'], host['node_filesystem_avail_bytes']) },
    { name: 'Load, 1 min', value: load === undefined ? 'not reported' : formatCount(load, 2) },
  ];
}

function freeWords(size: number | undefined, free: number | undefined): string {
  return size === undefined || free === undefined || size <= 0
    ? 'not reported'
    : `${formatBytes(free)} of ${formatBytes(size)} free, ${formatPercent(free / size, 0)}`;
}

/** What a first look told. */
export function trialWords({ took, nodes }: HealthTrial): { readonly title: string; readonly detail: string } {
  const title = `It answers, in ${formatCount(took)} ms.`;
  if (nodes.length === 0) {
    return {
      title,
      detail:
        'It tells of none of the nodes here. A Prometheus needs their names in the label Hostname, node or instance.',
    };
  }
  const lines = nodes.map(({ node, gpus, machine, simulated }) => {
    const told = [gpus === 0 ? 'no GPU' : plural(gpus, 'GPU'), machine ? 'the machine' : 'nothing of the machine'];
    return `${node}: ${told.join(', ')}${simulated ? ', SIMULATED' : ''}.`;
  });
  return { title, detail: lines.join(' ') };
}
