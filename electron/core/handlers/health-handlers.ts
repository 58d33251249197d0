import { err, ok, type Result } from '../../contract/result.ts';
import { parseServerAddress } from '../../networks/servers/address.ts';
import { askSource, baseOfExporter, sourceOf, trialOf } from '../networks/node-health.ts';
import type { Handlers } from '../router.ts';
import { readLogin } from '../networks/saved-servers.ts';
import type { Services } from '../services.ts';

type Names =
  | 'health.list'
  | 'health.node'
  | 'health.series'
  | 'health.sources'
  | 'health.testSource'
  | 'health.addSource'
  | 'health.askSource'
  | 'health.removeSource';

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
  /** One look at a source as it was typed. Errors: `invalid_input`, `not_found` (node), those of address, login and network. */
  const tryOut = async ({ kind, url, node, login, accept }: Parameters<Handlers['health.testSource']>[0]) => {
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
      url: kind === 'exporter' ? baseOfExporter(base.value).href : base.value.href,
      accepted: accept,
      ...(kind === 'exporter' && node !== undefined ? { node } : {}),
    };
    const names = nodes.list().map(({ name }) => name);
    const begun = clock();
    const seen = await askSource(source, credentials.value, names, clock);
    if (!seen.ok) return seen;
    return ok({ source, credentials: credentials.value, trial: trialOf(source.url, seen.value, clock() - begun) });
  };
  return {
    'health.list': async () => ok(health.list()),
    'health.node': async ({ node }) => health.get(node),
    'health.series': async ({ node, names, maximumPoints }) => health.series(node, names, maximumPoints),
    'health.sources': async () => ok(health.sources()),
    'health.testSource': async (input) => {
      const tried = await tryOut(input);
      return tried.ok ? ok(tried.value.trial) : tried;
    },
    'health.addSource': async (input) => {
      const tried = await tryOut(input);
      if (!tried.ok) return tried;
      const { source, credentials } = tried.value;
      const { accepted, url: at, ...facts } = source;
      const logged = log(at, { health: source.kind, accepted, added: true });
      if (!logged.ok) return logged;
      const saved = healthServers.put({ url: at, accepted, facts }, credentials);
      if (!saved.ok) return saved;
      const listed = refresh();
      if (!listed.ok) return listed;
      // One that was added again, with another token, is not left to wait out its last failure.
      return health.askNow(saved.value.id);
    },
    'health.askSource': async ({ id }) => health.askNow(id),
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
