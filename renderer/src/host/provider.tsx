import { createContext, use, type ReactNode } from 'react';
import type { HostClient } from './client.ts';

const HostContext = createContext<HostClient | null>(null);

export function HostProvider({ client, children }: { client: HostClient; children: ReactNode }) {
  return <HostContext value={client}>{children}</HostContext>;
}

/** The host client of this window; throws when a screen is drawn outside the app (a bug). */
export function useHost(): HostClient {
  const client = use(HostContext);
  if (client === null) throw new Error('useHost outside HostProvider');
  return client;
}
