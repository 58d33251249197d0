import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { TaskView } from '../contract/views.ts';
import { createStreamHub } from './streams.ts';

const task = (id: string, title: string): TaskView => ({ id, kind: 'seal', title, state: 'running' });

describe('streams', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('sends at most ten states a second of a subject, and always the last', () => {
    const hub = createStreamHub({ visible: () => true, onListenerError: () => undefined });
    const seen: string[] = [];
    hub.subscribe('task.changed', ({ id, title }) => seen.push(`${id}${title}`));
    for (let i = 0; i < 1000; i++) {
      hub.emit('task.changed', 'a', () => task('a', String(i)));
      vi.advanceTimersByTime(1);
    }
    hub.emit('task.changed', 'b', () => task('b', '!'));
    vi.advanceTimersByTime(500);
    expect(seen.length).toBeLessThanOrEqual(13);
    expect(seen[0]).toBe('a0');
    expect(seen).toContain('b!');
    expect(seen.filter((item) => item.startsWith('a')).at(-1)).toBe('a999');
    hub.close();
  });

  it('sends nothing but the state of the app while it is locked', () => {
    let open = true;
    const hub = createStreamHub({ visible: () => open, onListenerError: () => undefined });
    const seen: string[] = [];
    hub.subscribe('task.changed', ({ title }) => seen.push(title));
    hub.subscribe('activity', ({ message }) => seen.push(message));
    hub.emit('task.changed', 'a', () => task('a', 'before'));
    hub.emit('task.changed', 'a', () => task('a', 'pending'));
    open = false;
    vi.advanceTimersByTime(1000);
    hub.emit('activity', 'x', () => ({ at: '', subject: '', verb: '', message: 'secret', simulated: false }));
    expect(seen).toEqual(['before']);
    hub.close();
  });

  it('keeps one broken listener from the others', () => {
    const errors: unknown[] = [];
    const hub = createStreamHub({ visible: () => true, onListenerError: (_stream, error) => errors.push(error) });
    const seen: string[] = [];
    hub.subscribe('task.changed', () => {
      throw new Error('broken');
    });
    const stop = hub.subscribe('task.changed', ({ title }) => seen.push(title));
    hub.emit('task.changed', 'a', () => task('a', '1'));
    stop();
    vi.advanceTimersByTime(200);
    hub.emit('task.changed', 'a', () => task('a', '2'));
    expect(seen).toEqual(['1']);
    expect(errors).toHaveLength(2);
    hub.close();
  });
});
