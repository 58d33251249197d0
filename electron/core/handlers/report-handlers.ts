import { ok } from '../../contract/result.ts';
import { activityOf } from '../activity.ts';
import type { Handlers } from '../router.ts';
import type { Services } from '../services.ts';

type Names =
  'app.state' | 'app.activity' | 'reports.list' | 'reports.exportPack' | 'reports.exportPdf' | 'reports.verifyPack';

export function reportHandlers({ reports, audit, appState }: Services): Pick<Handlers, Names> {
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
  };
}
