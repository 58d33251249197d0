import type { GpuHealth } from '../../contract/health.ts';
import type { Series } from '../../contract/views.ts';
import { createSeriesBuffer, type SeriesBuffer } from '../../domain/series/series-buffer.ts';

/** What charts ask for; other fields have only their latest figure. */
const charted: Readonly<Record<string, string>> = {
  DCGM_FI_DEV_GPU_UTIL: '%',
  DCGM_FI_DEV_FB_USED: 'MiB',
  DCGM_FI_DEV_GPU_TEMP: '°C',
  DCGM_FI_DEV_MEMORY_TEMP: '°C',
  DCGM_FI_DEV_POWER_USAGE: 'W',
  DCGM_FI_DEV_SM_CLOCK: 'MHz',
};

/** Points of one field in one of the two halves: six hours of looks every three seconds, 115 KiB. */
const halfPoints = 7200;

interface Halves {
  older: SeriesBuffer | undefined;
  newer: SeriesBuffer;
  last: number;
}

export interface GpuHistory {
  /** A field that was not reported is a gap. */
  push(gpus: readonly GpuHealth[], at: number): void;
  /** A gap in everything: nobody answered. */
  gap(at: number): void;
  draw(names: readonly string[], maximumPoints: number): { gpu: string; series: Series[] }[];
}

/** The last hours of a node's GPUs, in memory only. */
export function createGpuHistory(): GpuHistory {
  const gpus = new Map<string, Map<string, Halves>>();

  const add = (fields: Map<string, Halves>, name: string, at: number, value: number) => {
    let halves = fields.get(name);
    if (halves === undefined) {
      // Nothing is drawn before the first figure.
      if (Number.isNaN(value)) return;
      halves = { older: undefined, newer: createSeriesBuffer(), last: Number.NEGATIVE_INFINITY };
      fields.set(name, halves);
    }
    // A Prometheus gives the same figures until its next scrape, and a clock may be set back.
    if (at <= halves.last) return;
    if (halves.newer.length >= halfPoints) {
      halves.older = halves.newer;
      halves.newer = createSeriesBuffer();
    }
    halves.newer.push(at, value);
    halves.last = at;
  };

  return {
    push(readings, at) {
      for (const { gpu, fields } of readings) {
        let known = gpus.get(gpu);
        if (known === undefined) {
          known = new Map();
          gpus.set(gpu, known);
        }
        for (const name of Object.keys(charted)) add(known, name, at, fields[name] ?? Number.NaN);
      }
      for (const [gpu, fields] of gpus) {
        if (!readings.some((reading) => reading.gpu === gpu)) {
          for (const name of fields.keys()) add(fields, name, at, Number.NaN);
        }
      }
    },
    gap(at) {
      for (const fields of gpus.values()) for (const name of fields.keys()) add(fields, name, at, Number.NaN);
    },
    draw: (names, maximumPoints) =>
      [...gpus].map(([gpu, fields]) => ({
        gpu,
        series: names.map((name): Series => {
          const halves = fields.get(name);
          const parts = halves === undefined ? [] : [halves.older, halves.newer].filter((part) => part !== undefined);
          const each = Math.max(10, Math.floor(maximumPoints / Math.max(1, parts.length)));
          return {
            name,
            unit: charted[name] ?? '',
            x: 'time',
            points: parts.flatMap((part) => part.draw(each)),
            raw: parts.reduce((sum, part) => sum + part.length, 0),
          };
        }),
      })),
  };
}
