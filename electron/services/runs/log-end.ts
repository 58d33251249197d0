import { createHash } from 'node:crypto';
import { decodeBase64 } from '../../domain/encoding/base64.ts';
import type { RunPorts } from './ports.ts';
import type { RunState } from './run-state.ts';

/** Puts the end of a run on the log. When that cannot be written the run has ended all the same: the log on disk tells. */
export function logEnd(state: RunState, ports: RunPorts, onTrouble: (runId: string, problem: unknown) => void): void {
  const { view, orderEnvelope } = state.record;
  const logged = ports.audit(
    'run-ended',
    view.id,
    {
      jobId: view.jobId,
      state: view.state,
      orderSha256: createHash('sha256')
        .update(decodeBase64(orderEnvelope.payload) ?? '')
        .digest('hex'),
      ...(view.modelSha256 === undefined ? {} : { modelSha256: view.modelSha256 }),
      ...(view.error === undefined ? {} : { code: view.error.code }),
    },
    view.simulated,
  );
  if (!logged.ok) onTrouble(view.id, logged.error);
}
