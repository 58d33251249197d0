import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { healthAlerts, machineAlerts, worstOf } from './alerts.ts';
import { expositionLimits, parseExposition, parseFigure, type Exposition } from './exposition.ts';
import { compareIdentity, identityAlerts } from './identity.ts';
import { readGpus } from './readings.ts';

function read(text: string): Exposition {
  const parsed = parseExposition(text);
  if (!parsed.ok) throw new Error(parsed.error.message);
  return parsed.value;
}
const readingsOf = (text: string) => readGpus(read(text).samples);
const gpu0 = 'gpu="0",UUID="GPU-a",DCGM_FI_DRIVER_VERSION="550.1"';

describe('the text exposition', () => {
  it('reads what the format allows: escapes, blanks, NaN, infinities, timestamps, exemplars', () => {
    const { samples, malformed } = read(
      [
        '# HELP a help \\n text',
        '# TYPE a gauge',
        'a 1',
        'b{} 2.5e3 1700000000123',
        String.raw`c{ path = "C:\\x\"y\n" , other="ü{}#" , } -0.5`,
        'd{x="1"}NaN',
        'e +Inf',
        'f{le="+Inf"} -Inf',
        'g_bucket{le="0.1"} 8 # {trace_id="KOO5S4vxi0o"} 0.067 1520879607.789',
        'h 3 1520879607.5',
        '# EOF',
      ].join('\r\n'),
    );
    expect(malformed).toBeUndefined();
    expect(samples).toEqual([
      { name: 'a', labels: {}, value: 1 },
      { name: 'b', labels: {}, value: 2500, timestamp: 1_700_000_000_123 },
      { name: 'c', labels: { path: 'C:\\x"y\n', other: 'ü{}#' }, value: -0.5 },
      { name: 'd', labels: { x: '1' }, value: Number.NaN },
      { name: 'e', labels: {}, value: Number.POSITIVE_INFINITY },
      { name: 'f', labels: { le: '+Inf' }, value: Number.NEGATIVE_INFINITY },
      { name: 'g_bucket', labels: { le: '0.1' }, value: 8 },
      { name: 'h', labels: {}, value: 3, timestamp: 1_520_879_607_500 },
    ]);
  });

  it.each([
    ['no value', 'a{x="1"}'],
    ['a word for a value', 'a much'],
    ['a hexadecimal value', 'a 0x10'],
    ['a label twice', 'a{x="1",x="2"} 1'],
    ['a prototype', 'a{__proto__="1"} 1'],
    ['an open label', 'a{x="1} 1'],
    ['an unknown escape', String.raw`a{x="\t"} 1`],
    ['a name that begins with a digit', '9a 1'],
    ['three figures', 'a 1 2 3'],
    ['a line without end', `a{x="${'y'.repeat(expositionLimits.lineCharacters)}"} 1`],
  ])('counts a line with %s as malformed and keeps the others', (_, line) => {
    const { samples, malformed } = read(`ok 1\n${line}\nok 2`);
    expect(samples.map(({ value }) => value)).toEqual([1, 2]);
    expect(malformed).toEqual({ lines: 1, first: 2 });
  });

  it('refuses more than any exporter sends, at once', () => {
    const started = performance.now();
    expect(parseExposition('x'.repeat(expositionLimits.bytes + 1)).ok).toBe(false);
    expect(parseExposition('a 1\n'.repeat(expositionLimits.samples + 1)).ok).toBe(false);
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it('survives any text', () => {
    const noise = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 400 }),
      fc
        .array(fc.constantFrom('a', '{', '}', '"', '\\', '=', ',', ' ', '\n', '#', '1', 'NaN'), { maxLength: 200 })
        .map((parts) => parts.join('')),
      fc.uint8Array({ maxLength: 400 }).map((bytes) => new TextDecoder().decode(bytes)),
    );
    fc.assert(
      fc.property(noise, (text) => {
        const parsed = parseExposition(text);
        if (!parsed.ok) return false;
        readGpus(parsed.value.samples);
        return parsed.value.samples.length <= text.split('\n').length;
      }),
      { numRuns: 2000 },
    );
  });

  it('gives back what was written', () => {
    const name = fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,20}$/);
    const label = fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9_]{0,10}$/);
    const escaped = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
    // The format has no escape for a carriage return.
    const value = fc.string({ maxLength: 40 }).filter((text) => !text.includes('\r'));
    const sample = fc.record({ name, labels: fc.dictionary(label, value, { maxKeys: 5 }), figure: fc.double() });
    fc.assert(
      fc.property(sample, ({ name: given, labels, figure }) => {
        const inside = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
        const { samples } = read(`${given}{${inside.join(',')}} ${String(figure).replace('Infinity', 'Inf')}`);
        expect(samples).toHaveLength(1);
        expect({ ...samples[0]?.labels }).toEqual({ ...labels });
        expect(samples[0]?.value === 0 ? 0 : samples[0]?.value).toBe(figure === 0 ? 0 : figure);
      }),
    );
  });

  it('reads figures as the API writes them', () => {
    expect(['1', '-0.5', '1e+06', 'NaN', '+Inf', '-Inf'].map(parseFigure)).toEqual([
      1,
      -0.5,
      1e6,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
    ]);
    expect(['', 'one', '0x1', '1,5', '1'.repeat(65)].map(parseFigure)).toEqual(Array(5).fill(undefined));
  });
});

