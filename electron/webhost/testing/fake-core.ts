import type { StreamName } from '../../contract/methods.ts';
import { err, ok, type Result } from '../../contract/result.ts';
import type { Core, DownloadFile } from '../../core/types.ts';

export interface FakeCore extends Core {
  readonly calls: { name: string; input: unknown; client: string | undefined }[];
  readonly downloads: Map<string, DownloadFile>;
  readonly received: { name: string; bytes: number }[];
  emit(stream: StreamName, event: unknown): void;
  listeners(stream: StreamName): number;
}

/** A core that remembers what hosts asked of it, for tests of hosts only. */
export function createFakeCore(): FakeCore {
  const calls: FakeCore['calls'] = [];
  const downloads = new Map<string, DownloadFile>();
  const received: FakeCore['received'] = [];
  const following = new Map<StreamName, Set<(event: never) => void>>();
  const call = async (
    name: string,
    input: unknown,
    context?: { readonly client: string },
  ): Promise<Result<unknown>> => {
    calls.push({ name, input, client: context?.client });
    return name === 'app.state' ? ok({ version: '0.1.0' }) : err('not_found', `There is no method ${name}.`);
  };
  return {
    calls,
    downloads,
    received,
    call,
    invoke: call as Core['invoke'],
    subscribe(stream, listener) {
      const set = following.get(stream) ?? new Set();
      following.set(stream, set);
      set.add(listener as (event: never) => void);
      return () => void set.delete(listener as (event: never) => void);
    },
    emit(stream, event) {
      for (const listener of following.get(stream) ?? []) listener(event as never);
    },
    listeners: (stream) => following.get(stream)?.size ?? 0,
    takeDownload(id) {
      const file = downloads.get(id);
      downloads.delete(id);
      return file === undefined ? err('not_found', 'There is no such download.') : ok(file);
    },
    async receiveFile(name, content) {
      let bytes = 0;
      for await (const chunk of content) bytes += chunk.length;
      received.push({ name, bytes });
      return ok({ path: `/inbox/${received.length}`, name, bytes });
    },
    close: async () => undefined,
  };
}
