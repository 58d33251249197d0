// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { afterEach, expect, it } from 'vitest';
import type { MethodInput } from '../../../../electron/contract/methods.ts';
import { err } from '../../../../electron/contract/result.ts';
import { createQueryClient, HostProvider } from '../../host/index.ts';
import { createFixtureHost } from '../../testing/fixture-host.ts';
import { HealthSourceDialog } from './HealthSourceDialog.tsx';

afterEach(cleanup);

it('tests a source, asks about plain http by its reason, and hands the token over as bytes once', async () => {
  const added: MethodInput<'health.addSource'>[] = [];
  let closed = 0;
  const host = createFixtureHost({
    'nodes.list': () => [],
    'health.testSource': ({ url }) => ({
      url,
      took: 7,
      nodes: [{ node: 'one', gpus: 8, machine: false, simulated: false }],
    }),
    'health.addSource': (input) => {
      added.push(structuredClone(input));
      if (!(input.accept ?? []).includes('plain-http')) {
        return err('not_permitted', 'The address is plain http to another machine.', {
          details: { danger: 'plain-http' },
        });
      }
      return { id: 's', kind: input.kind, url: input.url, accepted: ['plain-http'], state: 'answering' };
    },
  });
  render(
    <HostProvider client={host} queryClient={createQueryClient()}>
      <HealthSourceDialog open onClose={() => (closed += 1)} node="one" />
    </HostProvider>,
  );
  fireEvent.change(screen.getByLabelText('Address'), { target: { value: 'http://gpu:9400' } });
  fireEvent.change(screen.getByLabelText('Password or token, where it asks for one'), { target: { value: 'secret' } });
  fireEvent.click(screen.getByRole('button', { name: 'Test source' }));
  await screen.findByText('It answers, in 7 ms.');
  expect(screen.getByText('one: 8 GPUs, nothing of the machine.')).toBeTruthy();
  fireEvent.click(screen.getByRole('button', { name: 'Add source' }));
  const leave = await screen.findByRole('checkbox');
  expect(closed).toBe(0);
  fireEvent.click(leave);
  fireEvent.click(screen.getByRole('button', { name: 'Add source' }));
  await waitFor(() => expect(closed).toBe(1));
  expect(added.map(({ kind, node, accept }) => [kind, node, accept])).toEqual([
    ['exporter', 'one', []],
    ['exporter', 'one', ['plain-http']],
  ]);
  expect(added.map(({ login }) => new TextDecoder().decode(login?.secret))).toEqual(['secret', 'secret']);
  expect((screen.getByLabelText('Address') as HTMLInputElement).value).toBe('');
});
