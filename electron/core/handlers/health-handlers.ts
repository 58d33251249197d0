import { err, ok, type Result } from '../../contract/result.ts';
import { parseServerAddress } from '../../networks/servers/address.ts';
import { askSource, sourceOf } from '../networks/node-health.ts';
import type { Handlers } from '../router.ts';
import { readLogin } from '../networks/saved-servers.ts';
import type { Services } from '../services.ts';

type Names =
  'health.list' | 'health.node' | 'health.series' | 'health.sources' | 'health.addSource' | 'health.removeSource';

export function healthHandlers({ health, healthServers, nodes, audit, clock }: Services): Pick<Handlers, Names> {
  const log = (subject: string, details: Record<string, string | boolean | string[]>): Result<void> => {
    const written = audit.append({ kind: 'settings-changed', actor: 'core', subject, details, simulated: false });
    return written.ok ? ok(undefined) : written;
  };
  const refresh = (): Result<void> => {
    const saved = healthServers.list();
    if (!saved.ok) return saved;
    health.setSources(saved.value.map(sourceOf));
    return ok(undefined);
  };
  return {
    'health.list': async () => ok(health.list()),
    'health.node': async ({ node }) => health.get(node),
    'health.series': async ({ node, names, maximumPoints }) => health.series(node, names, maximumPoints),
    'health.sources': async () => ok(health.sources()),
    'health.addSource': async ({ kind, url, node, login, accept }) => {
      if (kind === 'exporter' && node === undefined) {
        return err('invalid_input', 'node: an exporter tells of one node; name it.');
      }
      if (node !== undefined) {
        const known = nodes.view(node);
        if (!known.ok) return known;
      }
      const base = parseServerAddress(url, 'The address', accept);
      if (!base.ok) return base;
      const credentials = await readLogin(login);
      if (!credentials.ok) return credentials;
      const source = {
        kind,
        url: base.value.href,
        accepted: accept,
        ...(kind === 'exporter' && node !== undefined ? { node } : {}),
      };
      const seen = await askSource(
        source,
        credentials.value,
        nodes.list().map(({ name }) => name),
        clock,
      );
      if (!seen.ok) return seen;
      const { accepted, url: at, ...facts } = source;
      const logged = log(at, { health: kind, accepted, added: true });
      if (!logged.ok) return logged;
      const saved = healthServers.put({ url: at, accepted, facts }, credentials.value);
      if (!saved.ok) return saved;
      const listed = refresh();
      if (!listed.ok) return listed;
      const added = health.sources().find(({ id }) => id === saved.value.id);
      return added === undefined ? err('internal', 'The source was added and is not there.') : ok(added);
    },
    'health.removeSource': async ({ id }) => {
      const removed = healthServers.remove(id);
      if (!removed.ok || !removed.value) return removed;
      const logged = log(id, { health: 'source', added: false });
      if (!logged.ok) return logged;
      const listed = refresh();
      return listed.ok ? removed : listed;
    },
  };
}
