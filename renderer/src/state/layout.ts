import { create } from 'zustand';

export type ThemeChoice = 'system' | 'light' | 'dark';

export interface NodeFilter {
  readonly text: string;
  readonly trust: 'any' | 'verified' | 'warning' | 'refused' | 'unknown';
  /** Short GPU models; empty means any. */
  readonly gpus: ReadonlyArray<string>;
}

/** What could be lost without harm: layout, selection, filters. What the core owns is in react-query. */
interface LayoutState {
  readonly theme: ThemeChoice;
  readonly logAxis: boolean;
  readonly selectedNode: string | undefined;
  readonly nodeFilter: NodeFilter;
  readonly firstRunSkipped: boolean;
  readonly setTheme: (theme: ThemeChoice) => void;
  readonly setLogAxis: (on: boolean) => void;
  readonly selectNode: (name: string | undefined) => void;
  readonly setNodeFilter: (filter: NodeFilter) => void;
  readonly skipFirstRun: () => void;
  readonly forget: () => void;
}

const initial = {
  theme: 'system' as ThemeChoice,
  logAxis: true,
  selectedNode: undefined,
  nodeFilter: { text: '', trust: 'any', gpus: [] } as NodeFilter,
  firstRunSkipped: false,
};

export const useLayout = create<LayoutState>()((set) => ({
  ...initial,
  setTheme: (theme) => set({ theme }),
  setLogAxis: (logAxis) => set({ logAxis }),
  selectNode: (selectedNode) => set({ selectedNode }),
  setNodeFilter: (nodeFilter) => set({ nodeFilter }),
  skipFirstRun: () => set({ firstRunSkipped: true }),
  // Names of nodes and search texts are a person's work; the theme and the skipped start are not.
  forget: () => set({ selectedNode: undefined, nodeFilter: initial.nodeFilter }),
}));
