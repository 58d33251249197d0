export { DownloadLink } from './DownloadLink.tsx';
export type { HostClient, HostConnection } from './client.ts';
export { connectHost } from './connect.ts';
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
export { clearForLock } from './follow.ts';
