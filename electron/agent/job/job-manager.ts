import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { jobOrderSchema, type JobOrder, type Program } from '../../contract/job.ts';
import { manifestSchema, type Manifest } from '../../contract/sealed.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import type { WorkerPlace } from '../../contract/workers.ts';
import { payloadTypes, type JobAccepted, type JobSubmission, type KeyReleaseMessage } from '../../contract/wire.ts';
import { readUnverified, verifyJson, type TrustedKey, type VerifySignature } from '../../domain/dsse/dsse.ts';
import { decodeBase64 } from '../../domain/encoding/base64.ts';
import { orderIsWhole } from '../../domain/job/order.ts';
import type { StreamCipher } from '../../domain/sealed/cipher.ts';
import type { Exchange, Session, Sessions } from '../evidence/sessions.ts';
import { ArtifactStore } from '../storage/artifact-store.ts';
import { rootFitsParts, type DatasetStore } from '../storage/dataset-store.ts';
import type { GpuTelemetry } from './gpu-simulation.ts';
import { sha256 } from './digest.ts';
import { Job } from './job.ts';
import { openRelease, releaseInfo, type OpenedRelease } from './key-release.ts';
import type { Runner } from './runner.ts';

/** Ended jobs that stay readable, with their sealed artifacts; the oldest make room. */
const keptJobs = 32;

export interface JobManagerOptions {
  readonly node: string;
  readonly agentVersion: string;
  readonly simulated: boolean;
  readonly measurement: string | undefined;
  readonly artifactFolder: string;
  readonly sessions: Sessions;
  readonly datasets: DatasetStore;
  readonly cipher: StreamCipher;
  readonly gpus: GpuTelemetry;
  readonly verify: VerifySignature;
  readonly makeRunner: (program: Program) => Runner;
  readonly clock: () => Date;
}

interface VerifiedOrder {
  readonly order: JobOrder;
  /** Raw Ed25519 key that signed order and manifest. */
  readonly ownerKey: Uint8Array;
  readonly orderSha256: string;
  readonly manifest: Manifest;
  /** Of the checkpoint that the order resumes from. */
  readonly resume: Manifest | undefined;
}

interface Acceptance {
  readonly job: Job;
  readonly ciphertext: string;
  readonly accepted: JobAccepted;
}

/** Checks submissions and keeps the jobs of this agent: one runs at a time, ended ones stay readable. */
export class JobManager {
  readonly #options: JobManagerOptions;
  readonly #jobs = new Map<string, Acceptance>();
  #submitting = false;

  constructor(options: JobManagerOptions) {
    this.#options = options;
  }

  /** Errors: `not_found`. */
  find(jobId: string): Result<Job> {
    const known = this.#jobs.get(jobId);
    return known === undefined ? noJob(jobId) : ok(known.job);
  }

