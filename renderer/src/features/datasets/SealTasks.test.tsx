// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, describe, expect, it } from 'vitest';
import type { TaskView } from '../../../../electron/contract/views.ts';
import { createQueryClient, HostProvider } from '../../host/index.ts';
import { createFixtureHost } from '../../testing/fixture-host.ts';
import { SealTasks } from './SealTasks.tsx';

afterEach(cleanup);

const failed = (id: string, message: string): TaskView => ({
  id,
  kind: 'seal',
  title: `Sealing ${id}`,
  state: 'failed',
  error: { code: 'disk_full', message },
});

/** As the core lists them: newest first. */
function show(tasks: readonly TaskView[]) {
  render(
    <HostProvider client={createFixtureHost({ 'tasks.list': () => [...tasks] })} queryClient={createQueryClient()}>
      <SealTasks />
    </HostProvider>,
  );
}

describe('SealTasks', () => {
  it('tells of the newest sealing that failed, until it is dismissed', async () => {
    show([failed('new', 'Disk full now.'), failed('old', 'Disk full then.')]);
    await screen.findByText(/Disk full now\./);
    expect(screen.queryByText(/Disk full then\./)).toBeNull();
    fireEvent.click(screen.getByRole('button', { name: 'Dismiss' }));
    expect(screen.queryByRole('alert')).toBeNull();
  });

  it('says nothing of a failure that a later sealing made good', async () => {
    const note = 'An interrupted sealing of the same data was gone on with: 3 of 9 parts were taken over.';
    show([{ id: 'new', kind: 'seal', title: 'Sealing new', state: 'succeeded', note }, failed('old', 'Disk full.')]);
    await screen.findByText(note);
    expect(screen.queryByRole('alert')).toBeNull();
  });

  it('shows the note of a sealing under way', async () => {
    show([{ id: 'new', kind: 'seal', title: 'Sealing new', state: 'running', note: 'Taken over.' }]);
    await screen.findByText('Taken over.');
  });
});
