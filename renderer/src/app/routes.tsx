import { lazy, type ComponentType, type LazyExoticComponent } from 'react';

export interface AppRoute {
  /** Hash route; `:id` and `:name` are parameters. */
  readonly path: string;
  /** What the top bar says; a function of the parameters where they name something. */
  readonly where: (parameters: Readonly<Record<string, string | undefined>>) => ReadonlyArray<{
    readonly name: string;
    readonly path?: string;
  }>;
  readonly screen: LazyExoticComponent<ComponentType>;
}

const at = (name: string) => () => [{ name }];

/** Every screen, each in its own chunk. A feature is reached only from here, never from another feature. */
export const routes: ReadonlyArray<AppRoute> = [
  {
    path: '/start',
    where: at('First start'),
    screen: lazy(() => import('../features/first-run/FirstRunScreen.tsx')),
  },
  { path: '/runs', where: at('Runs'), screen: lazy(() => import('../features/runs/RunsScreen.tsx')) },
  {
    path: '/runs/new',
    where: () => [{ name: 'Runs', path: '/runs' }, { name: 'New run' }],
    screen: lazy(() => import('../features/designer/DesignerScreen.tsx')),
  },
  {
    path: '/runs/:id',
    where: ({ id }) => [{ name: 'Runs', path: '/runs' }, { name: id ?? '' }],
    screen: lazy(() => import('../features/runs/RunScreen.tsx')),
  },
  { path: '/policies', where: at('Policies'), screen: lazy(() => import('../features/policies/PoliciesScreen.tsx')) },
  {
    path: '/policies/new',
    where: () => [{ name: 'Policies', path: '/policies' }, { name: 'New policy' }],
    screen: lazy(() => import('../features/policies/PolicyScreen.tsx')),
  },
  {
    path: '/policies/:id',
    where: ({ id }) => [{ name: 'Policies', path: '/policies' }, { name: id ?? '' }],
    screen: lazy(() => import('../features/policies/PolicyScreen.tsx')),
  },
  { path: '/datasets', where: at('Datasets'), screen: lazy(() => import('../features/datasets/DatasetsScreen.tsx')) },
  { path: '/keys', where: at('Keys'), screen: lazy(() => import('../features/keys/KeysScreen.tsx')) },
  {
    path: '/keys/recovery',
    where: () => [{ name: 'Keys', path: '/keys' }, { name: 'Recovery' }],
    screen: lazy(() => import('../features/recovery/RecoveryScreen.tsx')),
  },
  {
    path: '/approvals',
    where: at('Approvals'),
    screen: lazy(() => import('../features/approvals/ApprovalsScreen.tsx')),
  },
  { path: '/reports', where: at('Reports'), screen: lazy(() => import('../features/reports/ReportsScreen.tsx')) },
  { path: '/settings', where: at('Settings'), screen: lazy(() => import('../features/settings/SettingsScreen.tsx')) },
  { path: '/nodes', where: at('Nodes'), screen: lazy(() => import('../features/nodes/NodesScreen.tsx')) },
  {
    path: '/evidence',
    where: at('Evidence'),
    screen: lazy(() => import('../features/evidence/EvidenceListScreen.tsx')),
  },
  {
    path: '/evidence/file',
    where: () => [{ name: 'Evidence', path: '/evidence' }, { name: 'File' }],
    screen: lazy(() => import('../features/evidence/EvidenceFileScreen.tsx')),
  },
  {
    path: '/evidence/kept/:id',
    where: () => [{ name: 'Evidence', path: '/evidence' }, { name: 'File', path: '/evidence/file' }, { name: 'Kept' }],
    screen: lazy(() => import('../features/evidence/KeptEvidenceScreen.tsx')),
  },
  {
    path: '/evidence/collateral',
    where: () => [{ name: 'Evidence', path: '/evidence' }, { name: 'Collateral' }],
    screen: lazy(() => import('../features/evidence/CollateralScreen.tsx')),
  },
  {
    path: '/evidence/node/:name',
    where: ({ name }) => [{ name: 'Evidence', path: '/evidence' }, { name: name ?? '' }],
    screen: lazy(() => import('../features/evidence/EvidenceScreen.tsx')),
  },
  {
    path: '/evidence/:id',
    where: ({ id }) => [{ name: 'Evidence', path: '/evidence' }, { name: id ?? '' }],
    screen: lazy(() => import('../features/evidence/EvidenceScreen.tsx')),
  },
];
