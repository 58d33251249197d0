import type { ApprovalSubject, ApprovalView } from '../../contract/approval.ts';
import type { AuditKind } from '../../contract/audit.ts';
import type { DsseEnvelope } from '../../contract/dsse.ts';
import type { FailureStatement } from '../../contract/failure-receipt.ts';
import type { Verification } from '../../contract/evidence.ts';
import type { Policy } from '../../contract/policy.ts';
import type { JobOrder } from '../../contract/job.ts';
import type { Result } from '../../contract/result.ts';
import type {
  AccessGrant,
  AgentStatus,
  Artifact,
  DirectoryNode,
  JobAccepted,
  JobStatus,
  JobSubmission,
} from '../../contract/wire.ts';
import type { ClusterJob, StartAnswer, StartRequest } from '../../contract/workers.ts';
import type { VerifySignature } from '../../domain/dsse/dsse.ts';
import type { OrderDataset } from '../../domain/job/order.ts';
import type { Approved } from '../approvals/approved.ts';
import type { VerifiedNode } from '../evidence/verified-node.ts';
import type { SealedDataset } from '../sealing/sealed-dataset.ts';
import type { TelemetryService } from '../telemetry/telemetry-service.ts';
import type { DownloadSource } from '../transfers/download.ts';
import type { TransferService } from '../transfers/transfer-service.ts';
import type { UploadTarget } from '../transfers/upload.ts';
import type { RetryPolicy } from './retry.ts';

/** What runs need of the rest of the core, injected by the composition root (DESIGN §4). */

export interface NodeClient extends UploadTarget, DownloadSource {
  /** Later calls come from the owner who signed this grant. */
  useGrant(grant: DsseEnvelope): void;
  observedKey(): string | undefined;
  status(signal?: AbortSignal): Promise<Result<AgentStatus>>;
  evidence(challenge: unknown, signal?: AbortSignal): Promise<Result<unknown>>;
  submitJob(submission: JobSubmission, signal?: AbortSignal): Promise<Result<JobAccepted>>;
  jobStatus(jobId: string, signal?: AbortSignal): Promise<Result<JobStatus>>;
  stopJob(jobId: string): Promise<Result<JobStatus>>;
  startWorker(jobId: string, request: StartRequest, signal?: AbortSignal): Promise<Result<StartAnswer>>;
  events(
    jobId: string,
    from: number,
    onFrames: (frames: readonly unknown[]) => Promise<boolean>,
    signal: AbortSignal,
  ): Promise<Result<void>>;
  artifacts(jobId: string, signal?: AbortSignal): Promise<Result<Artifact[]>>;
  receipt(jobId: string, signal?: AbortSignal): Promise<Result<DsseEnvelope>>;
  close(): void;
}

export interface NodesPort {
  /** The named nodes in their order; all that may be tried, best first, when none is named. Errors: `not_found`, `unavailable`. */
  candidates(names: readonly string[]): Result<DirectoryNode[]>;
  /** With a key hash every connection must show that key; see networks/agent-client. */
  connect(node: { name: string; url: string }, tlsSpkiSha256?: string): NodeClient;
}

export interface AttestationRequest {
  readonly client: NodeClient;
  readonly node: string;
  /** Hex, 16 bytes: one session's keys are stable. */
  readonly sessionId: string;
  readonly jobId: string;
  readonly policy: Policy;
  readonly policyDigest: string;
  readonly signal: AbortSignal;
}

/** One answered challenge: what was found, kept in the store under `evidenceId` whatever the verdict. */
export interface Attestation {
  readonly evidenceId: string;
  /** Hex SHA-256 of the JCS of the evidence answer. */
  readonly evidenceSha256: string;
  readonly verification: Verification;
  /** Attestation result (JWT); empty while the vault is locked, then signed at unlock. */
  readonly ear: string;
  /** Keys as the evidence names them (base64, hex); believed only where the verification is affirming. */
  readonly keys?: { readonly signingKey: string; readonly tlsSpkiSha256: string };
  /** Only when affirming and signed, and only made by services/evidence: what a key release takes. */
  readonly verified?: VerifiedNode;
}
export type VerifiedAttestation = Attestation & { readonly verified: VerifiedNode };

export interface DatasetsPort {
  /** Errors: `not_found`, `damaged`. */
  forOrder(id: string): Result<OrderDataset>;
  /** The signed manifest. Errors: `not_found`, `damaged`. */
  manifest(id: string): Result<DsseEnvelope>;
  /** Errors: `not_found`, `integrity`, `locked`. */
  open(id: string): Promise<Result<SealedDataset>>;
}

