import { useEffect } from 'react';
import type { ThemeChoice } from '../state/index.ts';

const key = 'nacre.theme';

/** The theme of the last session, so that the first frame has the right ground before settings are known. */
export function rememberedTheme(): ThemeChoice {
  const saved = window.localStorage.getItem(key);
  return saved === 'light' || saved === 'dark' ? saved : 'system';
}

/** Puts the theme on the document and follows the system when asked to. */
export function useTheme(choice: ThemeChoice): void {
  useEffect(() => {
    window.localStorage.setItem(key, choice);
    const light = window.matchMedia('(prefers-color-scheme: light)');
    const apply = () => {
      document.documentElement.dataset['theme'] = choice === 'system' ? (light.matches ? 'light' : 'dark') : choice;
    };
    apply();
    if (choice !== 'system') return undefined;
    light.addEventListener('change', apply);
    return () => light.removeEventListener('change', apply);
  }, [choice]);
}
