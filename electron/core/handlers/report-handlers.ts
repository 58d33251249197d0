import { ok } from '../../contract/result.ts';
import { activityOf } from '../activity.ts';
import type { Handlers } from '../router.ts';
import type { Services } from '../services.ts';

type Names =
  | 'app.state'
  | 'app.activity'
  | 'reports.list'
  | 'reports.exportPack'
  | 'reports.exportPdf'
  | 'reports.verifyPack'
  | 'audit.list'
  | 'audit.verify';

export function reportHandlers({ reports, audit, vault, appState }: Services): Pick<Handlers, Names> {
  return {
    'app.state': async () => ok(appState()),
    'app.activity': async ({ limit }) => {
      const entries = audit.newest(limit);
      return entries.ok ? ok(entries.value.map(({ entry }) => activityOf(entry))) : entries;
    },
    'reports.list': async () => reports.list(),
    'reports.exportPack': async ({ runId, path }) => reports.exportPack(runId, path),
    'reports.exportPdf': async ({ runId, path }) => reports.exportPdf(runId, path),
    'reports.verifyPack': async ({ path }) => reports.verifyPack(path),
    'audit.list': async ({ after, limit }) => {
      const entries = audit.list({ after, limit });
      if (!entries.ok) return entries;
      return ok({
        ...audit.head(),
        entries: entries.value.map(({ entry, leafHash }) => {
          const { version: _version, actor: _actor, ...shown } = entry;
          return { ...shown, leafHash };
        }),
      });
    },
    'audit.verify': async () => {
      const signer = vault.signer('audit');
      const head = audit.verify(signer.ok ? signer.value.publicKey : undefined);
      if (head.ok) return ok({ whole: true, ...head.value });
      if (head.error.code !== 'integrity') return head;
      return ok({ whole: false, ...audit.head(), problem: head.error.message });
    },
  };
}
