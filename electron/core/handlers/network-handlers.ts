import { ok } from '../../contract/result.ts';
import type { Handlers } from '../router.ts';
import type { Services } from '../services.ts';

type Names =
  | 'network.state'
  | 'network.start'
  | 'network.stop'
  | 'nodes.list'
  | 'nodes.verify'
  | 'nodes.evidence'
  | 'evidence.list'
  | 'evidence.get';

export function networkHandlers({ network, nodes, evidence }: Services): Pick<Handlers, Names> {
  return {
    'network.state': async () => ok(nodes.state()),
    'network.start': async () => ok(network.start()),
    'network.stop': async () => network.stop(),
    'nodes.list': async () => ok(nodes.list()),
    'nodes.verify': async ({ node }) => network.verify(node),
    'nodes.evidence': async ({ node }) => evidence.latestOf(node),
    'evidence.list': async ({ limit }) => evidence.list(limit),
    'evidence.get': async ({ id }) => {
      const found = evidence.get(id);
      return found.ok ? ok(found.value.view) : found;
    },
  };
}
