import { z } from 'zod';
import { programSchema } from './job.ts';
import { workerPlaceSchema } from './workers.ts';

const hex = (bytes: number) =>
  z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`), `${bytes} bytes of lower-case hex`);
/** Files in one model, and answered challenges of one session, that a receipt can name. */
export const receiptLimits = { files: 4095, fileNameCharacters: 256, evidence: 20_000 } as const;

const sha256Digest = z.strictObject({ sha256: hex(32) });

export const statementType = 'https://in-toto.io/Statement/v1';
export const provenancePredicateType = 'https://slsa.dev/provenance/v1';
/** How `externalParameters` of a training run are to be read. */
export const trainingBuildType = 'urn:nacre:training:v1';
export const agentBuilderId = 'urn:nacre:agent:v1';

/** One artifact the run was made of or left behind: SLSA's ResourceDescriptor, cut to what Nacre writes. */
const receiptResourceSchema = z.strictObject({
  name: z.string().min(1).max(128),
  digest: z.strictObject({ sha256: hex(32).optional(), sha384: hex(48).optional() }),
  annotations: z.record(z.string().max(64), z.union([z.string().max(1024), z.number(), z.boolean()])).optional(),
});

/**
 * The receipt of a finished run: an in-toto Statement v1 whose predicate is SLSA provenance v1
 * (https://slsa.dev/spec/v1.0/provenance), in a DSSE envelope (`payloadTypes.inToto`) signed by the agent's attested
 * Ed25519 key. Made after the last telemetry frame, so that the chain head covers every frame.
 */
export const receiptStatementSchema = z.strictObject({
  _type: z.literal(statementType),
  /**
   * What came out. Always the sealed artifact `model.age`; then each file inside it under its own name, in the order
   * of the tar (`model.json`, `model.safetensors` for the built-in trainer).
   */
  subject: z
    .array(z.strictObject({ name: z.string().min(1).max(receiptLimits.fileNameCharacters), digest: sha256Digest }))
    .min(1)
    .max(receiptLimits.files + 1),
  predicateType: z.literal(provenancePredicateType),
  predicate: z.strictObject({
    buildDefinition: z.strictObject({
      buildType: z.literal(trainingBuildType),
      externalParameters: z.strictObject({
        jobId: hex(32),
        /** SHA-256 of the DSSE payload bytes of the order: its JCS form. */
        orderSha256: hex(32),
        datasetRoot: hex(32),
        program: programSchema,
        policyDigest: z.string().max(128),
      }),
      internalParameters: z.strictObject({ sessionId: hex(16), node: z.string().max(128) }),
      /** `order`, `dataset` (root), `manifest`, and `image` (SHA-384 launch measurement) where the provider knows it. */
      resolvedDependencies: z.array(receiptResourceSchema).min(3).max(16),
    }),
    runDetails: z.strictObject({
      builder: z.strictObject({
        id: z.literal(agentBuilderId),
        version: z.strictObject({ 'nacre-agent': z.string().max(64) }),
        /** `image` (SHA-384 launch measurement) where the provider knows it. */
        builderDependencies: z.array(receiptResourceSchema).max(4),
      }),
      metadata: z.strictObject({
        invocationId: hex(32),
        /** UTC RFC 3339. */
        startedOn: z.string().max(32),
        finishedOn: z.string().max(32),
      }),
      /** `telemetry-chain` (SHA-256 of the last frame), then `evidence` for each answer of this session, in order. */
      byproducts: z
        .array(receiptResourceSchema)
        .min(1)
        .max(receiptLimits.evidence + 1),
    }),
    /** Extension (SLSA allows fields under a vendor's name): what a reader needs without searching the lists above. */
    nacre: z.strictObject({
      /** true: the hardware that signed the evidence is SIMULATED. */
      simulated: z.boolean(),
      /** Raw Ed25519 key that signs frames and this statement, base64: the attested one. */
      signingKey: z.string().max(64),
      /** SHA-256 of the JCS of the last frame with its signature. */
      chainHead: hex(32),
      /** Frames in the chain: the last sequence plus one. */
      frames: z.number().int().min(1),
      /** SHA-256 of the JCS of each evidence answer of this session, in order; the first is what the release rests on. */
      evidenceSha256: z.array(hex(32)).max(receiptLimits.evidence),
      /** SHA-256 of the UTF-8 of the attestation result (EAR) that came with the key. */
      earSha256: hex(32),
      heldOut: z
        .strictObject({
          accuracy: z.number().min(0).max(1),
          rows: z.number().int().min(1),
          epochs: z.number().int().min(1),
        })
        .optional(),
      lastStep: z.number().int().min(0),
      /** Which of the nodes that trained together made this statement, and who they are, by rank. */
      worker: workerPlaceSchema.pick({ rank: true, nodes: true }).optional(),
    }),
  }),
});
export type ReceiptStatement = z.infer<typeof receiptStatementSchema>;
