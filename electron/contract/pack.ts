import { z } from 'zod';

/**
 * The auditor pack, `*.nacre-pack`: one file, no slack. A fixed header, a signed index (DSSE), then the bytes of the
 * entries in the order of the index, back to back:
 *
 *   "nacre-pack/1\n"   13 bytes
 *   index length       10 decimal digits, then "\n"
 *   index              DSSE envelope in JCS, payload `packIndexSchema` in JCS, one signature by the organisation key
 *   entries            raw bytes; the file ends with the last byte of the last entry
 *
 * Every byte is thereby fixed, compared with its canonical form, or under a digest that is under the signature.
 */
export const packMagic = 'nacre-pack/1\n';

export const packPayloadType = 'application/vnd.nacre.pack-index.v1+json';

/** What a reader accepts at most: bytes, and entries. */
export const packLimits = {
  packBytes: 512 * 1_048_576,
  indexBytes: 8 * 1_048_576,
  entries: 16_384,
} as const;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, '32 bytes of lower-case hex');

export const packIndexSchema = z.strictObject({
  version: z.literal(1),
  format: z.literal('nacre-pack'),
  runId: z.string().min(1).max(128),
  runName: z.string().min(1).max(120),
  /** True when any evidence inside was made by simulated hardware. Claimed here, checked against the evidence. */
  simulated: z.boolean(),
  /** UTC RFC 3339. */
  createdAt: z.string().max(32),
  /** Raw Ed25519 public key of the organisation, base64: signs this index, the order, the EARs and the log. */
  organisationKey: z.string().max(64),
  /** Ascending by path, no path twice. */
  entries: z
    .array(
      z.strictObject({
        path: z
          .string()
          .max(128)
          .regex(/^[a-z0-9][a-z0-9._-]*(\/[a-z0-9][a-z0-9._-]*){0,3}$/),
        bytes: z.number().int().min(0).max(packLimits.packBytes),
        sha256,
      }),
    )
    .min(1)
    .max(packLimits.entries),
});
export type PackIndex = z.infer<typeof packIndexSchema>;
