/** One reading under DCGM field names: %, MiB, °C, W. */
export interface GpuReading {
  readonly gpu: number;
  readonly uuid: string;
  readonly fields: Record<string, number>;
}

export interface GpuTelemetry {
  /** True: the figures are SIMULATED and every frame says so. */
  readonly simulated: boolean;
  readonly model: string;
  readonly driver: string;
  /** Readings of all GPUs now; called once a second. */
  read(busy: boolean): GpuReading[];
}

/** Idle and full power of the board, watts (NVIDIA data sheets: H100 SXM and H200 SXM 700 W). */
const idleWatts = 75;
const fullWatts = 700;
const framebufferMib: Record<string, number> = { H100: 81_559, H200: 143_771 };

/**
 * SIMULATED GPU telemetry: utilisation follows whether a job is training, memory, temperature and power follow
 * utilisation with the lag of a real board.
 */
export function simulatedGpus(options: {
  model: string;
  driver: string;
  count: number;
  uuids: readonly string[];
  random: () => number;
}): GpuTelemetry {
  const total = framebufferMib[options.model] ?? 81_559;
  const boards = Array.from({ length: options.count }, (_, gpu) => ({
    gpu,
    uuid: options.uuids[gpu] ?? `GPU-SIMULATED-${gpu}`,
    load: 0,
    celsius: 33 + options.random() * 3,
  }));
  return {
    simulated: true,
    model: options.model,
    driver: options.driver,
    read: (busy) =>
      boards.map((board) => {
        const target = busy ? 0.86 + options.random() * 0.12 : options.random() * 0.01;
        board.load += (target - board.load) * 0.7;
        board.celsius += (33 + 38 * board.load - board.celsius) * 0.15;
        return {
          gpu: board.gpu,
          uuid: board.uuid,
          fields: {
            DCGM_FI_DEV_GPU_UTIL: Math.round(board.load * 100),
            DCGM_FI_DEV_FB_USED: Math.round(520 + (total - 520) * 0.62 * board.load),
            DCGM_FI_DEV_FB_FREE: Math.round(total - 520 - (total - 520) * 0.62 * board.load),
            DCGM_FI_DEV_GPU_TEMP: Math.round(board.celsius),
            DCGM_FI_DEV_POWER_USAGE: Math.round((idleWatts + (fullWatts - idleWatts) * board.load) * 10) / 10,
          },
        };
      }),
  };
}