describe('readings', () => {
  it('sorts by GPU, keeps driver and UUID, and says what was not reported instead of 0', () => {
    const { gpus, simulated } = readingsOf(
      [
        'DCGM_FI_DEV_GPU_TEMP{gpu="10",UUID="GPU-b"} 41',
        `DCGM_FI_DEV_GPU_TEMP{${gpu0},simulated="true"} 40`,
        `DCGM_FI_DEV_XID_ERRORS{${gpu0}} 0`,
        `DCGM_FI_DEV_POWER_USAGE{${gpu0}} NaN`,
        // "Not supported" as DCGM writes it in a whole number of 64 bits.
        `DCGM_FI_DEV_MEMORY_TEMP{${gpu0}} 9.223372036854775794e+18`,
        'node_memory_MemTotal_bytes 8',
        'node_filesystem_size_bytes{mountpoint="/boot"} 1',
        'node_filesystem_size_bytes{mountpoint="/"} 2',
        'go_goroutines 5',
      ].join('\n'),
    );
    expect(gpus.map(({ gpu }) => gpu)).toEqual(['0', '10']);
    expect(gpus[0]).toMatchObject({
      uuid: 'GPU-a',
      driver: '550.1',
      fields: { DCGM_FI_DEV_GPU_TEMP: 40, DCGM_FI_DEV_XID_ERRORS: 0 },
    });
    expect(gpus[0]?.notReported).toEqual(
      expect.arrayContaining(['DCGM_FI_DEV_POWER_USAGE', 'DCGM_FI_DEV_MEMORY_TEMP']),
    );
    expect(gpus[0]?.notReported).not.toContain('DCGM_FI_DEV_XID_ERRORS');
    expect(simulated).toBe(true);
    expect(readingsOf('node_load1 3\nnode_filesystem_size_bytes{mountpoint="/"} 2').host).toEqual({
      node_load1: 3,
      node_filesystem_size_bytes: 2,
    });
  });
});

describe('alerts', () => {
  const alertsOf = (...lines: string[]) => {
    const readings = readingsOf(lines.map((line) => line.replace('@', `{${gpu0}}`)).join('\n'));
    return [...healthAlerts(readings), ...machineAlerts(readings.host, 1_700_000_000_000)].map(
      ({ id, level, title }) => `${level} ${id} ${title}`,
    );
  };

  it.each([
    ['DCGM_FI_DEV_XID_ERRORS@ 79', 'critical gpu.xid XID 79: GPU has fallen off the bus'],
    ['DCGM_FI_DEV_XID_ERRORS@ 31', 'warning gpu.xid XID 31: memory page fault'],
    ['DCGM_FI_DEV_XID_ERRORS@ 777', 'warning gpu.xid XID 777: not in this catalogue'],
    [`DCGM_EXP_XID_ERRORS_COUNT{${gpu0},xid="48"} 2`, 'critical gpu.xid XID 48: double-bit memory error'],
    ['DCGM_FI_DEV_ECC_DBE_VOL_TOTAL@ 1', 'critical gpu.ecc.double-bit 1 double-bit memory error'],
    ['DCGM_FI_DEV_ECC_SBE_VOL_TOTAL@ 12', 'notice gpu.ecc.single-bit 12 single-bit memory errors'],
    ['DCGM_FI_DEV_ROW_REMAP_FAILURE@ 1', 'critical gpu.rows.failure a memory row could not be remapped'],
    [
      'DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS@ 2',
      'warning gpu.rows.uncorrectable 2 rows remapped after uncorrectable errors',
    ],
    [
      'DCGM_FI_DEV_CLOCKS_EVENT_REASONS@ 72',
      'critical gpu.throttle clocks held down: hardware thermal slowdown, hardware slowdown',
    ],
    ['DCGM_FI_DEV_CLOCK_THROTTLE_REASONS@ 4', 'notice gpu.throttle clocks held down: software power cap'],
    ['DCGM_FI_DEV_GPU_TEMP@ 85', 'warning gpu.temperature GPU at 85 °C, limit 85 °C'],
    ['DCGM_FI_DEV_GPU_TEMP@ 93', 'critical gpu.temperature GPU at 93 °C, limit 92 °C'],
    ['DCGM_FI_DEV_MEMORY_TEMP@ 96', 'warning gpu.temperature.memory Memory at 96 °C, limit 95 °C'],
    ['node_edac_uncorrectable_errors_total 3', 'critical host.memory 3 uncorrectable errors in main memory'],
    ['node_time_seconds 1.700003600e+09', 'warning host.clock its clock is 3,600 s ahead'],
    ['node_time_seconds 1.699999960e+09', 'warning host.clock its clock is 40 s behind'],
    [
      'node_filesystem_size_bytes{mountpoint="/"} 1.073741824e+12\nnode_filesystem_avail_bytes{mountpoint="/"} 3.3e+10',
      'warning host.disk 30.7 GiB left on its disk',
    ],
  ])('%s', (line, alert) => {
    expect(alertsOf(line)).toEqual([alert]);
  });

  it('says nothing of good figures, of idle clocks, and of what was not reported', () => {
    expect(
      alertsOf(
        'DCGM_FI_DEV_XID_ERRORS@ 0',
        'DCGM_FI_DEV_ECC_DBE_VOL_TOTAL@ 0',
        'DCGM_FI_DEV_CLOCK_THROTTLE_REASONS@ 1',
        'DCGM_FI_DEV_GPU_TEMP@ 84.9',
        'DCGM_FI_DEV_MEMORY_TEMP@ NaN',
        'node_time_seconds 1.700000029e+09',
        'node_filesystem_avail_bytes{mountpoint="/"} 0',
      ),
    ).toEqual([]);
  });

  it('counts what grows from the look before, and only on the same GPU; worst first', () => {
    const at = (throttled: number, uuid = 'GPU-a') =>
      readingsOf(
        `DCGM_FI_DEV_THERMAL_VIOLATION{gpu="0",UUID="${uuid}"} ${throttled}\nDCGM_FI_DEV_XID_ERRORS{gpu="0",UUID="${uuid}"} 79`,
      );
    expect(healthAlerts(at(7)).map(({ id }) => id)).toEqual(['gpu.xid']);
    expect(healthAlerts(at(7), at(7)).map(({ id }) => id)).toEqual(['gpu.xid']);
    expect(healthAlerts(at(9), at(7, 'GPU-b')).map(({ id }) => id)).toEqual(['gpu.xid']);
    const grown = healthAlerts(at(9), at(7));
    expect(grown.map(({ id, value }) => [id, value])).toEqual([
      ['gpu.xid', 79],
      ['gpu.throttle.thermal', 2],
    ]);
    expect(worstOf(grown)).toBe('critical');
    expect(worstOf([])).toBe('none');
  });
});

