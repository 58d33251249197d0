export type { HostClient, HostConnection } from './client.ts';
export { connectHost } from './connect.ts';
export { DownloadLink } from './DownloadLink.tsx';
export { clearForLock } from './follow.ts';
export {
  createQueryClient,
  HostError,
  HostProvider,
  methodQuery,
  useAction,
  useConnection,
  useHost,
  useMethod,
  useStream,
  type MethodOptions,
} from './query.tsx';