  get busy(): boolean {
    return [...this.#jobs.values()].some(({ job }) => job.busy);
  }

  /** Stops all jobs at once and waits until their plaintext is wiped. */
  async close(): Promise<void> {
    for (const { job } of this.#jobs.values()) job.stop(true);
    await Promise.all([...this.#jobs.values()].map(({ job }) => job.ended));
  }

  /**
   * Checks a signed order, its dataset and its key release, and starts the job. Nothing is opened before the order and
   * the manifest are verified. The same submission sent twice gets the same answer.
   * Errors: those of DSSE; `integrity`, `invalid_input`, `denied_by_policy` (the release does not fit), `wrong_state`
   * (parts are missing), `in_use` (another job runs), `already_exists`.
   */
  async submit(submission: JobSubmission): Promise<Result<JobAccepted>> {
    const verified = this.#verifyOrder(submission);
    if (!verified.ok) return verified;
    const { jobId } = verified.value.order;
    const known = this.#jobs.get(jobId);
    if (known !== undefined) {
      if (known.ciphertext === submission.release.ciphertext) return ok(known.accepted);
      return err('already_exists', `Job ${jobId.slice(0, 12)}… was accepted before, with another key release.`);
    }
    if (!this.#options.datasets.isComplete(verified.value.ownerKey, verified.value.manifest)) {
      return err('wrong_state', 'Parts of the dataset are missing here: finish the upload first.');
    }
    const { resume } = verified.value;
    if (resume !== undefined && !this.#options.datasets.isComplete(verified.value.ownerKey, resume)) {
      return err('wrong_state', 'Parts of the checkpoint are missing here: finish its upload first.');
    }
    const running = [...this.#jobs.values()].some(({ job }) => ['accepted', 'running'].includes(job.status().state));
    if (running || this.#submitting) return err('in_use', 'This node is at work on another job.');
    this.#submitting = true;
    try {
      return await this.#accept(verified.value, submission.release);
    } finally {
      this.#submitting = false;
    }
  }

  #verifyOrder(submission: JobSubmission): Result<VerifiedOrder> {
    const { node, verify, clock } = this.#options;
    const claimed = readUnverified(submission.order, jobOrderSchema);
    if (!claimed.ok) return claimed;
    const publicKey = decodeBase64(claimed.value.ownerKey);
    if (publicKey?.length !== 32) return err('invalid_input', 'The owner key of the order is not an Ed25519 key.');
    const trusted = [{ publicKey }];
    const signed = verifyJson(submission.order, jobOrderSchema, {
      payloadType: payloadTypes.jobOrder,
      trusted,
      verify,
    });
    if (!signed.ok) return signed;
    const order = signed.value.value;
    if (!orderIsWhole(order)) return err('integrity', 'The id of the order is not the digest of its contents.');
    if (Date.parse(order.notAfter) <= clock().getTime()) return err('invalid_input', 'The order has expired.');
    if (!order.nodes.includes(node)) return err('denied_by_policy', `The order is not for this node, ${node}.`);
    const manifest = verifyJson(submission.manifest, manifestSchema, {
      payloadType: payloadTypes.manifest,
      trusted,
      verify,
    });
    if (!manifest.ok) return manifest;
    if (sha256(manifest.value.payload) !== order.dataset.manifestSha256) {
      return err('integrity', 'The manifest is not the one that the order names.');
    }
    if (manifest.value.value.root !== order.dataset.root || !rootFitsParts(manifest.value.value)) {
      return err('integrity', 'The root of the manifest is not the dataset root of the order.');
    }
    const resume = this.#verifyResume(submission, order, trusted);
    if (!resume.ok) return resume;
    return ok({
      order,
      ownerKey: publicKey,
      orderSha256: sha256(signed.value.payload),
      manifest: manifest.value.value,
      resume: resume.value,
    });
  }

  /** The manifest of the checkpoint that an order resumes from: there when the order names one, and only then. */
  #verifyResume(
    submission: JobSubmission,
    order: JobOrder,
    trusted: readonly TrustedKey[],
  ): Result<Manifest | undefined> {
    const wanted = order.attempt?.resume;
    const [envelope] = submission.inputs ?? [];
    if (wanted === undefined && envelope === undefined) return ok(undefined);
    if (wanted === undefined || envelope === undefined) {
      return err('invalid_input', 'The order and the submission do not name the same checkpoint to resume from.');
    }
    const { verify } = this.#options;
    const signed = verifyJson(envelope, manifestSchema, { payloadType: payloadTypes.manifest, trusted, verify });
    if (!signed.ok) return signed;
    const fits = sha256(signed.value.payload) === wanted.manifestSha256 && signed.value.value.root === wanted.root;
    if (!fits || !rootFitsParts(signed.value.value)) {
      return err('integrity', 'The manifest of the checkpoint is not the one that the order names.');
    }
    return ok(signed.value.value);
  }

  async #accept(verified: VerifiedOrder, release: KeyReleaseMessage): Promise<Result<JobAccepted>> {
    const { order } = verified;
    const opened = await this.#open(order, release);
    if (!opened.ok) return opened;
    const { fileKey, inputKeys, confirmation, session, exchange } = opened.value;
    const { makeRunner, artifactFolder, cipher } = this.#options;
    const job = new Job({
      ...this.#options,
      ...verified,
      earSha256: sha256(release.ear),
      releasedOn: exchange.evidenceSha256,
      fileKey,
      resumeKey: inputKeys[0],
      worker: release.aad.worker,
      session,
      artifacts: new ArtifactStore(join(artifactFolder, order.jobId), cipher),
      runner: makeRunner(order.program),
    });
    const accepted = { jobId: order.jobId, confirmation };
    this.#jobs.set(order.jobId, { job, ciphertext: release.ciphertext, accepted });
    await this.#makeRoom();
    return ok(accepted);
  }

  async #makeRoom(): Promise<void> {
    for (const [jobId, { job }] of this.#jobs) {
      if (this.#jobs.size <= keptJobs) return;
      if (!job.frames.ended) continue;
      this.#jobs.delete(jobId);
      await rm(join(this.#options.artifactFolder, jobId), { recursive: true, force: true });
    }
  }

  async #open(
    order: JobOrder,
    release: KeyReleaseMessage,
  ): Promise<Result<OpenedRelease & { session: Session; exchange: Exchange }>> {
    const { aad } = release;
    const session = this.#options.sessions.find(release.sessionId);
    if (session === undefined)
      return err('denied_by_policy', 'The key release is for a session this agent does not have.');
    if (aad.jobId !== order.jobId) return err('denied_by_policy', 'The key release is for another job.');
    if (aad.datasetRoot !== order.dataset.root)
      return err('denied_by_policy', 'The key release is for another dataset.');
    if (aad.policyDigest !== order.policyDigest) {
      return err('denied_by_policy', 'The key release names another policy than the order.');
    }
    if ((aad.inputs?.[0] ?? '') !== (order.attempt?.resume?.root ?? '')) {
      return err('denied_by_policy', 'The key release is for another checkpoint than the order.');
    }
    const misplaced = misplacedWorker(order, aad.worker, this.#options.node);
    if (misplaced !== undefined) return err('denied_by_policy', misplaced);
    const until = Date.parse(aad.notAfter);
    if (!(until > this.#options.clock().getTime())) return err('denied_by_policy', 'The key release has expired.');
    // Newest first: evidence may have been renewed between the verdict and the release.
    const fitting = session.exchanges.filter(
      ({ challenge }) => challenge.jobId === order.jobId && challenge.policyDigest === order.policyDigest,
    );
    let last: Result<never> = err(
      'denied_by_policy',
      'No challenge of this session was for this job under this policy.',
    );
    for (const exchange of fitting.toReversed()) {
      const info = releaseInfo(exchange.challenge, exchange.evidence, release.ear);
      const opened = await openRelease(release, session.releaseKey, info);
      if (opened.ok) return ok({ ...opened.value, session, exchange });
      last = opened;
    }
    return last;
  }
}

/** Why a worker's place does not fit the order and this node; undefined when it does. */
function misplacedWorker(order: JobOrder, place: WorkerPlace | undefined, node: string): string | undefined {
  const { workers } = order;
  if (workers === undefined || place === undefined) {
    return workers === place ? undefined : 'The order and the key release do not agree whether several workers train.';
  }
  const { rank, nodes } = place;
  if (nodes[rank] !== node) return `The key release gives rank ${rank} to another node than ${node}.`;
  if (nodes.length < workers.minimum || nodes.length > workers.count || new Set(nodes).size !== nodes.length) {
    return `The key release names ${nodes.length} workers; the order allows ${workers.minimum} to ${workers.count}.`;
  }
  return nodes.every((name) => order.nodes.includes(name)) ? undefined : 'The order does not name all of the workers.';
}

export function noJob(jobId: string): Result<never> {
  return err('not_found', `There is no job ${jobId.slice(0, 12)}… here.`);
}