describe('the charted GPU and the attested one', () => {
  const charted = (...labels: string[]) =>
    readingsOf(labels.map((each) => `DCGM_FI_DEV_GPU_TEMP{${each}} 40`).join('\n')).gpus;
  const outcomes = (gpus: ReturnType<typeof charted>, attested: Parameters<typeof compareIdentity>[1]) =>
    compareIdentity(gpus, attested).map(({ outcome }) => outcome);
  const attested = { uuids: ['GPU-a'], drivers: ['550.1'] };

  it('agree', () => {
    expect(outcomes(charted(gpu0), attested)).toEqual(['pass', 'pass', 'pass']);
  });
  it.each([
    [
      'another GPU',
      [`gpu="0",UUID="GPU-x",DCGM_FI_DRIVER_VERSION="550.1"`],
      ['fail', 'pass', 'pass'],
      'gpu-not-attested',
    ],
    [
      'another driver',
      [`gpu="0",UUID="GPU-a",DCGM_FI_DRIVER_VERSION="1"`],
      ['pass', 'fail', 'pass'],
      'driver-mismatch',
    ],
    ['one GPU more', [gpu0, 'gpu="1",UUID="GPU-b"'], ['fail', 'pass', 'fail'], 'gpu-not-attested'],
  ] as const)('%s is an alarm', (_, labels, expected, reason) => {
    const checks = compareIdentity(charted(...labels), attested);
    expect(checks.map(({ outcome }) => outcome)).toEqual(expected);
    expect(checks.find(({ outcome }) => outcome === 'fail')?.reason).toBe(reason);
    expect(identityAlerts(checks).every(({ level }) => level === 'critical')).toBe(true);
    expect(identityAlerts(checks)).toHaveLength(expected.filter((outcome) => outcome === 'fail').length);
  });
  it('a GPU that is gone is an alarm', () => {
    const two = { uuids: ['GPU-a', 'GPU-b'], drivers: ['550.1', '550.1'] };
    expect(outcomes(charted(gpu0), two)).toEqual(['pass', 'pass', 'fail']);
  });
  it('without evidence, UUID or driver it is unknown and never a pass', () => {
    expect(outcomes(charted(gpu0), undefined)).toEqual(['unknown', 'unknown', 'unknown']);
    expect(outcomes([], attested)).toEqual(['unknown', 'unknown', 'unknown']);
    expect(outcomes(charted('gpu="0"'), attested)).toEqual(['unknown', 'unknown', 'pass']);
  });
});
