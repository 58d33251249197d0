import type { NetworkView } from '../../../../electron/contract/networks.ts';
import type { NodeView } from '../../../../electron/contract/views.ts';

export type Danger = NetworkView['accepted'][number];

/** Why an address is refused unless that is accepted by name; the core says the same when it refuses. */
export const dangerWords: Readonly<Record<Danger, string>> = {
  'plain-http':
    'Plain http to another machine: whoever sees the traffic takes the token, and with it runs code on every node.',
  'no-authentication': 'The dashboard asks for no token. An open Ray dashboard is remote code execution on every node.',
};

/** What the core refused a cluster for; empty for any other error. */
export function dangersOf(details: Readonly<Record<string, unknown>> | undefined): readonly Danger[] {
  const named = details?.['dangers'];
  if (!Array.isArray(named)) return [];
  return (['plain-http', 'no-authentication'] as const).filter((danger) => named.includes(danger));
}

/** One line on a cluster; verdicts are those of the nodes now, the cluster was asked a moment ago. */
export function clusterWords({ state, version, nodes }: NetworkView, known: readonly NodeView[]): string {
  if (state === 'failed') return 'does not answer';
  const workers = nodes.filter(({ head }) => !head);
  const alive = workers.filter((node) => node.state === 'alive').length;
  const trusted = new Set(known.flatMap(({ name, trust }) => (trust === 'verified' ? [name] : [])));
  const verified = workers.filter(({ agent }) => agent !== undefined && trusted.has(agent.node)).length;
  return `Ray ${version ?? ''}, ${alive} of ${workers.length} workers alive, ${verified} with a verified agent`;
}
