import type { NodeFault } from '../../contract/local-network.ts';
import type { GpuReading } from './gpu-simulation.ts';

export interface ExpositionOptions {
  readonly node: string;
  readonly simulated: boolean;
  readonly model: string;
  readonly driver: string;
  readonly fault: NodeFault;
}

/** What a sound board reports besides its load. Profiling fields are off in confidential-computing mode: absent, not 0. */
const sound: Readonly<Record<string, number>> = {
  DCGM_FI_DEV_XID_ERRORS: 0,
  DCGM_FI_DEV_ECC_SBE_VOL_TOTAL: 0,
  DCGM_FI_DEV_ECC_DBE_VOL_TOTAL: 0,
  DCGM_FI_DEV_CORRECTABLE_REMAPPED_ROWS: 0,
  DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS: 0,
  DCGM_FI_DEV_ROW_REMAP_FAILURE: 0,
  DCGM_FI_DEV_PCIE_REPLAY_COUNTER: 0,
  DCGM_FI_DEV_CLOCK_THROTTLE_REASONS: 0,
  DCGM_FI_DEV_SM_CLOCK: 1980,
  DCGM_FI_DEV_MEM_CLOCK: 2619,
};

/** A board that lost data and runs hot: what `gpu-failing` shows on the first GPU. */
const failing: Readonly<Record<string, number>> = {
  DCGM_FI_DEV_XID_ERRORS: 48,
  DCGM_FI_DEV_ECC_SBE_VOL_TOTAL: 41,
  DCGM_FI_DEV_ECC_DBE_VOL_TOTAL: 1,
  DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS: 2,
  DCGM_FI_DEV_CLOCK_THROTTLE_REASONS: 0x48,
  DCGM_FI_DEV_SM_CLOCK: 1095,
  DCGM_FI_DEV_GPU_TEMP: 93,
  DCGM_FI_DEV_MEMORY_TEMP: 101,
};

const counters: ReadonlySet<string> = new Set(['DCGM_FI_DEV_PCIE_REPLAY_COUNTER']);

/** Prometheus text exposition of readings, with the names and labels of dcgm-exporter. */
export function prometheusText(readings: readonly GpuReading[], options: ExpositionOptions): string {
  const { node, simulated, model, fault } = options;
  const charted = readings.map((reading) => {
    const fields = {
      ...sound,
      ...reading.fields,
      DCGM_FI_DEV_MEMORY_TEMP: (reading.fields['DCGM_FI_DEV_GPU_TEMP'] ?? 0) + 7,
      ...(fault === 'gpu-failing' && reading.gpu === 0 ? failing : {}),
    };
    const other = fault === 'other-gpu-charted';
    const labels = {
      gpu: String(reading.gpu),
      UUID: other ? `${reading.uuid}-other` : reading.uuid,
      pci_bus_id: `00000000:${(0x18 + reading.gpu).toString(16).toUpperCase()}:00.0`,
      device: `nvidia${reading.gpu}`,
      modelName: `NVIDIA ${model} (SIMULATED)`,
      Hostname: node,
      DCGM_FI_DRIVER_VERSION: other ? '535.54.03' : options.driver,
      simulated: String(simulated),
    };
    const text = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
    return { fields: fields as Readonly<Record<string, number>>, labels: text.join(',') };
  });
  const names = [...new Set(charted.flatMap(({ fields }) => Object.keys(fields)))];
  const lines = simulated ? ['# SIMULATED hardware: these figures were not measured.'] : [];
  for (const name of names) {
    lines.push(`# TYPE ${name} ${counters.has(name) ? 'counter' : 'gauge'}`);
    for (const { fields, labels } of charted) {
      const value = fields[name];
      if (value !== undefined) lines.push(`${name}{${labels}} ${value}`);
    }
  }
  return `${lines.join('\n')}\n`;
}
