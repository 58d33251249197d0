import { createHash } from 'node:crypto';
import type { NetworkView } from '../../contract/networks.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { readDirectory } from '../../networks/local/local-network.ts';
import { networkPrefix, type SavedNetwork } from '../networks/ray-networks.ts';
import { readBounded } from '../read-bounded.ts';
import type { Handlers } from '../router.ts';
import type { Services } from '../services.ts';

type Names = 'networks.connect' | 'networks.list' | 'networks.disconnect';

const tokenBytes = 4096;

/** Networks that were added; see `RayNetworks`. */
export function networksHandlers({
  vault,
  rayNetworks,
  agentDirectory,
  network,
  runs,
  audit,
}: Services): Pick<Handlers, Names> {
  const { secrets } = vault;
  const { load } = rayNetworks;

  const look = async (saved: SavedNetwork): Promise<Result<NetworkView>> => {
    const client = await rayNetworks.connect(saved);
    if (!client.ok) return client;
    const found = await client.value.nodes();
    if (!found.ok) return found;
    const { id, url, accepted } = saved;
    const owner = agentDirectory.owner();
    if (!owner.ok) return owner;
    return ok({
      id,
      kind: 'ray',
      url,
      accepted,
      state: 'connected',
      version: client.value.rayVersion,
      directory: owner.value === id,
      nodes: found.value.map((node) => {
        const { state, ...rest } = node;
        const agent = rayNetworks.agentOf(node);
        return {
          ...rest,
          state: state === 'ALIVE' ? ('alive' as const) : ('dead' as const),
          ...(agent && { agent: { node: agent.name, trust: agent.trust, simulated: agent.simulated } }),
        };
      }),
    });
  };

  const log = (subject: string, details: Record<string, string | boolean | string[]>): Result<void> => {
    const written = audit.append({ kind: 'settings-changed', actor: 'core', subject, details, simulated: false });
    return written.ok ? ok(undefined) : written;
  };

  return {
    'networks.connect': async ({ url, tokenPath, token: given, accept, agents }) => {
      if (given !== undefined && tokenPath !== undefined) {
        return err('invalid_input', 'Give the token or the file that holds it, not both.');
      }
      const read = tokenPath === undefined ? undefined : await readBounded(tokenPath, tokenBytes, 'A token file');
      if (read?.ok === false) return read;
      const bytes = read === undefined ? given : read.value;
      const token = bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8').trim();
      if (agents !== undefined && runs.active().length > 0) {
        return err('in_use', 'Runs are at work: the nodes of another network can take over when they have ended.');
      }
      const directory = agents === undefined ? undefined : await readDirectory(agents);
      if (directory?.ok === false) return directory;
      // The same cluster again takes the place of its older record.
      const id = `ray-${createHash('sha256').update(url).digest('hex').slice(0, 12)}`;
      const seen = await look({ id, url, accepted: accept, token });
      if (!seen.ok) return seen;
      const logged = log(id, {
        network: 'ray',
        url,
        accepted: accept,
        connected: true,
        ...(agents === undefined ? {} : { agents }),
      });
      if (!logged.ok) return logged;
      const secret = Buffer.from(token ?? '', 'utf8');
      const kept = secrets.put(`${networkPrefix}${id}`, secret, { kind: 'ray', url, accepted: accept.join(' ') });
      secret.fill(0);
      if (!kept.ok || agents === undefined) return kept.ok ? seen : kept;
      const set = agentDirectory.set(id, agents);
      if (!set.ok) return set;
      const opened = await network.reopen();
      return opened.ok ? look({ id, url, accepted: accept, token }) : opened;
    },
    'networks.list': async () => {
      const names = secrets.list();
      if (!names.ok) return names;
      const ids = names.value
        .filter((name) => name.startsWith(networkPrefix))
        .map((name) => name.slice(networkPrefix.length));
      const views: NetworkView[] = [];
      for (const id of ids) {
        const saved = load(id);
        if (!saved.ok) return saved;
        const seen = await look(saved.value);
        const owner = agentDirectory.owner();
        if (!owner.ok) return owner;
        const { url, accepted } = saved.value;
        const directory = owner.value === id;
        const failed = { id, kind: 'ray', url, accepted, state: 'failed', directory, nodes: [] } as const;
        views.push(
          seen.ok
            ? seen.value
            : { ...failed, accepted, nodes: [], error: { code: seen.error.code, message: seen.error.message } },
        );
      }
      return ok(views);
    },
    'networks.disconnect': async ({ id }) => {
      const removed = secrets.delete(`${networkPrefix}${id}`);
      if (!removed.ok || !removed.value) return removed;
      const logged = log(id, { network: 'ray', connected: false });
      if (!logged.ok) return logged;
      const forgotten = agentDirectory.forget(id);
      if (!forgotten.ok) return forgotten;
      if (forgotten.value) await network.stop();
      return removed;
    },
  };
}
