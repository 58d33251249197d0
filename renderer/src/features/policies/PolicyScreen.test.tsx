// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import { MemoryRouter, Route, Routes } from 'react-router';
import { afterEach, describe, expect, it } from 'vitest';
import type { Policy } from '../../../../electron/contract/policy.ts';
import type { PolicyCheck, PolicyView } from '../../../../electron/contract/policy-document.ts';
import { createQueryClient, HostProvider } from '../../host/index.ts';
import { createFixtureHost } from '../../testing/fixture-host.ts';
import { makeEvidence, makeVerification } from '../../testing/sample-views.ts';
import { ToastProvider } from '../../ui/index.ts';
import PolicyScreen from './PolicyScreen.tsx';

afterEach(cleanup);

const policy: Policy = {
  version: 1,
  id: 'hospital-eu',
  name: 'Hospital EU',
  families: ['snp'],
  snp: {
    minimumTcb: { Genoa: { bootloader: 10, tee: 0, snp: 22, microcode: 84 } },
    vmpl: [0],
    smtAllowed: true,
    migrationAgentAllowed: false,
    provisionalFirmwareAllowed: false,
    requireAliasCheck: true,
    measurements: [],
  },
  gpu: { required: true, architectures: ['hopper'], models: [], requireReferenceMeasurements: true },
  evidenceMaxAgeSeconds: 300,
  acceptSimulated: false,
};
const summary = { demands: ['Accepts AMD SEV-SNP.'], notChecked: ['Does not check the launch measurement.'] };
const view: PolicyView = {
  policy,
  digest: 'ab'.repeat(32),
  builtin: false,
  number: 3,
  retired: false,
  at: '2026-11-22T17:00:00.000Z',
  author: 'QUJD',
  summary,
  problems: [],
};

/** As the core would: text that says `acceptDebug` is no policy. */
function check(text: string): PolicyCheck {
  if (text.includes('acceptDebug')) {
    const message = 'There is no field "acceptDebug" here.';
    return { problems: [{ severity: 'error', place: 'acceptDebug', message, line: 2, column: 18 }], changes: [] };
  }
  const read = JSON.parse(text) as Policy;
  const changed = read.evidenceMaxAgeSeconds !== 300;
  const change = { place: 'evidenceMaxAgeSeconds', title: 'Oldest evidence', before: '300 s', after: '60 s' };
  return {
    policy: read,
    digest: 'cd'.repeat(32),
    summary,
    problems: [],
    changes: changed ? [{ ...change, effect: 'stricter' }] : [],
  };
}

function start(shown: PolicyView = view) {
  const evidence = makeEvidence('ev-1', makeVerification({ refused: false, node: 'local-01' }));
  const host = createFixtureHost({
    'policies.list': () => [shown],
    'policies.check': ({ text }) => check(text),
    'policies.save': () => ({ ...shown, number: shown.number + 1 }),
    'policies.history': () => [],
    'evidence.list': () => [evidence],
    'evidence.reappraise': () => ({
      evidenceId: 'ev-1',
      node: 'local-01',
      simulated: true,
      at: '2026-11-22T13:59:48.000Z',
      before: { policyId: 'local-network', policyDigest: 'ab'.repeat(32), status: 'affirming' },
      after: { ...evidence.verification, status: 'contraindicated', policyId: 'hospital-eu' },
      changes: [{ part: 'cpu0', id: 'snp.vmpl', title: 'Privilege level', before: 'pass', after: 'fail' }],
      unchanged: 41,
      differences: [],
    }),
  });
  render(
    <HostProvider client={host} queryClient={createQueryClient()}>
      <ToastProvider>
        <MemoryRouter initialEntries={[`/policies/${shown.policy.id}`]}>
          <Routes>
            <Route path="/policies/:id" element={<PolicyScreen />} />
          </Routes>
        </MemoryRouter>
      </ToastProvider>
    </HostProvider>,
  );
  return host;
}

describe('a policy on screen', () => {
  it('has no switch for debug, says what it means, and signs only what changed', async () => {
    const host = start();
    await screen.findByText(/Debug: never/u);
    expect(screen.queryByRole('checkbox', { name: /debug/iu })).toBeNull();
    await screen.findByText('Does not check the launch measurement.');
    expect(await screen.findByText('Nothing is changed')).toBeTruthy();
    fireEvent.change(screen.getByLabelText('Oldest evidence'), { target: { value: '60' } });
    await screen.findByText('Stricter.');
    fireEvent.click(screen.getByRole('button', { name: 'Sign version 4' }));
    await screen.findByText('hospital-eu v4 signed');
    const saved = host.calls.find(({ method }) => method === 'policies.save')?.input as { text: string; basis: number };
    expect(saved.basis).toBe(3);
    expect(JSON.parse(saved.text)).toEqual({ ...policy, evidenceMaxAgeSeconds: 60 });
  });

  it('names line and column of an error, goes there, and signs nothing', async () => {
    const host = start();
    fireEvent.click(await screen.findByRole('tab', { name: 'Text' }));
    const area = (await screen.findByLabelText('Policy as JSON')) as HTMLTextAreaElement;
    const text = '{\n  "acceptDebug": true\n}';
    fireEvent.change(area, { target: { value: text } });
    fireEvent.click(await screen.findByRole('button', { name: /line 2:18/u }));
    expect(document.activeElement).toBe(area);
    expect(area.selectionStart).toBe(text.indexOf('true'));
    expect(await screen.findByText('Correct the errors first')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: /Sign version 4/u }));
    expect(host.calls.some(({ method }) => method === 'policies.save')).toBe(false);
    fireEvent.click(screen.getByRole('tab', { name: 'Form' }));
    expect(await screen.findByRole('heading', { name: 'The text has errors' })).toBeTruthy();
  });

  it('tries archived evidence, and shows no pearl for it', async () => {
    const host = start();
    fireEvent.click(await screen.findByRole('tab', { name: 'Try on evidence' }));
    const button = await screen.findByRole('button', { name: 'Try on this evidence' });
    await screen.findByText('Nothing is changed');
    fireEvent.click(button);
    expect(await screen.findByRole('heading', { name: '1 check changes' })).toBeTruthy();
    expect(document.body.textContent).toContain('SIMULATED');
    expect(document.body.innerHTML).not.toContain('url(#nacre-pearl)');
    expect(host.calls.find(({ method }) => method === 'evidence.reappraise')?.input).toMatchObject({
      id: 'ev-1',
      at: 'then',
    });
  });

  it('cannot edit the built-in policy', async () => {
    start({ ...view, builtin: true, number: 0 });
    await screen.findByText(/cannot be edited/u);
    expect(screen.getByLabelText('Oldest evidence').matches(':disabled')).toBe(true);
    expect(screen.queryByRole('button', { name: /Sign|Retire/u })).toBeNull();
  });
});
