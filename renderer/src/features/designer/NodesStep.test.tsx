// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen, within } from '@testing-library/react';
import { MemoryRouter } from 'react-router';
import { afterEach, describe, expect, it } from 'vitest';
import type { JobDraft } from '../../../../electron/contract/job.ts';
import type { NetworkView } from '../../../../electron/contract/networks.ts';
import { makeNode } from '../../testing/sample-views.ts';
import { scriptProgram } from './commands.ts';
import { newDraft } from './draft.ts';
import { NodesStep } from './NodesStep.tsx';

afterEach(cleanup);

const cluster: NetworkView = {
  id: 'ray-1',
  kind: 'ray',
  url: 'http://127.0.0.1:8265',
  accepted: [],
  state: 'connected',
  directory: true,
  nodes: ['a', 'b', 'c'].map((name) => ({
    id: `ray-${name}`,
    address: '127.0.0.1',
    head: false,
    state: 'alive',
    resources: {},
    labels: { 'nacre-node': name },
    agent: { node: name, trust: 'unknown', simulated: true },
  })),
};
const nodes = [
  makeNode({ name: 'a' }),
  makeNode({ name: 'b' }),
  makeNode({ name: 'c', trust: 'refused', reason: 'debug-enabled' }),
];
const draft: JobDraft = {
  ...newDraft([], nodes, 'default'),
  program: scriptProgram({ file: 'train.py', args: [], install: false }),
  nodes: ['a'],
};

function show(change: Partial<JobDraft>, networks: readonly NetworkView[]) {
  const edits: Partial<JobDraft>[] = [];
  render(
    <MemoryRouter>
      <NodesStep
        draft={{ ...draft, ...change }}
        nodes={nodes}
        networks={networks}
        estimate={undefined}
        policies={[]}
        policyId={undefined}
        letThrough={new Set()}
        edit={(edit) => edits.push(edit)}
      />
    </MemoryRouter>,
  );
  return edits;
}

describe('the nodes of a run', () => {
  it('cannot be taken when they were refused, and say why', () => {
    const edits = show({ network: 'ray-1', workers: { count: 2, minimum: 1 } }, [cluster]);
    const refused = screen.getByRole('row', { name: /debug enabled/ });
    expect(within(refused).getByRole<HTMLInputElement>('checkbox').disabled).toBe(true);
    expect(within(refused).getByText('gets no key')).toBeDefined();
    fireEvent.click(screen.getByRole('checkbox', { name: 'Run on b' }));
    expect(edits).toEqual([{ nodes: ['a', 'b'] }]);
    expect(screen.getByText(/It is not trusted/)).toBeDefined();
    expect(screen.getByText('Between the workers nothing is encrypted by Nacre.')).toBeDefined();
    expect(screen.getByText(/One directory of agents is known at a time/)).toBeDefined();
  });

  it('are not there while the dashboard of their cluster does not answer, and that is said with its reason', () => {
    const error = { code: 'unavailable', message: 'The Ray dashboard cannot be reached (ECONNREFUSED).' };
    show({ network: 'ray-1' }, [{ ...cluster, state: 'failed', nodes: [], error }]);
    expect(screen.getByText('http://127.0.0.1:8265 does not answer.')).toBeDefined();
    expect(screen.getByText(/ECONNREFUSED\)\. Its nodes cannot be taken until it does\./)).toBeDefined();
    expect(screen.queryByRole('checkbox')).toBeNull();
  });

  it('of a cluster that was removed are not those of another', () => {
    show({ network: 'ray-2' }, [cluster]);
    expect(screen.getByText('ray-2 is not connected any more.')).toBeDefined();
    expect(screen.queryByRole('checkbox')).toBeNull();
  });

  it('are one where the desk starts one worker: no warning about what is between them', () => {
    show({}, []);
    expect(screen.queryByText(/nothing is encrypted/)).toBeNull();
    expect(screen.getByText(/This desk tells the worker to begin/)).toBeDefined();
  });
});
