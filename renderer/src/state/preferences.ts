import { create } from 'zustand';
import type { JobDraft } from '../../../electron/contract/job.ts';

/** What could be lost without harm: selection, layout, an unsent draft (DESIGN §4). */
interface Preferences {
  readonly nodesView: 'table' | 'map' | 'both';
  readonly selectedNode: string | null;
  readonly draft: JobDraft | null;
  setNodesView(view: Preferences['nodesView']): void;
  selectNode(name: string | null): void;
  setDraft(draft: JobDraft | null): void;
  /** Called when the vault locks: a draft names datasets and nodes. */
  clear(): void;
}

export const usePreferences = create<Preferences>((set) => ({
  nodesView: 'both',
  selectedNode: null,
  draft: null,
  setNodesView: (nodesView) => set({ nodesView }),
  selectNode: (selectedNode) => set({ selectedNode }),
  setDraft: (draft) => set({ draft }),
  clear: () => set({ selectedNode: null, draft: null }),
}));
