import type { HealthAlert, NodeHealth } from '../../contract/health.ts';
import type { NacreError } from '../../contract/result.ts';
import { healthAlerts, machineAlerts, sortAlerts, worstOf } from '../../domain/health/alerts.ts';
import { compareIdentity, identityAlerts, type AttestedGpus } from '../../domain/health/identity.ts';
import type { Readings } from '../../domain/health/readings.ts';
import type { GpuHistory } from './gpu-history.ts';

/** The source of what a node's own agent serves; always there. */
export const agentSource = 'agent';

/** What one source told of one node. */
export interface Told {
  readonly readings: Readings;
  readonly before: Readings | undefined;
  /** Milliseconds. */
  readonly takenAt: number;
  readonly history: GpuHistory;
  /** It once told of GPUs, of the machine: when it no longer does, that is said, and no other source speaks for it. */
  readonly tells: { readonly gpus: boolean; readonly host: boolean };
  error: NacreError | undefined;
}

export interface Speaker {
  readonly source: string;
  readonly told: Told;
  readonly fresh: boolean;
}

/** Which source speaks of a node's GPUs, and which of the machine: what a person added before what the agent says of itself. */
export interface Speakers {
  readonly gpus: Speaker | undefined;
  readonly host: Speaker | undefined;
}

/** A dead source that a person added still goes before the agent: its figures are shown as stale, not replaced in silence. */
export function chooseSpeakers(speakers: readonly Speaker[]): Speakers {
  const ordered = speakers.toSorted((a, b) => rank(a) - rank(b));
  return {
    gpus: ordered.find(({ told }) => told.tells.gpus),
    host: ordered.find(({ told }) => told.tells.host),
  };
}

function rank({ source, fresh }: Speaker): number {
  return (source === agentSource ? 2 : 0) + (fresh ? 0 : 1);
}

/** What a node's sources together tell of it. */
export function nodeView(
  node: string,
  { gpus, host }: Speakers,
  failure: NacreError | undefined,
  attested: AttestedGpus | undefined,
): NodeHealth {
  const main = gpus ?? host;
  if (main === undefined) {
    return {
      node,
      simulated: false,
      source: agentSource,
      state: 'never',
      ...(failure === undefined ? {} : { error: { code: failure.code, message: failure.message } }),
      gpus: [],
      host: {},
      alerts: [],
      identity: compareIdentity([], attested),
      worst: 'none',
    };
  }
  const charted = gpus?.told.readings.gpus ?? [];
  const machine = host?.told.readings.host ?? {};
  const identity = compareIdentity(charted, attested);
  const other = host !== undefined && host !== main;
  // That figures are old goes before whatever they say.
  const stale = [
    ...(main.fresh ? [] : [staleAlert(main, '')]),
    ...(other && !host.fresh ? [staleAlert(host, ' of the machine')] : []),
  ];
  const told = sortAlerts([
    ...identityAlerts(identity),
    ...(gpus === undefined ? [] : healthAlerts(gpus.told.readings, gpus.told.before)),
    ...(host === undefined ? [] : machineAlerts(machine, host.told.takenAt)),
    ...(gpus?.told.readings.truncated === true ? [tooManyGpus] : []),
  ]);
  const alerts = [...stale, ...told];
  const { error } = main.told;
  return {
    node,
    simulated: main.told.readings.simulated || (other && host.told.readings.simulated),
    source: main.source,
    state: main.fresh ? 'fresh' : 'stale',
    scrapedAt: utc(main),
    ...(error === undefined ? {} : { error: { code: error.code, message: error.message } }),
    gpus: [...charted],
    host: { ...machine },
    ...(other
      ? {
          hostFrom: {
            source: host.source,
            state: host.fresh ? ('fresh' as const) : ('stale' as const),
            scrapedAt: utc(host),
          },
        }
      : {}),
    alerts,
    identity,
    worst: worstOf(alerts),
  };
}

function utc({ told }: Speaker): string {
  return new Date(told.takenAt).toISOString();
}

const tooManyGpus: HealthAlert = {
  id: 'scrape.truncated',
  level: 'warning',
  title: 'more GPUs than are looked at',
  detail: 'The exporter names more GPUs than any node has; the rest is left out.',
};

/** Its words stay true while it stands: the time of the figures, not their age. */
function staleAlert(speaker: Speaker, whose: string): HealthAlert {
  const { told } = speaker;
  return {
    id: 'scrape.stale',
    level: 'warning',
    title: `figures${whose} are stale, the last of ${utc(speaker).slice(11, 19)} UTC`,
    detail: `They say nothing of now. ${told.error?.message ?? 'The source still answers, with old figures.'}`,
  };
}
