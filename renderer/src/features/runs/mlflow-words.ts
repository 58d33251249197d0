import type { FollowedRun, MlflowExport } from '../../../../electron/contract/mlflow.ts';
import { formatCount, formatDateTime } from '../../ui/index.ts';

/** What of a run is on a server of the user's. */
export function exportWords({ experiment, points, complete, at }: MlflowExport): string {
  const whole = complete ? 'complete' : 'so far: send it again for what came since';
  return `${formatCount(points)} figures in experiment ${experiment}, ${whole}. ${formatDateTime(at)}.`;
}

/** A sentence on how following goes; what was read before stays drawn, whatever happens. */
export function followWords({ state, status, points, error, truncated }: FollowedRun): string {
  const read = `${formatCount(points)} figures read${truncated ? ', the rest is left out' : ''}.`;
  if (state === 'starting') return 'Asking the server for its figures.';
  if (state === 'locked') return `${read} Its token is in the locked vault.`;
  if (state === 'waiting') return `${read} ${error?.message ?? 'The server does not answer.'} It is asked again.`;
  if (state === 'ended') return `${read} It has ended: ${(status ?? 'unknown').toLowerCase()}.`;
  return `${read} It is ${(status ?? 'running').toLowerCase()} there, and followed.`;
}
