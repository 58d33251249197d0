import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TestExporter {
  readonly url: string;
  /** What it answers from now on. */
  say(text: string): void;
  stop(): Promise<void>;
}

/** An exporter on 127.0.0.1 that serves a given text below /metrics. */
export async function startExporter(first: string): Promise<TestExporter> {
  let text = first;
  const server = createServer((request, response) => {
    if (request.url !== '/metrics') return void response.writeHead(404).end();
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(text);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    say: (next) => (text = next),
    async stop() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

export interface SimulatedBoard {
  readonly uuid: string;
  readonly driver?: string;
  readonly temperature: number;
  readonly xid?: number;
  readonly throttled?: number;
  /** Double-bit errors; the default fields of the exporter leave them out, and so does this text without it. */
  readonly doubleBit?: number;
}

/** What dcgm-exporter serves with its default counters, with its help lines and labels, for a SIMULATED board. */
export function dcgmText(...boards: readonly SimulatedBoard[]): string {
  const fields: readonly [string, string, string, (board: SimulatedBoard) => number | undefined][] = [
    ['DCGM_FI_DEV_SM_CLOCK', 'gauge', 'SM clock frequency (in MHz).', () => 1980],
    ['DCGM_FI_DEV_GPU_TEMP', 'gauge', 'GPU temperature (in C).', ({ temperature }) => temperature],
    ['DCGM_FI_DEV_MEMORY_TEMP', 'gauge', 'Memory temperature (in C).', ({ temperature }) => temperature + 6],
    ['DCGM_FI_DEV_POWER_USAGE', 'gauge', 'Power draw (in W).', ({ temperature }) => temperature * 8.25],
    ['DCGM_FI_DEV_GPU_UTIL', 'gauge', 'GPU utilization (in %).', () => 97],
    ['DCGM_FI_DEV_FB_USED', 'gauge', 'Framebuffer memory used (in MiB).', () => 61_203],
    ['DCGM_FI_DEV_XID_ERRORS', 'gauge', 'Value of the last XID error encountered.', ({ xid }) => xid ?? 0],
    [
      'DCGM_FI_DEV_CLOCKS_EVENT_REASONS',
      'gauge',
      'Current clock event reasons (bitmask of DCGM_CLOCKS_EVENT_REASON_*).',
      ({ throttled }) => throttled,
    ],
    [
      'DCGM_FI_DEV_ECC_DBE_VOL_TOTAL',
      'counter',
      'Total number of double-bit volatile ECC errors.',
      ({ doubleBit }) => doubleBit,
    ],
  ];
  const lines = ['# SIMULATED: these figures were not measured.'];
  for (const [name, kind, help, read] of fields) {
    const samples = boards.flatMap((board, gpu) => {
      const value = read(board);
      const labels = [
        `gpu="${gpu}"`,
        `UUID="${board.uuid}"`,
        `pci_bus_id="00000000:${(0x18 + gpu).toString(16).toUpperCase()}:00.0"`,
        `device="nvidia${gpu}"`,
        'modelName="NVIDIA H100 80GB HBM3 (SIMULATED)"',
        'Hostname="gpu-host"',
        `DCGM_FI_DRIVER_VERSION="${board.driver ?? '999.1'}"`,
      ];
      return value === undefined ? [] : [`${name}{${labels.join(',')}} ${value}`];
    });
    if (samples.length > 0) lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`, ...samples);
  }
  return `${lines.join('\n')}\n`;
}
