import { describe, expect, it } from 'vitest';
import { err, ok } from '../contract/result.ts';
import { createTaskRunner } from './tasks.ts';

function runner() {
  const bugs: unknown[] = [];
  let number = 0;
  const tasks = createTaskRunner({
    newId: () => `t${number++}`,
    onChange: () => undefined,
    onBug: (_what, error) => bugs.push(error),
  });
  return { tasks, bugs };
}

describe('tasks', () => {
  it('end as succeeded, failed, cancelled, or as a bug that is named and not shown', async () => {
    const { tasks, bugs } = runner();
    const good = tasks.start('seal', 'good', async ({ progress }) => {
      progress({ done: 1, total: 2, unit: 'bytes' });
      return ok('made');
    });
    const bad = tasks.start('seal', 'bad', async () => err('disk_full', 'The disk is full.', { hint: 'Make room.' }));
    const bug = tasks.start('seal', 'bug', async () => {
      throw new Error('inner detail');
    });
    const long = tasks.start(
      'seal',
      'long',
      ({ signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve(err('cancelled', 'Cancelled.')));
        }),
    );
    expect(good.state).toBe('running');
    expect(tasks.cancel(long.id).ok).toBe(true);
    expect(await tasks.ended(good.id)).toMatchObject({
      value: { state: 'succeeded', resultId: 'made', progress: { done: 1 } },
    });
    expect(await tasks.ended(bad.id)).toMatchObject({ value: { state: 'failed', error: { hint: 'Make room.' } } });
    const broken = await tasks.ended(bug.id);
    expect(broken).toMatchObject({ value: { state: 'failed', error: { code: 'internal' } } });
    expect(JSON.stringify(broken)).not.toContain('inner detail');
    expect(bugs).toHaveLength(1);
    expect(await tasks.ended(long.id)).toMatchObject({ value: { state: 'cancelled' } });
    expect(tasks.cancel(good.id)).toMatchObject({ ok: false, error: { code: 'wrong_state' } });
    expect(tasks.cancel('none')).toMatchObject({ ok: false, error: { code: 'not_found' } });
    expect(tasks.list()[0]?.id).toBe(long.id);
  });

  it('forgets old ones and ends all when closed', async () => {
    const { tasks } = runner();
    for (let i = 0; i < 80; i++) await tasks.ended(tasks.start('seal', `${i}`, async () => ok(undefined)).id);
    expect(tasks.list().length).toBeLessThanOrEqual(50);
    const open = tasks.start(
      'seal',
      'open',
      ({ signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve(err('cancelled', 'Cancelled.')));
        }),
    );
    await tasks.close();
    expect(tasks.list().find(({ id }) => id === open.id)?.state).toBe('cancelled');
  });

  it('are held and go on, when their work can be; a held one can still be cancelled', async () => {
    const { tasks, bugs } = runner();
    const told: boolean[] = [];
    let steps = 0;
    const work = tasks.start(
      'upload',
      'work',
      async ({ signal, unpaused, onPause }) => {
        onPause((paused) => void told.push(paused));
        while (!signal.aborted && steps < 3) {
          await new Promise((wake) => setTimeout(wake, 5));
          await unpaused();
          if (!signal.aborted) steps += 1;
        }
        return signal.aborted ? err('cancelled', 'stopped') : ok('made');
      },
      { pausable: true, subjectId: 'run-1' },
    );
    expect(tasks.pause(work.id)).toMatchObject({
      ok: true,
      value: { paused: true, state: 'running', subjectId: 'run-1' },
    });
    expect(tasks.pause(work.id).ok).toBe(true);
    await new Promise((wake) => setTimeout(wake, 40));
    expect(steps).toBe(0);
    tasks.resume(work.id);
    expect(await tasks.ended(work.id)).toMatchObject({ ok: true, value: { state: 'succeeded', paused: false } });
    expect([steps, told]).toEqual([3, [true, false]]);
    expect(tasks.pause(work.id)).toMatchObject({ ok: false, error: { code: 'wrong_state' } });
    expect(tasks.resume('nobody')).toMatchObject({ ok: false, error: { code: 'not_found' } });
    const firm = tasks.start('launch', 'firm', async () => ok(undefined));
    expect(tasks.pause(firm.id)).toMatchObject({ ok: false, error: { code: 'wrong_state' } });
    const held = tasks.start(
      'upload',
      'held',
      async ({ unpaused, signal }) => {
        await new Promise((wake) => setTimeout(wake, 5));
        await unpaused();
        return signal.aborted ? err('cancelled', 'stopped') : ok(undefined);
      },
      { pausable: true },
    );
    tasks.pause(held.id);
    tasks.cancel(held.id);
    expect(await tasks.ended(held.id)).toMatchObject({ ok: true, value: { state: 'cancelled' } });
    expect(bugs).toEqual([]);
  });
});
