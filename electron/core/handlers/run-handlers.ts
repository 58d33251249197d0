import { ok } from '../../contract/result.ts';
import { estimateJob, type EstimateNode } from '../../domain/job/estimate.ts';
import { checkDraft } from '../../domain/job/order.ts';
import { exportFailureReceipt } from '../actions/export-failure-receipt.ts';
import { exportModel } from '../actions/export-model.ts';
import { launchRun } from '../actions/launch-run.ts';
import { launchSample } from '../actions/launch-sample.ts';
import type { Handlers } from '../router.ts';
import { withoutLog, type Services } from '../services.ts';

type Names =
  | 'jobs.estimate'
  | 'jobs.launch'
  | 'jobs.launchSample'
  | 'runs.list'
  | 'runs.get'
  | 'runs.events'
  | 'runs.series'
  | 'runs.resume'
  | 'runs.failureReceipt'
  | 'runs.stop'
  | 'runs.exportModel';

export function runHandlers(services: Services): Pick<Handlers, Names> {
  const { runs, datasets, nodes, telemetry, transfers } = services;
  return {
    'jobs.estimate': async ({ draft }) => {
      const dataset = datasets.forOrder(draft.datasetId);
      if (!dataset.ok) return dataset;
      const checked = checkDraft(draft, dataset.value);
      if (!checked.ok) return checked;
      const candidates = nodes.candidates(draft.nodes);
      // Without a network the estimate still says what is missing, and the transfer and training figures it can.
      if (!candidates.ok && candidates.error.code !== 'unavailable') return candidates;
      const chosen = candidates.ok ? candidates.value : [];
      const priced: EstimateNode[] = [];
      for (const node of draft.nodes.length === 0 ? chosen.slice(0, draft.workers?.count ?? 1) : chosen) {
        const transfer = transfers.estimate(node, dataset.value, draft.bandwidthLimitMbps);
        if (!transfer.ok) return transfer;
        priced.push({ ...node, transfer: transfer.value });
      }
      return ok(estimateJob(draft, dataset.value, priced));
    },
    'jobs.launch': async ({ draft }) => launchRun(services, draft),
    'jobs.launchSample': async () => launchSample(services),
    'runs.list': async () => {
      const list = runs.list();
      return list.ok ? ok(list.value.map(withoutLog)) : list;
    },
    'runs.get': async ({ id }) => runs.get(id),
    'runs.events': async ({ id }) => runs.events(id),
    'runs.series': async ({ id, names, node, maximumPoints }) => {
      const run = runs.get(id);
      if (!run.ok) return run;
      return telemetry.series({ runId: id, names, maximumPoints, ...(node === undefined ? {} : { node }) });
    },
    'runs.resume': async ({ id }) => runs.resume(id),
    'runs.failureReceipt': async ({ id, attempt, path }) => exportFailureReceipt(services, id, attempt, path),
    'runs.stop': async ({ id }) => runs.stop(id),
    'runs.exportModel': async ({ id, directory }) => exportModel(services, id, directory),
  };
}
