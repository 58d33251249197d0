import type { AppState, RunView } from '../contract/views.ts';
import { costUsd } from '../domain/job/estimate.ts';
import type { Services } from './services.ts';

/** The figures of the top bar, from what the services know now. */
export function appStateOf({
  version,
  host,
  profile,
  vault,
  nodes,
  approvals,
  custody,
  runs,
  clock,
}: Services): AppState {
  const state = vault.state();
  const network = nodes.state();
  const active = runs.active();
  const now = clock();
  return {
    version,
    host,
    profile,
    ...(custody.offline ? { offline: true } : {}),
    vault: state,
    network,
    approvals: { waiting: approvals.waiting() },
    money: {
      usdPerHour: active.reduce((sum, run) => sum + run.usdPerHour, 0),
      atRiskUsd: active.reduce((sum, run) => sum + costUsd(run.usdPerHour, unsavedSeconds(run, now)), 0),
      simulated: true,
    },
    firstRun: {
      vault: state.state !== 'absent',
      network: network.state === 'running',
      sampleJob: runs.any(),
    },
  };
}

/** Seconds of work that no sealed checkpoint holds yet. */
function unsavedSeconds(run: RunView, now: number): number {
  const saved = run.checkpoints.at(-1)?.at ?? run.startedAt;
  return saved === undefined ? 0 : Math.max(0, (now - Date.parse(saved)) / 1000);
}
