// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import { MemoryRouter } from 'react-router';
import { afterEach, describe, expect, it } from 'vitest';
import { err } from '../../../../electron/contract/result.ts';
import type { JobDraft } from '../../../../electron/contract/job.ts';
import type { DataPreview, DatasetView } from '../../../../electron/contract/views.ts';
import { createQueryClient, HostProvider } from '../../host/index.ts';
import { createFixtureHost, type FixtureHost } from '../../testing/fixture-host.ts';
import { DataStep } from './DataStep.tsx';

afterEach(cleanup);

const dataset: DatasetView = {
  id: 'data-0123456789abcdef',
  name: 'cells',
  sourcePath: '/data/cells.parquet',
  sealedPath: '/profile/datasets/data-0123456789abcdef.age',
  plainBytes: 5000,
  sealedBytes: 5200,
  parts: 1,
  partSize: 4_194_304,
  root: 'ab'.repeat(32),
  rows: 1234,
  columns: ['id', 'label'],
  recipients: ['age1example'],
  sealedAt: '2026-11-22T17:00:00.000Z',
};
const preview: DataPreview = {
  path: dataset.sourcePath,
  name: 'cells.parquet',
  kind: 'file',
  bytes: 5000,
  files: 1,
  kinds: [{ kind: 'parquet', files: 1, bytes: 5000 }],
  table: {
    format: 'parquet',
    columns: [
      { name: 'id', type: 'int32' },
      { name: 'label', type: 'text' },
    ],
    columnCount: 12,
    rows: 1234,
  },
  problems: ['cells.parquet changed.'],
};
const draft = { datasetId: dataset.id, name: 'run', program: { type: 'container' } } as unknown as JobDraft;

function show(host: FixtureHost): void {
  render(
    <HostProvider client={host} queryClient={createQueryClient()}>
      <MemoryRouter>
        <DataStep draft={draft} datasets={[dataset]} dataset={dataset} edit={() => undefined} />
      </MemoryRouter>
    </HostProvider>,
  );
}

describe('the data of a run', () => {
  it('shows kinds of files and the table of the source, and asks for them only when wanted', async () => {
    const host = createFixtureHost({ 'datasets.preview': () => preview });
    show(host);
    expect(host.calls).toEqual([]);
    fireEvent.click(screen.getByRole('button', { name: 'Look into the plain source' }));
    expect(await screen.findByText(/^parquet 1 \(/)).toBeDefined();
    expect(screen.getByText('1,234 rows, 12 columns')).toBeDefined();
    expect(screen.getByText('id (int32), label (text) and 10 more')).toBeDefined();
    expect(screen.getByText('cells.parquet changed.')).toBeDefined();
    expect(host.calls).toEqual([{ method: 'datasets.preview', input: { path: '/data/cells.parquet' } }]);
  });

  it('says when the source is gone', async () => {
    show(createFixtureHost({ 'datasets.preview': () => err('not_found', '/data/cells.parquet is not there.') }));
    fireEvent.click(screen.getByRole('button', { name: 'Look into the plain source' }));
    expect(await screen.findByText('/data/cells.parquet is not there.', { exact: false })).toBeDefined();
  });
});
