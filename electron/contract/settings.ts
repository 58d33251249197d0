import { z } from 'zod';

/** What a person can set. Every field has a default, so a profile from an older version stays readable. */
export const settingsSchema = z.strictObject({
  theme: z.enum(['system', 'light', 'dark']),
  autoLockMinutes: z.number().int().min(1).max(480),
  evidenceRenewSeconds: z.number().int().min(5).max(86_400),
  /** Start the local (SIMULATED) network together with Nacre. */
  startLocalNetwork: z.boolean(),
});
export type Settings = z.infer<typeof settingsSchema>;

export const settingsDefaults: Settings = {
  theme: 'system',
  autoLockMinutes: 15,
  evidenceRenewSeconds: 60,
  startLocalNetwork: false,
};
