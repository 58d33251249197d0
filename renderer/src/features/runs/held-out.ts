import type { RunView } from '../../../../electron/contract/views.ts';
import { formatPercent } from '../../ui/index.ts';

/**
 * Accuracy on held-out rows, and whose word it is: the receipt names that of the built-in trainer; a script reports it as
 * the metric `held_out_accuracy`, or not at all.
 */
export function heldOutWords({ heldOutAccuracy, lastMetrics, draft }: RunView): string | undefined {
  if (heldOutAccuracy !== undefined) return formatPercent(heldOutAccuracy);
  const said = lastMetrics['held_out_accuracy'];
  return said === undefined || draft.program.type !== 'command'
    ? undefined
    : `${formatPercent(said)}, as the script says`;
}
