import { ok, type Result } from '../../contract/result.ts';
import type { JobDraft } from '../../contract/job.ts';
import type { DirectoryNode } from '../../contract/wire.ts';
import { buildOrder, checkDraft } from '../../domain/job/order.ts';
import { totalSteps } from '../../domain/job/steps.ts';
import type { RunPorts } from './ports.ts';
import { signOrder, type SignedOrder } from './release-key.ts';
import { newAttempt } from './run-attempts.ts';
import type { RunRecord } from './run-record.ts';

/** A run that is ready to be stored and begun. */
interface Prepared {
  readonly record: RunRecord;
  readonly order: SignedOrder;
  readonly candidates: readonly DirectoryNode[];
}

/** All that can be refused before anything is stored. */
export function prepareRun(draft: JobDraft, ports: RunPorts): Result<Prepared> {
  const dataset = ports.datasets.forOrder(draft.datasetId);
  if (!dataset.ok) return dataset;
  const checked = checkDraft(draft, dataset.value);
  if (!checked.ok) return checked;
  const policy = ports.policies.get(draft.policyId);
  if (!policy.ok) return policy;
  const candidates = ports.nodes.candidates(draft.nodes);
  if (!candidates.ok) return candidates;
  const { network } = draft;
  const driver = network === undefined ? undefined : ports.clusters.driverSha256(network);
  if (driver?.ok === false) return driver;
  const ownerKey = ports.signing.ownerKey();
  if (!ownerKey.ok) return ownerKey;
  const recipients = ports.signing.outputRecipients();
  if (!recipients.ok) return recipients;
  // A draft may name the policy by an alias; the order names the policy itself.
  const order = buildOrder(
    { ...draft, policyId: policy.value.policy.id },
    {
      dataset: dataset.value,
      policyDigest: policy.value.digest,
      nodes: candidates.value.map(({ name }) => name),
      outputRecipients: recipients.value,
      ownerKey: Buffer.from(ownerKey.value).toString('base64'),
      now: ports.clock(),
      ...(network === undefined || driver === undefined ? {} : { scheduler: { network, driverSha256: driver.value } }),
    },
  );
  if (!order.ok) return order;
  const signed = signOrder(order.value, ports.signing.signOrder);
  if (!signed.ok) return signed;
  const manifest = ports.datasets.manifest(draft.datasetId);
  if (!manifest.ok) return manifest;
  const steps = totalSteps(draft.program, dataset.value.rows);
  const record: RunRecord = {
    version: 1,
    view: {
      id: newRunId(ports),
      name: draft.name,
      state: 'preparing',
      simulated: candidates.value.some(({ simulated }) => simulated),
      jobId: order.value.jobId,
      datasetId: draft.datasetId,
      datasetName: dataset.value.name,
      draft,
      createdAt: order.value.createdAt,
      nodes: [],
      attempts: [newAttempt(order.value, Math.max(...candidates.value.map(({ usdPerHour }) => usdPerHour)))],
      ...(steps === undefined ? {} : { progress: { done: 0, total: steps, unit: 'steps' as const } }),
      lastStep: 0,
      lastMetrics: {},
      checkpoints: [],
      costUsd: 0,
      usdPerHour: Math.max(...candidates.value.map(({ usdPerHour }) => usdPerHour)),
      log: [],
    },
    order: order.value,
    orderEnvelope: signed.value.envelope,
    manifestEnvelope: manifest.value,
    policy: policy.value.policy,
    evidenceIds: [],
    artifacts: [],
  };
  return ok({ record, order: signed.value, candidates: candidates.value });
}

/** Short enough to read aloud, 64 random bits: `run-3f9a…`. */
function newRunId(ports: RunPorts): string {
  return `run-${Buffer.from(ports.random(8)).toString('hex')}`;
}
