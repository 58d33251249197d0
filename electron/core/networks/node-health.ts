import { z } from 'zod';
import type { HealthTrial, NodeHealth } from '../../contract/health.ts';
import { ok, type Result } from '../../contract/result.ts';
import type { AttestedGpus } from '../../domain/health/identity.ts';
import { readGpus } from '../../domain/health/readings.ts';
import { queryPrometheus, scrapeExporter } from '../../networks/metrics/metrics-client.ts';
import { parseServerAddress } from '../../networks/servers/address.ts';
import type { Credentials } from '../../networks/servers/ask.ts';
import { createHealthService, type ConfiguredSource, type Scrape } from '../../services/health/health-service.ts';
import type { EvidenceBook } from '../evidence/evidence-records.ts';
import type { Nodes } from './nodes.ts';
import type { SavedServer, SavedServers } from './saved-servers.ts';

/** For one whole scrape: milliseconds. */
const scrapeMs = 5000;

const answerSchema = z.object({ gpus: z.array(z.object({ uuid: z.string() })) });

export interface NodeHealthOptions {
  readonly nodes: Pick<Nodes, 'list'>;
  readonly evidence: EvidenceBook;
  readonly servers: SavedServers;
  readonly clock: () => number;
  readonly onChange: (view: NodeHealth) => void;
}

/** The health service with its ways into the vault, the network and the evidence. */
export function createNodeHealth({ nodes, evidence, servers, clock, onChange }: NodeHealthOptions) {
  return createHealthService({
    clock,
    onChange,
    nodes: () => nodes.list().map(({ name }) => name),
    attested: createAttestedGpus(nodes, evidence),
    async ask(source, names, signal) {
      const credentials = servers.credentials(source.id);
      return credentials.ok ? askSource(source, credentials.value, names, clock, signal) : credentials;
    },
  });
}

/** One look at an exporter or a Prometheus. Errors: those of the address and of the clients. */
export async function askSource(
  source: Omit<ConfiguredSource, 'id'>,
  credentials: Credentials | undefined,
  nodes: readonly string[],
  clock: () => number,
  signal?: AbortSignal,
): Promise<Result<Scrape[]>> {
  const base = parseServerAddress(source.url, 'The address', source.accepted);
  if (!base.ok) return base;
  const access = { base: base.value, timeoutMs: scrapeMs, ...(credentials === undefined ? {} : { credentials }) };
  if (source.kind === 'prometheus') return queryPrometheus(access, nodes, signal);
  const found = await scrapeExporter(access, signal);
  if (!found.ok) return found;
  const { samples, simulated } = found.value;
  return ok([{ node: source.node ?? '', samples, takenAt: clock(), simulated }]);
}

/** The address that people copy is that of the page of metrics; what is kept is the base above it. */
export function baseOfExporter(base: URL): URL {
  return base.pathname.endsWith('/metrics/') ? new URL('..', base) : base;
}

/** What a first look told, in figures: which nodes it knows, and how much of each. */
export function trialOf(url: string, scrapes: readonly Scrape[], took: number): HealthTrial {
  const nodes = scrapes.flatMap(({ node, samples, takenAt, simulated = false }) => {
    if (samples.length === 0) return [];
    const readings = readGpus(samples);
    return [
      {
        node,
        gpus: readings.gpus.length,
        machine: Object.keys(readings.host).length > 0,
        simulated: simulated || readings.simulated,
        ...(takenAt === undefined ? {} : { takenAt: new Date(takenAt).toISOString() }),
      },
    ];
  });
  return { url, took, nodes };
}

export function sourceOf({ id, url, accepted, facts }: SavedServer): ConfiguredSource {
  const { kind, node } = facts;
  return {
    id,
    url,
    accepted,
    kind: kind === 'prometheus' ? 'prometheus' : 'exporter',
    ...(node === undefined ? {} : { node }),
  };
}

/** The GPUs of a node by its last evidence that passed; read again when there is newer evidence. */
function createAttestedGpus(nodes: Pick<Nodes, 'list'>, evidence: EvidenceBook) {
  const known = new Map<string, { readonly verifiedAt: string; readonly gpus: AttestedGpus | undefined }>();
  const read = (node: string): AttestedGpus | undefined => {
    const latest = evidence.latestOf(node);
    if (!latest.ok || latest.value === null) return undefined;
    const record = evidence.get(latest.value.id);
    if (!record.ok) return undefined;
    const answer = answerSchema.safeParse(record.value.answer);
    const drivers = latest.value.verification.submodules
      .filter(({ family }) => family === 'nvidia')
      .flatMap(({ claims }) => claims.filter(({ name }) => name === 'driver'))
      .map(({ value }) => value)
      .filter((value) => value !== 'not stated');
    return { uuids: answer.success ? answer.data.gpus.map(({ uuid }) => uuid) : [], drivers };
  };
  return (name: string): AttestedGpus | undefined => {
    const view = nodes.list().find((node) => node.name === name);
    if (view?.verifiedAt === undefined || (view.trust !== 'verified' && view.trust !== 'warning')) return undefined;
    const earlier = known.get(name);
    if (earlier?.verifiedAt === view.verifiedAt) return earlier.gpus;
    const gpus = read(name);
    known.set(name, { verifiedAt: view.verifiedAt, gpus });
    return gpus;
  };
}
