import type { GpuHealth } from '../../contract/health.ts';
import type { Sample } from './exposition.ts';

/** Fields whose absence is said: without them nothing is known of errors, heat or throttling. */
export const watchedFields = [
  'DCGM_FI_DEV_GPU_UTIL',
  'DCGM_FI_DEV_FB_USED',
  'DCGM_FI_DEV_GPU_TEMP',
  'DCGM_FI_DEV_MEMORY_TEMP',
  'DCGM_FI_DEV_POWER_USAGE',
  'DCGM_FI_DEV_XID_ERRORS',
  'DCGM_FI_DEV_ECC_SBE_VOL_TOTAL',
  'DCGM_FI_DEV_ECC_DBE_VOL_TOTAL',
  'DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS',
  'DCGM_FI_DEV_ROW_REMAP_FAILURE',
  'DCGM_FI_DEV_CLOCK_THROTTLE_REASONS',
] as const;

/** Names of one figure in different versions of DCGM. */
const renamed: Readonly<Record<string, string>> = {
  DCGM_FI_DEV_CLOCKS_EVENT_REASONS: 'DCGM_FI_DEV_CLOCK_THROTTLE_REASONS',
};

/** What is kept of a node exporter: memory, load, disk, clock, memory errors (EDAC). */
export const hostFields = [
  'node_memory_MemTotal_bytes',
  'node_memory_MemAvailable_bytes',
  'node_load1',
  'node_filesystem_size_bytes',
  'node_filesystem_avail_bytes',
  'node_time_seconds',
  'node_edac_uncorrectable_errors_total',
  'node_edac_correctable_errors_total',
] as const;
const hostNames: ReadonlySet<string> = new Set(hostFields);

/** DCGM writes "blank", "not found", "not supported" and "not permitted" as figures from these on (dcgm_structs.h). */
const blanks = [0x7ffffff0, 140_737_488_355_328, 2 ** 63] as const;

/** GPUs looked at; a node has 16 at most, each in up to 7 instances. */
const gpuMaximum = 128;

export interface Readings {
  readonly gpus: readonly GpuHealth[];
  readonly host: Readonly<Record<string, number>>;
  /** A label says that the figures are SIMULATED. */
  readonly simulated: boolean;
  /** XIDs of the last minutes, by GPU, where the exporter counts them. */
  readonly xidCounts: ReadonlyMap<string, readonly number[]>;
  /** More GPUs were told of than are looked at. */
  readonly truncated: boolean;
}

interface Building {
  readonly labels: Readonly<Record<string, string>>;
  readonly fields: Record<string, number>;
  readonly xids: number[];
}

/** Sorts the samples of one node by GPU, under DCGM names. A figure that is no number was not reported. */
export function readGpus(samples: readonly Sample[]): Readings {
  const gpus = new Map<string, Building>();
  const host: Record<string, number> = {};
  let truncated = false;
  for (const { name, labels, value } of samples) {
    if (hostNames.has(name)) {
      // Of file systems only the root; counters of several controllers are added up.
      if (name.startsWith('node_filesystem') && labels['mountpoint'] !== '/') continue;
      if (Number.isFinite(value)) host[name] = name.startsWith('node_edac') ? (host[name] ?? 0) + value : value;
      continue;
    }
    if (!name.startsWith('DCGM_')) continue;
    const key = gpuName(labels);
    let entry = gpus.get(key);
    if (entry === undefined) {
      truncated ||= gpus.size >= gpuMaximum;
      if (gpus.size >= gpuMaximum) continue;
      entry = { labels, fields: {}, xids: [] };
      gpus.set(key, entry);
    }
    if (!isReported(value)) continue;
    if (name === 'DCGM_EXP_XID_ERRORS_COUNT') {
      const xid = Number(labels['xid']);
      if (value > 0 && Number.isSafeInteger(xid) && xid > 0) entry.xids.push(xid);
    } else entry.fields[renamed[name] ?? name] = value;
  }
  return {
    gpus: [...gpus]
      .sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
      .map(([gpu, entry]) => view(gpu, entry)),
    host,
    simulated: [...gpus.values()].some(({ labels }) => labels['simulated'] === 'true'),
    xidCounts: new Map([...gpus].flatMap(([gpu, { xids }]) => (xids.length === 0 ? [] : [[gpu, xids]]))),
    truncated,
  };
}

/** Mean of each field over the GPUs that reported it; undefined when there is none at all. */
export function meanFields(gpus: readonly GpuHealth[]): Record<string, number> | undefined {
  const sums = new Map<string, { sum: number; count: number }>();
  for (const { fields } of gpus) {
    for (const [name, value] of Object.entries(fields)) {
      const entry = sums.get(name) ?? { sum: 0, count: 0 };
      sums.set(name, { sum: entry.sum + value, count: entry.count + 1 });
    }
  }
  if (sums.size === 0) return undefined;
  return Object.fromEntries([...sums].map(([name, { sum, count }]) => [name, sum / count]));
}

function gpuName({ gpu, UUID, GPU_I_ID }: Readonly<Record<string, string>>): string {
  const name = (gpu ?? UUID ?? '?').slice(0, 64);
  return GPU_I_ID === undefined || GPU_I_ID === '' ? name : `${name}/${GPU_I_ID.slice(0, 16)}`;
}

function isReported(value: number): boolean {
  return Number.isFinite(value) && !blanks.some((blank) => value >= blank && value <= blank + 16);
}

function view(gpu: string, { labels, fields }: Building): GpuHealth {
  const text = (name: string) =>
    labels[name] === undefined || labels[name] === '' ? undefined : labels[name].slice(0, 128);
  const [uuid, driver, model] = [text('UUID'), text('DCGM_FI_DRIVER_VERSION'), text('modelName')];
  return {
    gpu,
    ...(uuid === undefined ? {} : { uuid }),
    ...(driver === undefined ? {} : { driver }),
    ...(model === undefined ? {} : { model }),
    fields,
    notReported: watchedFields.filter((field) => fields[field] === undefined),
  };
}
