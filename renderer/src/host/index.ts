export type { HostClient, HostConnection } from './client.ts';
export { connectHost } from './connect.ts';
export { DownloadLink } from './DownloadLink.tsx';
export { clearForLock } from './follow.ts';
export {
  createQueryClient,
  HostProvider,
  methodQuery,
  useAction,
  useConnection,
  useHost,
  useMethod,
  type MethodOptions,
} from './query.tsx';
export { secretOf } from './secret.ts';
export { askSecurityKey, makeSecurityKey, securityKeySupport } from './security-key.ts';
