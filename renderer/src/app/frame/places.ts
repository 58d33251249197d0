import type { PlaceId } from './icons.tsx';

export interface Place {
  readonly id: PlaceId;
  readonly name: string;
  readonly path: string;
  /** The letter after `G`. */
  readonly key: string;
}

/** The rail, top to bottom; Settings stands at its foot. */
export const places: ReadonlyArray<Place> = [
  { id: 'runs', name: 'Runs', path: '/runs', key: 'r' },
  { id: 'nodes', name: 'Nodes', path: '/nodes', key: 'n' },
  { id: 'evidence', name: 'Evidence', path: '/evidence', key: 'e' },
  { id: 'policies', name: 'Policies', path: '/policies', key: 'o' },
  { id: 'datasets', name: 'Datasets', path: '/datasets', key: 'd' },
  { id: 'keys', name: 'Keys', path: '/keys', key: 'k' },
  { id: 'approvals', name: 'Approvals', path: '/approvals', key: 'a' },
  { id: 'reports', name: 'Reports', path: '/reports', key: 'p' },
  { id: 'settings', name: 'Settings', path: '/settings', key: 's' },
];
