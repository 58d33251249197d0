import { useEffect, useRef } from 'react';

/** Using the window puts the auto-lock off; the core is told at most this often. */
const tellEveryMs = 20_000;

/** Calls `onUse` when a person presses, types, scrolls or moves, while `enabled`. */
export function useActivity(enabled: boolean, onUse: () => void): void {
  const latest = useRef(onUse);
  useEffect(() => {
    latest.current = onUse;
  });
  useEffect(() => {
    if (!enabled) return undefined;
    let toldAt = performance.now();
    const notice = () => {
      if (performance.now() - toldAt < tellEveryMs) return;
      toldAt = performance.now();
      latest.current();
    };
    const kinds = ['pointerdown', 'pointermove', 'keydown', 'wheel'] as const;
    for (const kind of kinds) window.addEventListener(kind, notice, { passive: true });
    return () => {
      for (const kind of kinds) window.removeEventListener(kind, notice);
    };
  }, [enabled]);
}
