import type { ReactNode } from 'react';

/** The drawings of the rail: 18 by 18, hairlines, always with their word under them. */
export const icons = {
  runs: (
    <>
      <path d="M2.5 2.5v13h13" />
      <path d="M5 6c1.6 5.5 4 6.6 10 7" />
    </>
  ),
  nodes: (
    <>
      <rect x="2.5" y="3" width="13" height="5" />
      <rect x="2.5" y="10" width="13" height="5" />
      <path d="M5 5.5h1.5M5 12.5h1.5M12 5.5h1.5M12 12.5h1.5" />
    </>
  ),
  evidence: (
    <>
      <path d="M10.5 2H4v14h10V5.5L10.5 2v3.5H14" />
      <path d="m6.5 11 1.8 1.8 3.2-4" />
    </>
  ),
  policies: (
    <>
      <path d="M3 4h7M3 9h5M3 14h7" />
      <path d="m12 4 1.4 1.4L16 2.6M12 9l1.4 1.4L16 7.6M12.4 12.4l3.2 3.2M15.6 12.4l-3.2 3.2" />
    </>
  ),
  datasets: (
    <>
      <path d="M3 5.2 9 2l6 3.2v7.6L9 16l-6-3.2z" />
      <path d="M3 5.2 9 8.6l6-3.4M9 8.6V16" />
    </>
  ),
  keys: (
    <>
      <circle cx="6" cy="12" r="3.4" />
      <path d="M8.5 9.5 15 3M12 6l2.4 2.4M10 8l1.8 1.8" />
    </>
  ),
  approvals: (
    <>
      <path d="M2.5 15.5h13M4 12.5c2.5 0 2.5-8 5-8s.5 8 3 8" />
      <path d="m11.5 5 1.6 1.6 3-3.4" />
    </>
  ),
  reports: <path d="M4 2h10v14H4zM6.5 5.5h5M6.5 8.5h5M6.5 11.5h3" />,
  settings: (
    <>
      <path d="M3 5h5M12 5h3M3 13h3M10 13h5" />
      <circle cx="10" cy="5" r="1.9" />
      <circle cx="8" cy="13" r="1.9" />
    </>
  ),
} as const satisfies Readonly<Record<string, ReactNode>>;

export type PlaceId = keyof typeof icons;

export function Icon({ of }: { readonly of: PlaceId }) {
  return (
    <svg viewBox="0 0 18 18" aria-hidden="true">
      {icons[of]}
    </svg>
  );
}

export function Brand() {
  return (
    <svg viewBox="0 0 22 22" role="img" aria-label="Nacre">
      <path d="M11 19.5C5 19.5 2 15 2 10.8 2 6 6 2.5 11 2.5s9 3.5 9 8.3c0 4.2-3 8.7-9 8.7Z" />
      <path d="M11 19.5c-3.8 0-5.8-3.2-5.8-6.2 0-3.3 2.6-5.6 5.8-5.6s5.8 2.3 5.8 5.6c0 3-2 6.2-5.8 6.2Z" />
      <circle cx="11" cy="14.6" r="2.2" fill="var(--text)" stroke="none" />
    </svg>
  );
}
