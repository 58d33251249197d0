import type { AlertLevel, GpuHealth, HealthAlert } from '../../contract/health.ts';
import type { Readings } from './readings.ts';
import { xidMeaning } from './xid.ts';

/** °C. Above the first the board slows down soon, at the second it does or turns off (data sheets of H100 and H200). */
const heat = {
  DCGM_FI_DEV_GPU_TEMP: { name: 'GPU', warning: 85, critical: 92 },
  DCGM_FI_DEV_MEMORY_TEMP: { name: 'Memory', warning: 95, critical: 105 },
} as const;

/** Bits of nvmlClocksEventReasons that slow a GPU down against its owner's will. Idle and chosen clocks are none. */
const throttling: readonly { bit: number; level: AlertLevel; words: string }[] = [
  { bit: 0x40, level: 'critical', words: 'hardware thermal slowdown' },
  { bit: 0x80, level: 'warning', words: 'hardware power brake' },
  { bit: 0x08, level: 'warning', words: 'hardware slowdown' },
  { bit: 0x20, level: 'warning', words: 'software thermal slowdown' },
  { bit: 0x04, level: 'notice', words: 'software power cap' },
];

interface CountRule {
  readonly field: string;
  readonly id: string;
  readonly level: AlertLevel;
  readonly title: (count: number) => string;
  readonly detail: string;
  /** Counts since the last scrape, not since the driver was loaded. */
  readonly growth?: boolean;
}

