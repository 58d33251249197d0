import { z } from 'zod';

/**
 * DSSE, the envelope of everything Nacre signs (https://github.com/secure-systems-lab/dsse).
 * The payload type is under the signature, so that no document can be taken for one of another kind.
 */
export const payloadTypes = {
  manifest: 'application/vnd.nacre.manifest.v1+json',
  jobOrder: 'application/vnd.nacre.job-order.v1+json',
  policy: 'application/vnd.nacre.policy.v1+json',
  approval: 'application/vnd.nacre.approval.v1+json',
  /** in-toto Statement: a receipt. */
  inToto: 'application/vnd.in-toto+json',
} as const;
export type PayloadType = (typeof payloadTypes)[keyof typeof payloadTypes];

/** The largest payload an envelope may carry: bytes before base64. A manifest of a million parts fits. */
export const payloadMaximum = 96 * 1024 * 1024;

const base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/);

export const envelopeSchema = z.strictObject({
  /** Standard base64 with padding. */
  payload: base64.max(Math.ceil(payloadMaximum / 3) * 4),
  payloadType: z.string().min(1).max(256),
  signatures: z
    .array(
      z.strictObject({
        /** Hint which key to try; never trusted. */
        keyid: z.string().max(256),
        /** Ed25519 over the pre-authentication encoding: 64 bytes. */
        sig: base64.max(88),
      }),
    )
    .min(1)
    .max(16),
});
export type Envelope = z.infer<typeof envelopeSchema>;
