export { useNow } from './clock.ts';
export { useDrafts } from './drafts.ts';
export { useLayout, type NodeFilter, type ThemeChoice } from './layout.ts';
