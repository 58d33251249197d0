import { createHash } from 'node:crypto';
import { z } from 'zod';
import { networkDangers, type NetworkView } from '../../contract/networks.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { connectRay, type RayNode } from '../../networks/ray/ray-client.ts';
import { readBounded } from '../read-bounded.ts';
import type { Handlers } from '../router.ts';
import type { Services } from '../services.ts';

type Names = 'networks.connect' | 'networks.list' | 'networks.disconnect';

const prefix = 'network/';
const tokenBytes = 4096;
/** For one answer while all networks are listed: milliseconds. */
const listMs = 5000;

const factsSchema = z.object({
  kind: z.literal('ray'),
  url: z.string(),
  accepted: z.string().transform((names) => networkDangers.filter((danger) => names.split(' ').includes(danger))),
});
interface Saved {
  readonly id: string;
  readonly url: string;
  readonly accepted: (typeof networkDangers)[number][];
  readonly token: string | undefined;
}

/**
 * Networks that were added. Ray is inventory only: it does not part its nodes from each other, so keys and data go to the
 * agents beside them, by the same evidence as on every network, and never through Ray.
 */
export function networksHandlers({ vault, nodes, audit }: Services): Pick<Handlers, Names> {
  const { secrets } = vault;

  const load = (id: string): Result<Saved> => {
    const found = secrets.get(`${prefix}${id}`);
    if (!found.ok) return found;
    const token = Buffer.from(found.value.secret).toString('utf8');
    found.value.secret.fill(0);
    const facts = factsSchema.safeParse(found.value.facts);
    if (!facts.success) return err('damaged', `The vault’s record of network ${id} is damaged.`);
    const { url, accepted } = facts.data;
    return ok({ id, url, accepted, token: token === '' ? undefined : token });
  };

  const agentOf = ({ labels }: RayNode) => {
    const name = labels['nacre-node'];
    const view = name === undefined ? undefined : nodes.view(name);
    // A label is a claim of Ray: it points at an agent that this desk knows by itself, and gives it no trust.
    if (view?.ok !== true || new URL(view.value.url).port !== labels['nacre-port']) return {};
    return { agent: { node: view.value.name, trust: view.value.trust, simulated: view.value.simulated } };
  };

  const look = async ({ id, url, accepted, token }: Saved): Promise<Result<NetworkView>> => {
    const client = await connectRay({
      url,
      accepted,
      timeoutMs: listMs,
      ...(token === undefined ? {} : { token }),
    });
    if (!client.ok) return client;
    const found = await client.value.nodes();
    if (!found.ok) return found;
    return ok({
      id,
      kind: 'ray',
      url,
      accepted,
      state: 'connected',
      version: client.value.rayVersion,
      nodes: found.value.map((node) => {
        const { state, ...rest } = node;
        return { ...rest, state: state === 'ALIVE' ? ('alive' as const) : ('dead' as const), ...agentOf(node) };
      }),
    });
  };

  const log = (subject: string, details: Record<string, string | boolean | string[]>): Result<void> => {
    const written = audit.append({ kind: 'settings-changed', actor: 'core', subject, details, simulated: false });
    return written.ok ? ok(undefined) : written;
  };

  return {
    'networks.connect': async ({ url, tokenPath, token: given, accept }) => {
      if (given !== undefined && tokenPath !== undefined) {
        return err('invalid_input', 'Give the token or the file that holds it, not both.');
      }
      const read = tokenPath === undefined ? undefined : await readBounded(tokenPath, tokenBytes, 'A token file');
      if (read?.ok === false) return read;
      const token = read === undefined ? given : Buffer.from(read.value).toString('utf8').trim();
      // The same cluster again takes the place of its older record.
      const id = `ray-${createHash('sha256').update(url).digest('hex').slice(0, 12)}`;
      const seen = await look({ id, url, accepted: accept, token });
      if (!seen.ok) return seen;
      const logged = log(id, { network: 'ray', url, accepted: accept, connected: true });
      if (!logged.ok) return logged;
      const secret = Buffer.from(token ?? '', 'utf8');
      const kept = secrets.put(`${prefix}${id}`, secret, { kind: 'ray', url, accepted: accept.join(' ') });
      secret.fill(0);
      return kept.ok ? seen : kept;
    },
    'networks.list': async () => {
      const names = secrets.list();
      if (!names.ok) return names;
      const ids = names.value.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
      const views: NetworkView[] = [];
      for (const id of ids) {
        const saved = load(id);
        if (!saved.ok) return saved;
        const seen = await look(saved.value);
        const { url, accepted } = saved.value;
        const failed = { id, kind: 'ray', url, accepted, state: 'failed', nodes: [] } as const;
        views.push(
          seen.ok
            ? seen.value
            : { ...failed, accepted, nodes: [], error: { code: seen.error.code, message: seen.error.message } },
        );
      }
      return ok(views);
    },
    'networks.disconnect': async ({ id }) => {
      const removed = secrets.delete(`${prefix}${id}`);
      if (!removed.ok || !removed.value) return removed;
      const logged = log(id, { network: 'ray', connected: false });
      return logged.ok ? removed : logged;
    },
  };
}
