import { z } from 'zod';

/** Lower-case hex of a SHA-256 digest. */
export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/);

/** Smallest and largest size of a transfer part, and what is used up to 32 GiB: bytes. */
export const partSizeLimits = { minimum: 64 * 1024, standard: 4 * 1024 * 1024, maximum: 64 * 1024 * 1024 } as const;

/** The most parts one manifest lists: 4 TiB at the largest size, and still one envelope under the wire's limit. */
export const partCountMaximum = 65_536;

export const columnTypes = ['integer', 'number', 'text', 'empty'] as const;

/** One column of a CSV file as read from all of its rows. */
export const columnSchema = z.object({ name: z.string().max(1024), type: z.enum(columnTypes) });
export type Column = z.infer<typeof columnSchema>;

const csvSchemaSchema = z.object({
  format: z.literal('csv'),
  columns: z.array(columnSchema).min(1).max(65_536),
  /** Data rows, without the header. */
  rows: z.int().min(0),
});
export type CsvSchema = z.infer<typeof csvSchemaSchema>;

/** Of a file that says its columns itself (Parquet), or whose first rows show them (JSON Lines). */
const tableSchemaSchema = z.object({
  format: z.enum(['parquet', 'jsonl']),
  /** The first 1,000 columns; the type in the words of the format. */
  columns: z.array(z.object({ name: z.string().max(1024), type: z.string().max(64) })).max(1000),
  /** All of them. */
  columnCount: z.int().min(0),
  rows: z.int().min(0),
});

const datasetSchemaSchema = z.discriminatedUnion('format', [csvSchemaSchema, tableSchemaSchema]);
export type DatasetSchema = z.infer<typeof datasetSchemaSchema>;

/**
 * The manifest of a sealed dataset: what an agent or an auditor needs to check the sealed bytes with no key.
 * Signed as the payload of a DSSE envelope (`payloadTypes.manifest`).
 */
export const manifestSchema = z
  .strictObject({
    version: z.literal(1),
    /** File or folder name, for people; never a path. */
    name: z.string().min(1).max(255),
    kind: z.enum(['file', 'folder']),
    /** Bytes of the age file. */
    sealedBytes: z.int().min(1),
    /** Bytes inside it: of the file, or of the tar stream of the folder. */
    plainBytes: z.int().min(0),
    /** What is inside it is compressed: bytes of the file or tar stream before that. */
    compression: z.strictObject({ name: z.literal('zstd'), contentBytes: z.int().min(0) }).optional(),
    /** Bytes of every part but the last. */
    partSize: z.int().min(partSizeLimits.minimum).max(partSizeLimits.maximum),
    /** SHA-256 of each part of the age file, in order. */
    parts: z.array(sha256Hex).min(1).max(partCountMaximum),
    /** RFC 6962 tree head whose entries are the 32-byte part hashes. */
    root: sha256Hex,
    /** SHA-256 of the age header, from the first byte to the newline after its MAC. */
    ageHeaderSha256: sha256Hex,
    /** age recipients (`age1…`) that can open it. */
    recipients: z.array(z.string().min(1).max(4096)).max(64),
    schema: datasetSchemaSchema.optional(),
    /** RFC 3339, UTC. */
    createdAt: z.iso.datetime(),
  })
  .refine((m) => m.parts.length === Math.ceil(m.sealedBytes / m.partSize), {
    error: 'the number of parts does not fit the sealed size',
    path: ['parts'],
  });
export type Manifest = z.infer<typeof manifestSchema>;

/** Progress of sealing, opening, verifying: at most ten a second. */
export const sealProgressSchema = z.object({
  /** Bytes worked through: sealed or opened, and read again where parts are hashed. */
  bytes: z.number().min(0),
  total: z.number().min(0),
  /** Bytes per second, over the last few seconds. */
  ratePerSecond: z.number().min(0),
  /** Absent until there is a rate to go by. */
  secondsLeft: z.number().min(0).optional(),
});
export type SealProgress = z.infer<typeof sealProgressSchema>;