export interface SigningPort {
  readonly unlocked: () => boolean;
  /** Raw Ed25519 key of the organisation. Errors: `locked`. */
  ownerKey(): Result<Uint8Array>;
  /** age recipients that outputs are sealed to. Errors: `locked`. */
  outputRecipients(): Result<readonly string[]>;
  /** Errors: `locked`. */
  signOrder(order: JobOrder): Result<DsseEnvelope>;
  /** Lets this desk in at one agent. Errors: `locked`. */
  signGrant(grant: AccessGrant): Result<DsseEnvelope>;
  /** Errors: `locked`. */
  signFailure(statement: FailureStatement): Result<DsseEnvelope>;
  /** Adds the organisation's signature to a receipt that was checked. Errors: `locked`. */
  countersign(receipt: DsseEnvelope): Result<DsseEnvelope>;
}

/** Errors: those of the disk. */
export type AuditPort = (
  kind: AuditKind,
  subject: string,
  details: Readonly<Record<string, string | number | boolean>>,
  simulated: boolean,
) => Result<void>;

export interface PoliciesPort {
  /** Errors: `not_found`. */
  get(id: string): Result<{ readonly policy: Policy; readonly digest: string }>;
}

/** Leave for key releases; see services/approvals. */
export interface ReleaseApprovals {
  /** Errors: `approval_missing` with `requestId`, `have` and `need` in the details; `locked`; those of log and disk. */
  authorise(kind: 'key-release', subject: ApprovalSubject<'key-release'>): Result<Approved<'key-release'>>;
  get(id: string): Result<ApprovalView>;
  withdraw(id: string): Result<unknown>;
  onChange(listener: () => void): () => void;
}

/** What a scheduler is given to start the workers of one attempt. */
export interface ClusterStart {
  readonly jobId: string;
  /** Names by rank. */
  readonly nodes: readonly string[];
  /** Hex; opens nothing, see `WorkerPlace`. */
  readonly ticket: string;
}

export interface ClusterSighting extends Pick<ClusterJob, 'status' | 'message' | 'nodes'> {
  /** Lines of the scheduler's own log since the last sighting. */
  readonly lines: readonly string[];
}

/** Networks whose schedulers start workers; see networks/ray. Nothing of what they say is trusted. */
export interface ClustersPort {
  /** SHA-256 of the program that a scheduler is given. */
  driverSha256(network: string): Result<string>;
  /** Nodes whose agents stand beside nodes of this network that live. Errors: `not_found`, `locked`, those of the wire. */
  members(network: string, signal?: AbortSignal): Promise<Result<readonly string[]>>;
  /** @returns the id under which the scheduler knows it. Errors: `locked`, those of the wire. */
  submit(network: string, start: ClusterStart, signal: AbortSignal): Promise<Result<string>>;
  /** Looks at a submitted job until it ends or the signal comes; a scheduler that is away is `unknown`, not an end. */
  watch(
    network: string,
    job: { readonly submissionId: string; readonly nodes: readonly string[] },
    onSight: (sighting: ClusterSighting) => void,
    signal: AbortSignal,
  ): Promise<void>;
  stop(network: string, submissionId: string): Promise<Result<boolean>>;
}

export interface RunPorts {
  readonly clusters: ClustersPort;
  readonly approvals: ReleaseApprovals;
  readonly nodes: NodesPort;
  readonly attest: (request: AttestationRequest) => Promise<Result<Attestation>>;
  readonly datasets: DatasetsPort;
  readonly transfers: TransferService;
  readonly signing: SigningPort;
  /** See `ReleaseContext`. */
  readonly fileKey: (dataset: SealedDataset) => Promise<Result<Uint8Array>>;
  /**
   * A sealed checkpoint that came home, ready to be uploaded; the same under the same time.
   * Errors: `integrity`, `locked`, those of the file system.
   */
  readonly checkpoint: (
    artifact: Artifact & { readonly path: string },
    createdAt: string,
  ) => Promise<Result<SealedDataset>>;
  readonly audit: AuditPort;
  readonly policies: PoliciesPort;
  readonly telemetry: TelemetryService;
  readonly verify: VerifySignature;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly random: (bytes: number) => Uint8Array;
  readonly retry?: RetryPolicy;
  /** How long a node may be silent before it is given up: milliseconds. */
  readonly silenceMs?: number;
  /** Folder for the sealed files of a run. */
  readonly folderOf: (runId: string) => string;
  /** GPU figures of a node for its row. */
  readonly onGpu: (node: string, fields: Readonly<Record<string, number>>, at: string) => void;
}
