import type { JobDraft } from '../../contract/job.ts';
import { err, type Result } from '../../contract/result.ts';
import type { Services } from '../services.ts';

/**
 * Launches a draft. On an added network only nodes that it has, and beside which an agent of this desk stands, are
 * candidates. Errors: `invalid_input` naming a node that is not there, `unavailable` (none is), those of the launch.
 */
export async function launchRun(
  { runs, nodes, rayNetworks }: Services,
  draft: JobDraft,
): Promise<Result<{ runId: string; jobId: string }>> {
  const { network } = draft;
  if (network === undefined) return runs.launch(draft);
  const members = await rayNetworks.members(network);
  if (!members.ok) return members;
  const strange = draft.nodes.findIndex((node) => !members.value.includes(node));
  if (strange >= 0) {
    const message = `nodes.${strange}: no live node of ${network} has the agent of ${draft.nodes[strange] ?? ''} beside it.`;
    return err('invalid_input', message, { hint: `It has ${members.value.join(', ') || 'none'}.` });
  }
  if (draft.nodes.length > 0) return runs.launch(draft);
  const ranked = nodes.candidates([]);
  if (!ranked.ok) return ranked;
  const chosen = ranked.value.flatMap(({ name }) => (members.value.includes(name) ? [name] : []));
  if (chosen.length === 0) {
    return err('unavailable', `No live node of ${network} has an agent beside it that may be tried.`, {
      hint: 'Verify the nodes first; the evidence of each says why it was refused.',
    });
  }
  return runs.launch({ ...draft, nodes: chosen });
}
