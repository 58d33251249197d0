import { z } from 'zod';
import { collateralItemSchema, collateralLimits } from './collateral.ts';
import { workerPlaceSchema } from './workers.ts';

/**
 * The protocol between desk and node agent: HTTPS on an ephemeral key, accepted by the SHA-256 of its SPKI once that
 * hash is attested, never by a CA (DESIGN §5). All bodies are JSON unless a line says otherwise. Errors are
 * `{error: {code, message}}` with a 4xx or 5xx status.
 *
 *   GET  /v1/status                              -> agentStatusSchema
 *   POST /v1/evidence        {challenge}         -> nodeEvidenceSchema (node-evidence.ts); one session's keys are stable
 *   POST /v1/access          {grant: DSSE}       -> accessSchema; the ticket goes into `authorization: Bearer TICKET` of
 *                                                   all requests below but POST /v1/jobs, which its order authenticates
 *   PUT  /v1/datasets/:root  {manifest: DSSE}    -> uploadStateSchema; begins or resumes an upload
 *   GET  /v1/datasets/:root                      -> uploadStateSchema
 *   PUT  /v1/datasets/:root/parts/:index?from=N  raw sealed bytes of a part from byte N on -> partReceiptSchema; what came
 *                                                before a break is kept; refused when the SHA-256 differs from the manifest
 *   POST /v1/jobs            jobSubmission       -> jobAccepted (with key confirmation)
 *   POST /v1/jobs/:jobId/start                   -> startAnswerSchema (workers.ts); by its ticket alone, so that a scheduler
 *                                                   beside the agent can say when a worker begins
 *   GET  /v1/jobs/:jobId                         -> jobStatusSchema
 *   POST /v1/jobs/:jobId/stop                    -> jobStatusSchema
 *   GET  /v1/jobs/:jobId/events?from=SEQUENCE    SSE, `id:` the sequence, `data:` one frame as JSON
 *   GET  /v1/jobs/:jobId/artifacts               -> {artifacts: artifactSchema[]}
 *   GET  /v1/jobs/:jobId/artifacts/:name         raw age file; `range: bytes=A-B` asks for a piece of it (206)
 *   GET  /v1/jobs/:jobId/artifacts/:name/parts   -> artifactPartsSchema, which hash to the root in the signed telemetry
 *   GET  /v1/jobs/:jobId/receipt                 -> DSSE envelope, payload in-toto statement, signed by the attested key
 *   GET  /metrics                                Prometheus text under DCGM names
 */
export const wireLimits = {
  jsonBytes: 1_048_576,
  partBytes: 64 * 1_048_576,
  frameBytes: 65_536,
  artifactBytes: 8 * 1_073_741_824,
} as const;

