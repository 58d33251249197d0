// @vitest-environment jsdom
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { MemoryRouter } from 'react-router';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AppState } from '../../../electron/contract/views.ts';
import { createQueryClient, HostProvider } from '../host/index.ts';
import { useDrafts, useLayout } from '../state/index.ts';
import { createFixtureHost } from '../testing/fixture-host.ts';
import { makeAppState, makeEvidence, makeNode, makeVerification } from '../testing/sample-views.ts';
import { movingAnswer, topBarAnswers } from './answers.ts';
import { App, forgetWork } from './App.tsx';

beforeEach(() => {
  // jsdom has neither of these; the theme follows the system through one and the map measures through the other.
  vi.stubGlobal('matchMedia', () => ({
    matches: false,
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
  }));
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const locked: AppState['vault'] = { state: 'locked', path: 'vault.db', unlockFailures: 0 };

function start(initial: AppState, path = '/') {
  let state = initial;
  const evidence = makeEvidence('ev-1', makeVerification({ refused: true, node: 'local-secret' }));
  const host = createFixtureHost({
    'app.state': () => state,
    'settings.get': () => ({ theme: 'dark', autoLockMinutes: 15, evidenceRenewSeconds: 30 }) as never,
    'app.activity': () => [],
    'nodes.list': () => [makeNode({ name: 'local-secret', trust: 'refused', reason: 'debug-enabled' })],
    'nodes.evidence': () => evidence,
    'evidence.get': () => evidence,
    'runs.list': () => [],
    'tasks.list': () => [],
  });
  render(
    <HostProvider client={host} queryClient={createQueryClient()} onLock={forgetWork}>
      <MemoryRouter initialEntries={[path]}>
        <App />
      </MemoryRouter>
    </HostProvider>,
  );
  const become = (next: AppState) => {
    state = next;
    act(() => host.push('app.changed', next));
  };
  return { host, become };
}

describe('the gate', () => {
  it('shows the first start without a vault, and no open place in the rail', async () => {
    start(makeAppState({ vault: { ...locked, state: 'absent' } }));
    await screen.findByRole('heading', { name: 'Three steps to a first run' });
    expect(screen.queryByRole('link', { name: 'Runs' })).toBeNull();
    expect(screen.getByRole('button', { name: 'Launch sample job' }).getAttribute('aria-disabled')).toBe('true');
  });

  it('refuses two passphrases that differ without asking the core', async () => {
    const { host } = start(makeAppState({ vault: { ...locked, state: 'absent' } }));
    fireEvent.change(await screen.findByLabelText('Passphrase'), { target: { value: 'harbor velvet notion sixty' } });
    fireEvent.change(screen.getByLabelText('The same again'), { target: { value: 'harbor velvet notion' } });
    fireEvent.submit(screen.getByLabelText('Passphrase').closest('form') as HTMLFormElement);
    await screen.findByText(/The two differ/u);
    expect(host.calls.some((call) => call.method === 'vault.create')).toBe(false);
  });

  it('clears the screen, the drafts and the selection when the vault locks', async () => {
    const { become } = start(makeAppState(), '/nodes');
    await screen.findAllByText('local-secret', undefined, { timeout: 5000 });
    useLayout.getState().selectNode('local-secret');
    useDrafts.getState().setJob({ name: 'draft of a secret' } as never, 1);
    become(makeAppState({ vault: locked }));
    await screen.findByRole('heading', { name: 'Locked' });
    expect(document.body.innerHTML).not.toContain('local-secret');
    expect(useDrafts.getState().job).toBeUndefined();
    expect(useLayout.getState().selectedNode).toBeUndefined();
    become(makeAppState());
    expect(await screen.findByRole('link', { name: 'Nodes' })).toBeTruthy();
  });

  it('opens the evidence of a node and says why it was refused', async () => {
    start(makeAppState(), '/evidence/ev-1');
    await screen.findByText('Contraindicated', undefined, { timeout: 5000 });
    expect(screen.getByRole('heading', { name: 'What was not checked' })).toBeTruthy();
    expect(document.body.textContent).toContain('policy bit 19 clear');
    expect(document.body.innerHTML).not.toContain('url(#nacre-pearl)');
  });
});

describe('keys', () => {
  it('open the palette, the list of keys and the places, but nothing while typing', async () => {
    start(makeAppState(), '/start');
    await screen.findByRole('heading', { name: 'Three steps to a first run' });
    fireEvent.keyDown(window, { key: '?' });
    await screen.findByRole('dialog', { name: 'Keys' });
    fireEvent.click(screen.getByRole('button', { name: 'Close list' }));
    fireEvent.keyDown(window, { key: 'k', ctrlKey: true });
    const search = await screen.findByRole('combobox', { name: 'Search commands' });
    fireEvent.change(search, { target: { value: 'lock' } });
    expect(screen.getByRole('option', { name: /Lock the vault/u })).toBeTruthy();
    fireEvent.keyDown(search, { key: 'g' });
    fireEvent.keyDown(search, { key: 'e' });
    expect(screen.getByRole('heading', { name: 'Three steps to a first run', hidden: true })).toBeTruthy();
  });
});

describe('the top bar', () => {
  it('says what moves, how far it is, and that it is held', () => {
    expect(movingAnswer([])).toBeUndefined();
    const task = {
      id: 't',
      kind: 'upload' as const,
      title: 'Uploading',
      state: 'running' as const,
      progress: { done: 30, total: 60, unit: 'bytes' as const, ratePerSecond: 10, secondsLeft: 3 },
    };
    expect(movingAnswer([task])).toMatchObject({ question: 'Uploading', value: '50 %' });
    expect(movingAnswer([{ ...task, paused: true }, task])).toMatchObject({ value: 'Paused', note: '50 %, 1 more' });
    expect(movingAnswer([{ ...task, state: 'succeeded' }])).toBeUndefined();
  });

  it('always has four answers, and says SIMULATED beside simulated money and nodes', () => {
    const now = Date.parse('2026-11-22T14:02:53Z');
    const answers = topBarAnswers(
      makeAppState({ money: { usdPerHour: 10.2, atRiskUsd: 0.42, simulated: true }, approvals: { waiting: 1 } }),
      now,
    );
    expect(answers.map((answer) => answer.question)).toEqual(['Vault', 'Local network', 'Approvals', 'Money at risk']);
    expect(answers.map((answer) => answer.value)).toEqual(['Unlocked', 'Running', '1 waiting', '$0.17 / min']);
    expect(answers[0]?.note).toBe('locks in 4:12');
    expect(answers[1]?.note).toContain('SIMULATED');
    expect(answers[3]?.note).toBe('$0.42 since checkpoint, SIMULATED');
    expect(topBarAnswers(undefined, now).map((answer) => answer.value)).toEqual([
      'Unknown',
      'Unknown',
      'Unknown',
      'Unknown',
    ]);
  });
});
