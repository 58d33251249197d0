import { CSPProvider } from '@base-ui/react/csp-provider';
import { useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useState } from 'react';
import { matchPath, Navigate, Route, Routes, useLocation, useNavigate } from 'react-router';
import LockScreen from '../features/lock/LockScreen.tsx';
import { clearForLock, useAction, useConnection, useMethod } from '../host/index.ts';
import { useDrafts, useLayout, useNow } from '../state/index.ts';
import {
  Banner,
  Button,
  CommandPalette,
  ErrorMessage,
  KeyHelp,
  MarkDefinitions,
  Page,
  ToastProvider,
  Waiting,
  type Command,
} from '../ui/index.ts';
import { lockWarningSeconds, movingAnswer, secondsToLock, topBarAnswers } from './answers.ts';
import { Frame } from './frame/Frame.tsx';
import { places } from './frame/places.ts';
import { useActivity } from './idle.ts';
import { bindings, useGlobalKeys } from './keys.ts';
import { routes } from './routes.tsx';
import { useTheme } from './theme.ts';

const FirstRunScreen = lazy(() => import('../features/first-run/FirstRunScreen.tsx'));

/** Gives each run and node of the palette no more than a line; longer lists are found on their screens. */
const listedInPalette = 30;

export function App() {
  return (
    <CSPProvider disableStyleElements>
      <ToastProvider>
        <MarkDefinitions />
        <Shell />
      </ToastProvider>
    </CSPProvider>
  );
}

function Shell() {
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const now = useNow();
  const connection = useConnection();
  const state = useMethod('app.state', {});
  const settings = useMethod('settings.get', {});
  const theme = useLayout((layout) => layout.theme);
  const setTheme = useLayout((layout) => layout.setTheme);
  const skipped = useLayout((layout) => layout.firstRunSkipped);
  const touch = useAction('vault.touch');
  const [open, setOpen] = useState<'palette' | 'keys'>();

  const savedTheme = settings.data?.theme;
  useEffect(() => {
    if (savedTheme !== undefined) setTheme(savedTheme);
  }, [savedTheme, setTheme]);
  useTheme(theme);

  const vault = state.data?.vault.state;
  const unlocked = vault === 'unlocked';
  const tasks = useMethod('tasks.list', {}, { enabled: unlocked });
  useClearWhileLocked(vault);
  useActivity(unlocked, () => touch.mutate({}));
  const commands = useCommands(unlocked);
  useGlobalKeys(
    { onPalette: () => setOpen('palette'), onHelp: () => setOpen('keys'), onGo: (path) => void navigate(path) },
    unlocked,
  );

  const route = routes.find((candidate) => matchPath(candidate.path, pathname) !== null);
  const parameters = route === undefined ? {} : (matchPath(route.path, pathname)?.params ?? {});
  const subject = useSubject(unlocked, route?.path, parameters['id']);
  const where =
    vault === 'locked'
      ? [{ name: 'Locked' }]
      : vault === 'absent'
        ? [{ name: 'First start' }]
        : (route?.where({ ...parameters, ...(subject === undefined ? {} : { id: subject }) }) ?? [{ name: 'Nacre' }]);

  if (state.data === undefined) {
    return (
      <Frame open={false} where={[{ name: 'Nacre' }]} answers={topBarAnswers(undefined, now)}>
        {state.error === null ? (
          <Waiting>Asking the core for its state</Waiting>
        ) : (
          <ErrorMessage
            error={state.error.error}
            actions={<Button onClick={() => void state.refetch()}>Try again</Button>}
          />
        )}
      </Frame>
    );
  }

  const left = secondsToLock(state.data, now);
  const moving = unlocked ? movingAnswer(tasks.data ?? []) : undefined;
  const answers = [...(moving === undefined ? [] : [moving]), ...topBarAnswers(state.data, now)];
  const home = state.data.firstRun.sampleJob || skipped ? '/runs' : '/start';
  return (
    <Frame open={unlocked} where={where} answers={answers}>
      <Page>
        {connection === 'closed' ? (
          <Banner kind="unknown" title="No events arrive from the core.">
            What is shown may be old. The connection is tried again every few seconds.
          </Banner>
        ) : null}
        {unlocked && left !== undefined && left <= lockWarningSeconds ? (
          <Banner
            kind="warning"
            title={`The vault locks in ${Math.ceil(left)} s.`}
            action={
              <Button variant="quiet" onClick={() => touch.mutate({})}>
                Keep it open
              </Button>
            }
          >
            Running jobs go on; open views are cleared.
          </Banner>
        ) : null}
        <div className="grow scroll">
          <Suspense fallback={<Waiting>Opening</Waiting>}>
            {vault === 'locked' ? (
              <LockScreen />
            ) : vault === 'absent' ? (
              <FirstRunScreen />
            ) : (
              <Routes>
                {routes.map(({ path, screen: Screen }) => (
                  <Route key={path} path={path} element={<Screen />} />
                ))}
                <Route path="*" element={<Navigate to={home} replace />} />
              </Routes>
            )}
          </Suspense>
        </div>
      </Page>
      <CommandPalette open={unlocked && open === 'palette'} onClose={() => setOpen(undefined)} commands={commands} />
      <KeyHelp open={unlocked && open === 'keys'} onClose={() => setOpen(undefined)} bindings={bindings} />
    </Frame>
  );
}