const hex = (bytes: number) =>
  z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`), `${bytes} bytes of lower-case hex`);

export const agentStatusSchema = z.object({
  agent: z.literal('nacre-agent'),
  version: z.string().max(64),
  node: z.string().max(128),
  simulated: z.boolean(),
  uptimeSeconds: z.number(),
});
export type AgentStatus = z.infer<typeof agentStatusSchema>;

export const uploadStateSchema = z.object({
  root: hex(32),
  parts: z.number().int(),
  /** Indices of parts that are present: each had its SHA-256 when it came. */
  present: z.array(z.number().int()),
  /** Bytes from the start of parts that came in part only, to be continued there. */
  partial: z.array(z.object({ part: z.number().int(), bytes: z.number().int().min(0) })),
  /** Once all parts are present they are read again as a whole: bytes so far. */
  checkedBytes: z.number().int().min(0),
  /** All parts are present, and together they had the Merkle root when they were read again. */
  complete: z.boolean(),
});
export type UploadState = z.infer<typeof uploadStateSchema>;

/** The answer to bytes of one part. */
export const partReceiptSchema = z.object({
  /** Bytes of the part that are kept, from its start. */
  bytes: z.number().int().min(0),
  /** All of it is there, with the SHA-256 of the manifest. */
  whole: z.boolean(),
});
export type PartReceipt = z.infer<typeof partReceiptSchema>;

/**
 * What an owner signs to be let in at one agent (`payloadTypes.accessGrant`). It names the agent's attested TLS key, so
 * that an agent cannot use it at another one; it opens only what belongs to `ownerKey`.
 */
export const accessGrantSchema = z.strictObject({
  version: z.literal(1),
  /** Raw Ed25519 public key, base64; also signs the envelope. */
  ownerKey: z.string().max(64),
  tlsSpkiSha256: hex(32),
  /** Only this job, when it is named. */
  jobId: hex(32).optional(),
  nonce: hex(16),
  notAfter: z.iso.datetime(),
});
export type AccessGrant = z.infer<typeof accessGrantSchema>;

export const accessSchema = z.object({ ticket: hex(32), notAfter: z.string().max(32) });
export type Access = z.infer<typeof accessSchema>;

/** What the released key is bound to; JCS of this object is the HPKE associated data. */
export const releaseAadSchema = z.strictObject({
  datasetRoot: hex(32),
  jobId: hex(32),
  policyDigest: z.string(),
  notAfter: z.string(),
  /** Roots of further sealed files whose keys come along: the checkpoint that the order resumes from. */
  inputs: z.array(hex(32)).min(1).max(1).optional(),
  /** In a job of several workers, or one that a scheduler starts. */
  worker: workerPlaceSchema.optional(),
});
export type ReleaseAad = z.infer<typeof releaseAadSchema>;

/**
 * The dataset's age file key for one attested node, then that of each input the associated data names, 16 bytes each: HPKE base mode, DHKEM(P-384, HKDF-SHA384), HKDF-SHA384,
 * AES-256-GCM; info = "nacre/key-release/v1" ‖ SHA-384(JCS(challenge) ‖ JCS(evidence) ‖ UTF-8(EAR)).
 */
export const keyReleaseSchema = z.strictObject({
  version: z.literal(1),
  sessionId: hex(16),
  aad: releaseAadSchema,
  /** The attestation result (JWT) that allowed this release. */
  ear: z.string().max(262_144),
  encapsulated: z.string().max(256),
  ciphertext: z.string().max(256),
});
export type KeyReleaseMessage = z.infer<typeof keyReleaseSchema>;

export const dsseEnvelopeSchema = z.strictObject({
  payloadType: z.string().max(256),
  payload: z.string().max(8 * 1_048_576),
  signatures: z
    .array(z.strictObject({ keyid: z.string().max(256), sig: z.string().max(1024) }))
    .min(1)
    .max(16),
});
export type DsseEnvelope = z.infer<typeof dsseEnvelopeSchema>;

export const payloadTypes = {
  manifest: 'application/vnd.nacre.dataset-manifest.v1+json',
  jobOrder: 'application/vnd.nacre.job-order.v1+json',
  policy: 'application/vnd.nacre.policy.v1+json',
  accessGrant: 'application/vnd.nacre.access-grant.v1+json',
  inToto: 'application/vnd.in-toto+json',
} as const;

export const jobSubmissionSchema = z.strictObject({
  order: dsseEnvelopeSchema,
  manifest: dsseEnvelopeSchema,
  release: keyReleaseSchema,
  /** Manifests of the inputs that the release names, in its order; their parts were uploaded like those of a dataset. */
  inputs: z.array(dsseEnvelopeSchema).min(1).max(1).optional(),
});
export type JobSubmission = z.infer<typeof jobSubmissionSchema>;

export const jobAcceptedSchema = z.object({
  jobId: hex(32),
  /** Hex HMAC-SHA-384 of JCS(aad) under the HPKE exporter secret "nacre/key-confirmation/v1" (48 bytes). */
  confirmation: hex(48),
});
export type JobAccepted = z.infer<typeof jobAcceptedSchema>;

export const jobStatusSchema = z.object({
  jobId: hex(32),
  state: z.enum(['accepted', 'running', 'succeeded', 'failed', 'stopped']),
  /** A sentence; present when failed. */
  message: z.string().optional(),
  lastSequence: z.number().int(),
});
export type JobStatus = z.infer<typeof jobStatusSchema>;

export const artifactSchema = z.object({
  /** `model.age`, `checkpoint-000120.age`: one deterministic tar inside. */
  name: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,127}$/),
  kind: z.enum(['model', 'checkpoint']),
  bytes: z.number().int(),
  sha256: hex(32),
  step: z.number().int().optional(),
  /** Parts it is fetched in: their size, and the RFC 6962 root over their SHA-256. Absent: one part, the whole file. */
  parts: z.object({ size: z.number().int().min(65_536).max(67_108_864), root: hex(32) }).optional(),
});
export type Artifact = z.infer<typeof artifactSchema>;

export const artifactPartsSchema = z.object({ parts: z.array(hex(32)).min(1).max(65_536) });

const finite = z.number();

/** The body of a telemetry frame. A figure that the source did not give is absent, never 0. */
export const frameBodySchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('metric'),
    step: z.number().int().min(0),
    epoch: z.number().min(0).optional(),
    /** `loss`, `accuracy`, `validation_loss`, `validation_accuracy`, or names of a command job. NaN and infinities are carried in `nonFinite`. */
    values: z.record(z.string().max(128), finite),
    nonFinite: z.record(z.string().max(128), z.literal(['NaN', 'Infinity', '-Infinity'])).optional(),
  }),
  z.strictObject({
    kind: z.literal('gpu'),
    gpu: z.number().int(),
    uuid: z.string().max(128),
    /** DCGM field names: DCGM_FI_DEV_GPU_UTIL (%), DCGM_FI_DEV_FB_USED (MiB), DCGM_FI_DEV_GPU_TEMP (°C), DCGM_FI_DEV_POWER_USAGE (W). */
    fields: z.record(z.string().max(128), finite),
    simulated: z.boolean(),
  }),
  z.strictObject({ kind: z.literal('log'), stream: z.enum(['stdout', 'stderr', 'agent']), line: z.string().max(8192) }),
  z.strictObject({
    kind: z.literal('state'),
    state: jobStatusSchema.shape.state,
    message: z.string().max(2048).optional(),
  }),
  z.strictObject({ kind: z.literal('artifact'), artifact: artifactSchema }),
]);
export type FrameBody = z.infer<typeof frameBodySchema>;

/**
 * One signed link of the telemetry chain. `previous` is the SHA-256 of the JCS of the whole previous frame (with its
 * signature), 64 zeros for sequence 0. `signature` is Ed25519 by the attested signing key over
 * "nacre/frame/v1" ‖ JCS(frame without `signature`), base64.
 */
export const frameSchema = z.strictObject({
  version: z.literal(1),
  jobId: hex(32),
  node: z.string().max(128),
  sequence: z.number().int().min(0),
  previous: hex(32),
  at: z.string().max(32),
  body: frameBodySchema,
  signature: z.string().max(128),
});
export type Frame = z.infer<typeof frameSchema>;

/** One line of the directory that the local network publishes to the core out of band (a file in the profile). */
export const directoryNodeSchema = z.object({
  name: z.string().max(128),
  url: z.url(),
  region: z.string().max(64),
  city: z.string().max(64),
  country: z.string().length(2),
  latitude: z.number(),
  longitude: z.number(),
  gpuModel: z.string().max(64),
  gpuCount: z.number().int(),
  gpuMemoryGib: z.number(),
  cpuFamily: z.enum(['snp', 'tdx', 'nitro']),
  usdPerHour: z.number(),
  /** Advertised, not measured. */
  uploadMbps: z.number(),
  /** US dollars for 10^9 bytes in or out, as the network asks; absent: not told. */
  transferUsdPerGb: z.number().min(0).optional(),
  simulated: z.literal(true),
  mode: z.string().optional(),
});
export type DirectoryNode = z.infer<typeof directoryNodeSchema>;

export const directorySchema = z.object({
  version: z.literal(1),
  network: z.literal('local'),
  simulated: z.literal(true),
  /** SHA-256 of the DER of the simulated roots, handed over out of band: evidence never selects anchors. */
  anchors: z.object({ amd: z.array(hex(32)), nvidia: z.array(hex(32)) }),
  /** Reference values of the honest image: SNP launch measurement, and golden GPU measurements by index. */
  reference: z.object({ snpMeasurement: hex(48), gpuMeasurements: z.record(z.string(), z.array(z.string())) }),
  /** SIMULATED collateral under those roots. */
  collateral: z.array(collateralItemSchema).max(collateralLimits.items).optional(),
  nodes: z.array(directoryNodeSchema).max(1024),
});
export type Directory = z.infer<typeof directorySchema>;
