// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import { MemoryRouter, Route, Routes } from 'react-router';
import { afterEach, describe, expect, it } from 'vitest';
import type { CollateralView } from '../../../../electron/contract/collateral.ts';
import type { FileVerification } from '../../../../electron/contract/evidence-files.ts';
import { err } from '../../../../electron/contract/result.ts';
import { createQueryClient, HostProvider } from '../../host/index.ts';
import { createFixtureHost } from '../../testing/fixture-host.ts';
import { makeVerification } from '../../testing/sample-views.ts';
import { ToastProvider } from '../../ui/index.ts';
import CollateralScreen from './CollateralScreen.tsx';
import EvidenceFileScreen from './EvidenceFileScreen.tsx';

afterEach(cleanup);

const certificate = {
  subject: 'CN=leaf',
  issuer: 'CN=root',
  serial: '01',
  notBefore: '2026-01-01T00:00:00Z',
  notAfter: '2026-02-01T00:00:00Z',
  sha256: 'ab'.repeat(32),
  key: 'P-384',
  authority: false,
  pinned: false,
};
const verdict = (simulated: boolean): FileVerification => ({
  family: 'snp',
  verification: { ...makeVerification({ refused: false, node: 'report.bin' }), simulated },
  files: [{ name: 'report.bin', kind: 'snp-report', bytes: 1184, sha256: 'cd'.repeat(32), used: true }],
  chains: [
    { name: 'cpu0', certificates: [certificate, { ...certificate, subject: 'CN=root', sha256: 'ef'.repeat(32) }] },
  ],
  collateral: 'none',
});

type Answers = Parameters<typeof createFixtureHost>[0];

function start(path: string, answers: Answers) {
  const host = createFixtureHost({ 'evidence.listKept': () => [], 'policies.list': () => [], ...answers });
  render(
    <HostProvider client={host} queryClient={createQueryClient()}>
      <ToastProvider>
        <MemoryRouter initialEntries={[path]}>
          <Routes>
            <Route path="/file" element={<EvidenceFileScreen />} />
            <Route path="/collateral" element={<CollateralScreen />} />
          </Routes>
        </MemoryRouter>
      </ToastProvider>
    </HostProvider>,
  );
  return host;
}

async function drop(...names: readonly string[]) {
  const files = names.map((name) => new File(['x'], name));
  fireEvent.drop(await screen.findByText('Drop evidence files here'), { dataTransfer: { files, types: ['Files'] } });
}

describe('evidence files on screen', () => {
  it('judges what is dropped by its path, and gives a file no pearl even on real hardware', async () => {
    const host = start('/file', { 'evidence.verifyFiles': () => verdict(false) });
    await drop('report.bin', 'chain.pem');
    await screen.findByText('Affirming');
    expect(host.calls.find(({ method }) => method === 'evidence.verifyFiles')?.input).toEqual({
      paths: ['/dropped/report.bin', '/dropped/chain.pem'],
    });
    expect(screen.getByRole('region', { name: 'What was not checked' }).textContent).toContain('Revocation');
    expect(document.body.innerHTML).not.toContain('url(#nacre-pearl)');
    fireEvent.click(screen.getByRole('tab', { name: 'Certificates 2' }));
    await screen.findByText('not a pinned root');
    expect(screen.getAllByRole('img', { name: /it ended/u })).toHaveLength(2);
  });

  it('names a bad file with its place, and says SIMULATED under test roots', async () => {
    const host = start('/file', {
      'evidence.verifyFiles': ({ testRoots }) =>
        testRoots === undefined ? err('invalid_input', 'x.json is not usable JSON: … at byte 14.') : verdict(true),
    });
    await drop('x.json');
    expect((await screen.findByRole('alert')).textContent).toContain('at byte 14');
    fireEvent.change(screen.getByLabelText('Test roots'), { target: { value: '/root.pem' } });
    fireEvent.click(screen.getByRole('button', { name: 'Judge these files' }));
    await screen.findByText('Affirming');
    expect(document.body.textContent).toContain('SIMULATED');
    expect(host.calls.at(-1)).toBeDefined();
  });
});

describe('collateral on screen', () => {
  const item = (change: Partial<CollateralView>): CollateralView => ({
    kind: 'amd-crl',
    id: 'Genoa',
    source: 'https://kdsintf.amd.com/vcek/v1/Genoa/crl',
    fetchedAt: '2026-11-01T00:00:00Z',
    ageSeconds: 100,
    sha256: 'ab'.repeat(32),
    bytes: 700,
    validFrom: '2026-01-01T00:00:00Z',
    validUntil: '2999-01-01T00:00:00Z',
    state: 'current',
    ...change,
  });

  it('says what has expired and what that means', async () => {
    start('/collateral', {
      'collateral.list': () => [item({}), item({ id: 'Milan', state: 'expired', validUntil: '2026-02-01T00:00:00Z' })],
    });
    expect((await screen.findByText('1 item expired.')).textContent).toBeTruthy();
    expect(screen.getByRole('grid', { name: 'Collateral' }).textContent).toContain('expired');
  });

  it('leads from nothing to an import', async () => {
    start('/collateral', { 'collateral.list': () => [], 'files.browse': () => ({ directory: '/', entries: [] }) });
    fireEvent.click(await screen.findByRole('button', { name: 'Import collateral' }));
    await screen.findByRole('heading', { name: 'Import collateral' });
  });
});