/** Throws away what a locked window may not hold, even when the event that says so was missed. */
function useClearWhileLocked(vault: 'absent' | 'locked' | 'unlocked' | undefined): void {
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  useEffect(() => {
    if (vault !== 'locked') return;
    clearForLock(queryClient);
    forgetWork();
    void navigate('/', { replace: true });
  }, [vault, queryClient, navigate]);
}

/** Drops drafts, selections and searches; called when the vault locks. */
export function forgetWork(): void {
  useDrafts.getState().forget();
  useLayout.getState().forget();
}

/** The name a person gave to what the page is about, for the top bar; `undefined` until it is known. */
function useSubject(unlocked: boolean, path: string | undefined, id = ''): string | undefined {
  const isRun = path === '/runs/:id';
  const isEvidence = path === '/evidence/:id';
  const run = useMethod('runs.get', { id }, { enabled: unlocked && isRun });
  const evidence = useMethod('evidence.get', { id }, { enabled: unlocked && isEvidence });
  if (isRun) return run.data?.name;
  return isEvidence ? evidence.data?.verification.node : undefined;
}

/** What the palette offers: the places, the acts that need no more words, runs and nodes by name. */
function useCommands(unlocked: boolean): ReadonlyArray<Command> {
  const navigate = useNavigate();
  const runs = useMethod('runs.list', {}, { enabled: unlocked });
  const nodes = useMethod('nodes.list', {}, { enabled: unlocked });
  const lock = useAction('vault.lock');
  const verify = useAction('nodes.verify');
  const startNetwork = useAction('network.start');
  const setSettings = useAction('settings.set');
  const go = (path: string) => () => void navigate(path);
  return [
    {
      id: 'verify-all',
      title: 'Ask all nodes for evidence',
      group: 'Acts',
      note: `${nodes.data?.length ?? 0} nodes`,
      run: () => verify.mutate({}),
    },
    {
      id: 'network-start',
      title: 'Start the local network',
      group: 'Acts',
      note: 'SIMULATED',
      run: () => startNetwork.mutate({}),
    },
    { id: 'lock', title: 'Lock the vault', group: 'Acts', note: 'running jobs go on', run: () => lock.mutate({}) },
    { id: 'theme-dark', title: 'Use the dark theme', group: 'Acts', run: () => setSettings.mutate({ theme: 'dark' }) },
    {
      id: 'theme-light',
      title: 'Use the light theme',
      group: 'Acts',
      run: () => setSettings.mutate({ theme: 'light' }),
    },
    { id: 'run-new', title: 'Design a new run', group: 'Go to', run: go('/runs/new') },
    { id: 'recovery', title: 'Recovery: backups and shares', group: 'Go to', run: go('/keys/recovery') },
    { id: 'start', title: 'First start', group: 'Go to', note: 'sample job', run: go('/start') },
    ...places.map((place): Command => ({
      id: `place-${place.id}`,
      title: place.name,
      group: 'Go to',
      keys: `G ${place.key.toUpperCase()}`,
      run: go(place.path),
    })),
    ...(runs.data ?? []).slice(0, listedInPalette).map((run): Command => ({
      id: `run-${run.id}`,
      title: `Run ${run.name}`,
      group: 'Go to',
      note: run.state,
      run: go(`/runs/${run.id}`),
    })),
    ...(nodes.data ?? []).slice(0, listedInPalette).map((node): Command => ({
      id: `node-${node.name}`,
      title: `Node ${node.name}`,
      group: 'Go to',
      note: `${node.city}, ${node.trust}`,
      run: () => {
        useLayout.getState().selectNode(node.name);
        void navigate('/nodes');
      },
    })),
  ];
}
