import { useEffect, useRef } from 'react';
import type { KeyBinding } from '../ui/index.ts';
import { places } from './frame/places.ts';

export const bindings: ReadonlyArray<KeyBinding> = [
  { keys: 'Ctrl K', does: 'Open the command palette' },
  ...places.map((place) => ({ keys: `G ${place.key.toUpperCase()}`, does: `Go to ${place.name}` })),
  { keys: 'Arrows', does: 'Move in tables, tabs and charts' },
  { keys: 'Enter', does: 'Open the selected row' },
  { keys: 'Esc', does: 'Close what is open' },
  { keys: '?', does: 'List keys' },
];

const sequenceMs = 1500;

export interface GlobalKeyHandlers {
  readonly onPalette: () => void;
  readonly onHelp: () => void;
  readonly onGo: (path: string) => void;
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches('input:not([type=radio]):not([type=checkbox]), textarea, select'))
  );
}

/** `Ctrl K`, `?` and `G` then a letter, for the whole window. Nothing here spends, releases or deletes. */
export function useGlobalKeys(handlers: GlobalKeyHandlers, enabled: boolean): void {
  const latest = useRef(handlers);
  useEffect(() => {
    latest.current = handlers;
  });
  useEffect(() => {
    if (!enabled) return undefined;
    let goPressedAt = Number.NEGATIVE_INFINITY;
    const onKeyDown = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        latest.current.onPalette();
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (event.key === '?') {
        event.preventDefault();
        latest.current.onHelp();
        return;
      }
      const letter = event.key.toLowerCase();
      if (event.timeStamp - goPressedAt < sequenceMs) {
        const place = places.find((candidate) => candidate.key === letter);
        goPressedAt = Number.NEGATIVE_INFINITY;
        if (place !== undefined) {
          event.preventDefault();
          latest.current.onGo(place.path);
        }
      } else if (letter === 'g') goPressedAt = event.timeStamp;
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, [enabled]);
}
