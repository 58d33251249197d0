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
});
