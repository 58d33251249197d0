import { z } from 'zod';

/** What a person can set. Every field has a default, so a profile from an older version stays readable. */
export const settingsSchema = z.strictObject({
  theme: z.enum(['system', 'light', 'dark']),
  autoLockMinutes: z.number().int().min(1).max(480),
  /** Of running nodes. 20 seconds from a failure to its discovery are promised: 10, and time for a slow answer. */
  evidenceRenewSeconds: z.number().int().min(5).max(86_400),
  /** Start the local (SIMULATED) network together with Nacre. */
  startLocalNetwork: z.boolean(),
  /** Of all uploads together, 10^6 bits a second; 0: no limit. */
  uploadLimitMbps: z.number().min(0).max(1_000_000),
  /** Of all downloads together. */
  downloadLimitMbps: z.number().min(0).max(1_000_000),
});
export type Settings = z.infer<typeof settingsSchema>;

export const settingsDefaults: Settings = {
  theme: 'system',
  autoLockMinutes: 15,
  evidenceRenewSeconds: 10,
  startLocalNetwork: false,
  uploadLimitMbps: 0,
  downloadLimitMbps: 0,
};