const times = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`;

const counts: readonly CountRule[] = [
  {
    field: 'DCGM_FI_DEV_ECC_DBE_VOL_TOTAL',
    id: 'gpu.ecc.double-bit',
    level: 'critical',
    title: (count) => times(count, 'double-bit memory error', 'double-bit memory errors'),
    detail:
      'Data in this GPU’s memory was changed beyond repair since the driver was loaded. Take the node out of work.',
  },
  {
    field: 'DCGM_FI_DEV_ECC_DBE_AGG_TOTAL',
    id: 'gpu.ecc.double-bit-ever',
    level: 'warning',
    title: (count) => `${times(count, 'double-bit memory error', 'double-bit memory errors')} in its lifetime`,
    detail: 'The board has lost data before.',
  },
  {
    field: 'DCGM_FI_DEV_ECC_SBE_VOL_TOTAL',
    id: 'gpu.ecc.single-bit',
    level: 'notice',
    title: (count) => times(count, 'single-bit memory error', 'single-bit memory errors'),
    detail: 'They were corrected. Many of them announce worse.',
  },
  {
    field: 'DCGM_FI_DEV_ROW_REMAP_FAILURE',
    id: 'gpu.rows.failure',
    level: 'critical',
    title: () => 'a memory row could not be remapped',
    detail: 'The spare rows are used up: the board must be replaced.',
  },
  {
    field: 'DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS',
    id: 'gpu.rows.uncorrectable',
    level: 'warning',
    title: (count) => `${times(count, 'row', 'rows')} remapped after uncorrectable errors`,
    detail: 'The board repairs itself at resets; watch whether the count grows.',
  },
  {
    field: 'DCGM_FI_DEV_CORRECTABLE_REMAPPED_ROWS',
    id: 'gpu.rows.correctable',
    level: 'notice',
    title: (count) => `${times(count, 'row', 'rows')} remapped after corrected errors`,
    detail: 'Nothing was lost.',
  },
  {
    field: 'DCGM_FI_DEV_RETIRED_DBE',
    id: 'gpu.pages.retired',
    level: 'warning',
    title: (count) => `${times(count, 'page', 'pages')} retired after double-bit errors`,
    detail: 'The board has lost data before.',
  },
  ...(['THERMAL', 'POWER'] as const).map((cause) => ({
    field: `DCGM_FI_DEV_${cause}_VIOLATION`,
    id: `gpu.throttle.${cause.toLowerCase()}`,
    level: 'warning' as const,
    title: () => `slowed down by ${cause === 'THERMAL' ? 'heat' : 'its power limit'} since the last look`,
    detail: 'Training is slower than the price suggests.',
    growth: true,
  })),
  {
    field: 'DCGM_FI_DEV_PCIE_REPLAY_COUNTER',
    id: 'gpu.pcie.replay',
    level: 'notice',
    title: (count) => times(count, 'PCIe packet sent again', 'PCIe packets sent again'),
    detail: 'The slot or a riser may be bad when this goes on.',
    growth: true,
  },
];

const levels: readonly AlertLevel[] = ['critical', 'warning', 'notice'];

/** What is wrong with the GPUs, worst first. Fields that were not reported decide nothing. */
export function healthAlerts(now: Readings, before?: Readings): HealthAlert[] {
  const alerts = now.gpus.flatMap((gpu) => [
    ...xidAlerts(gpu, now.xidCounts.get(gpu.gpu) ?? []),
    ...countAlerts(
      gpu,
      before?.gpus.find((other) => other.gpu === gpu.gpu && other.uuid === gpu.uuid),
    ),
    ...throttleAlerts(gpu),
    ...heatAlerts(gpu),
  ]);
  return sortAlerts(alerts);
}

/** Seconds. Evidence and telemetry carry the node's times: beyond this they no longer fit this desk's. */
const clockSkewMaximum = 30;
/** Share of the root file system below which checkpoints soon find no room. */
const diskShareMinimum = 0.05;

/**
 * What is wrong with the machine by its node exporter.
 * @param takenAt when the figures were taken by this desk's clock, milliseconds
 */
export function machineAlerts(host: Readonly<Record<string, number>>, takenAt: number): HealthAlert[] {
  const alerts: HealthAlert[] = [];
  const edac = host['node_edac_uncorrectable_errors_total'];
  if (edac !== undefined && edac > 0) {
    alerts.push({
      id: 'host.memory',
      level: 'critical',
      title: `${times(edac, 'uncorrectable error', 'uncorrectable errors')} in main memory`,
      detail: 'The machine lost data. Take it out of work.',
      field: 'node_edac_uncorrectable_errors_total',
      value: edac,
    });
  }
  const time = host['node_time_seconds'];
  const skew = time === undefined ? 0 : Math.round(time - takenAt / 1000);
  if (Math.abs(skew) > clockSkewMaximum) {
    alerts.push({
      id: 'host.clock',
      level: 'warning',
      title: `its clock is ${Math.abs(skew).toLocaleString('en')} s ${skew > 0 ? 'ahead' : 'behind'}`,
      detail: 'Times in its evidence, logs and telemetry do not fit those of this desk.',
      field: 'node_time_seconds',
      value: skew,
    });
  }
  const [size, free] = [host['node_filesystem_size_bytes'], host['node_filesystem_avail_bytes']];
  if (size !== undefined && free !== undefined && size > 0 && free / size < diskShareMinimum) {
    alerts.push({
      id: 'host.disk',
      level: 'warning',
      title: `${(free / 1024 ** 3).toFixed(1)} GiB left on its disk`,
      detail: 'Checkpoints that find no room are lost.',
      field: 'node_filesystem_avail_bytes',
      value: free,
    });
  }
  return alerts;
}

/** Worst first; otherwise in their order. */
export function sortAlerts(alerts: readonly HealthAlert[]): HealthAlert[] {
  return alerts.toSorted((a, b) => levels.indexOf(a.level) - levels.indexOf(b.level));
}

export function worstOf(alerts: readonly HealthAlert[]): AlertLevel | 'none' {
  return levels.find((level) => alerts.some((alert) => alert.level === level)) ?? 'none';
}

function xidAlerts({ gpu, fields }: GpuHealth, counted: readonly number[]): HealthAlert[] {
  const field = 'DCGM_FI_DEV_XID_ERRORS';
  const last = fields[field];
  const codes = new Set([...counted, ...(last === undefined || last === 0 ? [] : [last])]);
  return [...codes].map((code) => {
    const { level, words, act } = xidMeaning(code);
    return { id: 'gpu.xid', level, title: `XID ${code}: ${words}`, detail: act, gpu, field, value: code };
  });
}

function countAlerts({ gpu, fields }: GpuHealth, before: GpuHealth | undefined): HealthAlert[] {
  return counts.flatMap(({ field, id, level, title, detail, growth }) => {
    const value = fields[field];
    const earlier = before?.fields[field];
    if (value === undefined || (growth === true && earlier === undefined)) return [];
    const count = growth === true ? value - (earlier ?? 0) : value;
    return count > 0 ? [{ id, level, title: title(count), detail, gpu, field, value: count }] : [];
  });
}

function throttleAlerts({ gpu, fields }: GpuHealth): HealthAlert[] {
  const field = 'DCGM_FI_DEV_CLOCK_THROTTLE_REASONS';
  const mask = fields[field];
  if (mask === undefined || !Number.isSafeInteger(mask) || mask <= 0) return [];
  const reasons = throttling.filter(({ bit }) => Math.floor(mask / bit) % 2 === 1);
  const [worst] = reasons;
  if (worst === undefined) return [];
  return [
    {
      id: 'gpu.throttle',
      level: worst.level,
      title: `clocks held down: ${reasons.map(({ words }) => words).join(', ')}`,
      detail: 'Training is slower than the price suggests.',
      gpu,
      field,
      value: mask,
    },
  ];
}

function heatAlerts({ gpu, fields }: GpuHealth): HealthAlert[] {
  return Object.entries(heat).flatMap(([field, { name, warning, critical }]) => {
    const value = fields[field];
    if (value === undefined || value < warning) return [];
    const level = value >= critical ? ('critical' as const) : ('warning' as const);
    const limit = level === 'critical' ? critical : warning;
    return [
      {
        id: field === 'DCGM_FI_DEV_GPU_TEMP' ? 'gpu.temperature' : 'gpu.temperature.memory',
        level,
        title: `${name} at ${value} °C, limit ${limit} °C`,
        detail: level === 'critical' ? 'It slows down or turns off at this heat.' : 'It slows down soon.',
        gpu,
        field,
        value,
      },
    ];
  });
}
