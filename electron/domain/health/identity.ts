import type { Check } from '../../contract/evidence.ts';
import type { GpuHealth, HealthAlert } from '../../contract/health.ts';

/** What verified evidence says of a node's GPUs. UUIDs are the driver's word, covered by the CPU's signature. */
export interface AttestedGpus {
  readonly uuids: readonly string[];
  /** One for each GPU whose report names it. */
  readonly drivers: readonly string[];
}

const titles = {
  uuid: 'Charted GPUs are the attested ones',
  driver: 'The exporter sees the attested driver',
  count: 'As many GPUs are charted as were attested',
} as const;

function check(id: keyof typeof titles, told: Partial<Check> & Pick<Check, 'outcome'>): Check {
  return { id: `identity.${id}`, title: titles[id], required: false, ...told };
}

/**
 * Is the GPU that is charted the GPU that was attested? What one side does not say is unknown, never a pass; the exporter
 * is not attested itself, so a pass says that nothing contradicts.
 */
export function compareIdentity(charted: readonly GpuHealth[], attested: AttestedGpus | undefined): Check[] {
  const names = [...new Set(charted.flatMap(({ uuid }) => uuid ?? []))];
  const silent = charted.filter(({ uuid }) => uuid === undefined).length;
  const drivers = [...new Set(charted.flatMap(({ driver }) => driver ?? []))];
  const count = names.length + silent;
  if (attested === undefined || charted.length === 0) {
    const detail = attested === undefined ? 'No evidence of this node has verified.' : 'The exporter names no GPU.';
    return (['uuid', 'driver', 'count'] as const).map((id) =>
      check(id, { outcome: 'unknown', reason: 'not-comparable', detail }),
    );
  }
  const foreign = names.filter((uuid) => !attested.uuids.includes(uuid));
  const otherDrivers = drivers.filter((driver) => !attested.drivers.includes(driver));
  const whole = new Set(attested.uuids).size;
  return [
    foreign.length > 0
      ? check('uuid', {
          outcome: 'fail',
          reason: 'gpu-not-attested',
          detail: 'These figures come from a GPU that the evidence does not name.',
          expected: attested.uuids.join(', '),
          found: foreign.join(', '),
        })
      : silent > 0
        ? check('uuid', {
            outcome: 'unknown',
            reason: 'not-reported',
            detail: 'The exporter sends no UUID.',
          })
        : check('uuid', { outcome: 'pass' }),
    drivers.length === 0 || attested.drivers.length === 0
      ? check('driver', {
          outcome: 'unknown',
          reason: 'not-reported',
          detail: drivers.length === 0 ? 'The exporter sends no driver version.' : 'The evidence names no driver.',
        })
      : otherDrivers.length > 0
        ? check('driver', {
            outcome: 'fail',
            reason: 'driver-mismatch',
            detail: 'Another driver than the measured one runs this exporter’s GPU.',
            expected: [...new Set(attested.drivers)].join(', '),
            found: otherDrivers.join(', '),
          })
        : check('driver', { outcome: 'pass' }),
    count === whole
      ? check('count', { outcome: 'pass' })
      : check('count', {
          outcome: 'fail',
          reason: count < whole ? 'gpu-missing' : 'gpu-surplus',
          detail:
            count < whole ? 'An attested GPU is not charted: it may be gone.' : 'More GPUs are charted than attested.',
          expected: String(whole),
          found: String(count),
        }),
  ];
}

const alarms: Readonly<Record<string, string>> = {
  'identity.uuid': 'charted GPUs are not the attested ones',
  'identity.driver': 'the exporter sees another driver than the attested one',
  'identity.count': 'not as many GPUs are charted as were attested',
};

/** A mismatch is an alarm of its own: the figures are then of something that nobody verified. */
export function identityAlerts(checks: readonly Check[]): HealthAlert[] {
  return checks
    .filter(({ outcome }) => outcome === 'fail')
    .map(({ id, title, detail, expected, found }) => ({
      id,
      level: 'critical',
      title: alarms[id] ?? title,
      detail: `${detail ?? ''} Attested: ${expected ?? '?'}; charted: ${found ?? '?'}.`.trim(),
    }));
}
