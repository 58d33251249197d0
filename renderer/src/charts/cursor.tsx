import { createContext, use, useMemo, useState, type KeyboardEvent, type PointerEvent, type ReactNode } from 'react';
import type { Scale } from './scale.ts';

interface Cursor {
  readonly x: number | undefined;
  readonly set: (x: number | undefined) => void;
}

const CursorContext = createContext<Cursor | undefined>(undefined);

/** One cursor through every chart and lane inside: moving it in one moves it in all. */
export function ChartCursor({ children }: { readonly children: ReactNode }) {
  const [x, set] = useState<number>();
  const cursor = useMemo(() => ({ x, set }), [x]);
  return <CursorContext value={cursor}>{children}</CursorContext>;
}

/** The shared cursor, or one of the chart's own when nothing shares it. */
export function useCursor(): Cursor {
  const [x, set] = useState<number>();
  const own = useMemo(() => ({ x, set }), [x]);
  return use(CursorContext) ?? own;
}

/**
 * Pointer and keyboard handling of a plot: the pointer picks the nearest of `stops`, arrows step through them, Page
 * keys step by ten, Home and End go to the ends, Esc takes the cursor away.
 */
export function cursorHandlers(cursor: Cursor, scale: Scale, stops: ReadonlyArray<number>) {
  const nearestIndex = (x: number) => {
    let best = 0;
    for (const [index, stop] of stops.entries()) {
      if (Math.abs(stop - x) < Math.abs((stops[best] ?? Number.POSITIVE_INFINITY) - x)) best = index;
    }
    return best;
  };
  const steps: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 };
  return {
    onPointerMove: (event: PointerEvent<HTMLElement>) => {
      const offset = event.clientX - event.currentTarget.getBoundingClientRect().left;
      const x = scale.value(offset);
      const inside = x >= scale.domain[0] && x <= scale.domain[1];
      cursor.set(inside && stops.length > 0 ? stops[nearestIndex(x)] : undefined);
    },
    onPointerLeave: () => cursor.set(undefined),
    onKeyDown: (event: KeyboardEvent<HTMLElement>) => {
      const last = stops.length - 1;
      if (last < 0) return;
      const step = steps[event.key];
      const now = cursor.x === undefined ? last : nearestIndex(cursor.x);
      if (step !== undefined) cursor.set(stops[Math.min(last, Math.max(0, now + (cursor.x === undefined ? 0 : step)))]);
      else if (event.key === 'Home') cursor.set(stops[0]);
      else if (event.key === 'End') cursor.set(stops[last]);
      else if (event.key === 'Escape' && cursor.x !== undefined) cursor.set(undefined);
      else return;
      event.preventDefault();
      event.stopPropagation();
    },
  };
}
