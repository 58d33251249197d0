import { create } from 'zustand';
import type { JobDraft } from '../../../electron/contract/job.ts';

interface DraftState {
  /** The order being written in the designer; absent before the first edit and after launch. */
  readonly job: JobDraft | undefined;
  readonly savedAt: number | undefined;
  readonly setJob: (job: JobDraft | undefined, at: number) => void;
  readonly forget: () => void;
}

/** Drafts live in memory only and go when the vault locks. */
export const useDrafts = create<DraftState>()((set) => ({
  job: undefined,
  savedAt: undefined,
  setJob: (job, at) => set({ job, savedAt: job === undefined ? undefined : at }),
  forget: () => set({ job: undefined, savedAt: undefined }),
}));
