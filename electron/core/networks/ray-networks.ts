import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { networkDangers } from '../../contract/networks.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import { connectRay, type RayClient, type RayNode } from '../../networks/ray/ray-client.ts';
import { nodesByLabel, submitWorkers, watchWorkers } from '../../networks/ray/workers.ts';
import type { ClustersPort } from '../../services/runs/ports.ts';
import type { VaultService } from '../../services/vault/vault-types.ts';
import type { Nodes } from './nodes.ts';

/** Names of the vault's records of added networks begin with it. */
export const networkPrefix = 'network/';
/** For one answer of a dashboard: milliseconds. */
const answerMs = 5000;

const factsSchema = z.object({
  kind: z.literal('ray'),
  url: z.string(),
  accepted: z.string().transform((names) => networkDangers.filter((danger) => names.split(' ').includes(danger))),
});

export interface SavedNetwork {
  readonly id: string;
  readonly url: string;
  readonly accepted: (typeof networkDangers)[number][];
  readonly token: string | undefined;
}

export interface RayNetworks extends ClustersPort {
  /** An added network with its token. Errors: `not_found`, `locked`, `damaged`. */
  load(id: string): Result<SavedNetwork>;
  connect(saved: SavedNetwork): Promise<Result<RayClient>>;
  /** The node of this desk whose agent a Ray node's labels point at; they give it no trust. */
  agentOf(node: RayNode): ReturnType<Nodes['list']>[number] | undefined;
}

const connect: RayNetworks['connect'] = ({ url, accepted, token }) =>
  connectRay({ url, accepted, timeoutMs: answerMs, ...(token === undefined ? {} : { token }) });

/**
 * Ray clusters that were added. Ray does not part its nodes from each other and whoever has its token runs code on all of
 * them: it lists nodes and starts workers, and neither keys nor data nor code of a job go through it.
 */
export function createRayNetworks(vault: Pick<VaultService, 'secrets'>, nodes: Nodes, driverPath: string): RayNetworks {
  const driver = (): Result<Buffer> => {
    try {
      return ok(readFileSync(driverPath));
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
      return err('not_found', `${driverPath}, which starts workers on Ray, cannot be read (${code}).`);
    }
  };
  const load: RayNetworks['load'] = (id) => {
    const found = vault.secrets.get(`${networkPrefix}${id}`);
    if (!found.ok) return found;
    const token = Buffer.from(found.value.secret).toString('utf8');
    found.value.secret.fill(0);
    const facts = factsSchema.safeParse(found.value.facts);
    if (!facts.success) return err('damaged', `The vault’s record of network ${id} is damaged.`);
    const { url, accepted } = facts.data;
    return ok({ id, url, accepted, token: token === '' ? undefined : token });
  };
  const open = async (id: string): Promise<Result<RayClient>> => {
    const saved = load(id);
    return saved.ok ? connect(saved.value) : saved;
  };
  const agentOf: RayNetworks['agentOf'] = ({ labels }) => {
    const name = labels['nacre-node'];
    const view = name === undefined ? undefined : nodes.view(name);
    return view?.ok === true && new URL(view.value.url).port === labels['nacre-port'] ? view.value : undefined;
  };
  return {
    load,
    connect,
    agentOf,
    driverSha256() {
      const bytes = driver();
      return bytes.ok ? ok(createHash('sha256').update(bytes.value).digest('hex')) : bytes;
    },
    async members(id, signal) {
      const client = await open(id);
      if (!client.ok) return client;
      const listed = await client.value.nodes(signal);
      if (!listed.ok) return listed;
      const beside = [...nodesByLabel(listed.value).values()].filter(({ state }) => state === 'ALIVE').map(agentOf);
      return ok(beside.flatMap((node) => node?.name ?? []));
    },
    async submit(id, { jobId, nodes: names, ticket }, signal) {
      const client = await open(id);
      if (!client.ok) return client;
      const bytes = driver();
      if (!bytes.ok) return bytes;
      const workers: { node: string; port: number }[] = [];
      for (const node of names) {
        const view = nodes.view(node);
        if (!view.ok) return view;
        workers.push({ node, port: Number(new URL(view.value.url).port) });
      }
      return submitWorkers(client.value, bytes.value, { jobId, workers, ticket }, signal);
    },
    async watch(id, job, onSight, signal) {
      const client = await open(id);
      if (client.ok) return watchWorkers(client.value, job, onSight, signal);
      const seen = job.nodes.map((node) => ({ node, state: 'unknown' as const }));
      onSight({ status: 'unknown', message: client.error.message, nodes: seen, lines: [] });
    },
    async stop(id, submissionId) {
      const client = await open(id);
      return client.ok ? client.value.stop(submissionId) : client;
    },
  };
}
