import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { Link, useNavigate } from 'react-router';
import type { JobDraft } from '../../../../electron/contract/job.ts';
import { useAction, useMethod } from '../../host/index.ts';
import { useDrafts } from '../../state/index.ts';
import { Button, EmptyState, ErrorMessage, Page, PageHead, Waiting, formatUsd } from '../../ui/index.ts';
import { BudgetStep } from './BudgetStep.tsx';
import { workersOf } from './candidates.ts';
import { CodeStep } from './CodeStep.tsx';
import { DataStep } from './DataStep.tsx';
import styles from './Designer.module.css';
import { newDraft } from './draft.ts';
import { NodesStep } from './NodesStep.tsx';
import { ReviewStep } from './ReviewStep.tsx';
import { SummaryPanel } from './SummaryPanel.tsx';

/** Designs a run from top to bottom: data, code, nodes, budget, review. The summary at the side follows every edit. */
export default function DesignerScreen() {
  const datasets = useMethod('datasets.list', {});
  const nodes = useMethod('nodes.list', {});
  // Each question goes to the dashboards themselves; no stream tells of them.
  const networks = useMethod('networks.list', {}, { every: 10_000 });
  const policies = useMethod('policies.list', {});
  const requests = useMethod('approvals.list', {});
  const { job: draft, setJob, forget } = useDrafts();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const launch = useAction('jobs.launch');

  const usable = policies.data?.filter(({ retired }) => !retired) ?? [];
  const policy = usable.find((candidate) => candidate.policy.id === draft?.policyId) ?? usable[0];
  const ready = datasets.data !== undefined && nodes.data !== undefined && policy !== undefined;
  useEffect(() => {
    if (draft !== undefined || !ready || datasets.data.length === 0) return;
    setJob(newDraft(datasets.data, nodes.data, policy.policy.id), Date.now());
  }, [draft, ready, datasets.data, nodes.data, policy, setJob]);

  const letThrough = new Set(
    requests.data?.flatMap(({ node, state }) => (node !== undefined && state === 'granted' ? [node] : [])),
  );

  const estimateInput = useDebounced(draft, 150);
  const estimate = useMethod(
    'jobs.estimate',
    { draft: estimateInput ?? placeholderDraft },
    { enabled: estimateInput !== undefined && estimateInput.datasetId !== '' },
  );
  const dataset = useMemo(
    () => datasets.data?.find((candidate) => candidate.id === draft?.datasetId),
    [datasets.data, draft?.datasetId],
  );

  if (ready && datasets.data.length === 0) {
    return (
      <Page>
        <PageHead title="New run" />
        <EmptyState title="No sealed dataset yet." actions={<Link to="/datasets">Seal a dataset</Link>}>
          A run needs a dataset that was sealed on this desk.
        </EmptyState>
      </Page>
    );
  }
  if (draft === undefined || nodes.data === undefined || datasets.data === undefined) {
    return (
      <Page>
        <PageHead title="New run" />
        <Waiting>Reading datasets, nodes and policies</Waiting>
      </Page>
    );
  }

  const problems = estimate.data?.problems ?? [];
  const start = () => {
    launch.mutate(
      { draft },
      {
        onSuccess: ({ runId }) => {
          forget();
          void queries.invalidateQueries({ queryKey: ['runs.list'] });
          void navigate(`/runs/${runId}`);
        },
      },
    );
  };
  const edit = (change: Partial<JobDraft>) => setJob({ ...draft, ...change }, Date.now());

  return (
    <Page>
      <PageHead
        title={draft.name === '' ? 'New run' : draft.name}
        note="draft, not signed"
        actions={
          <Button variant="quiet" onClick={forget}>
            Discard draft
          </Button>
        }
      />
      <div className={styles.work}>
        <div className={styles.steps}>
          <DataStep draft={draft} datasets={datasets.data} dataset={dataset} edit={edit} />
          <CodeStep draft={draft} dataset={dataset} edit={edit} />
          <NodesStep
            draft={draft}
            nodes={nodes.data}
            networks={networks.data}
            estimate={estimate.data}
            policies={usable}
            letThrough={letThrough}
            policyId={policy?.policy.id}
            edit={edit}
          />
          <BudgetStep draft={draft} estimate={estimate.data} edit={edit} />
          <ReviewStep draft={draft} dataset={dataset} nodes={nodes.data} estimate={estimate.data} />
        </div>
        <SummaryPanel
          draft={draft}
          estimate={estimate.data}
          policy={policy?.policy}
          end={
            <>
              {estimate.error === null ? null : <ErrorMessage inline error={estimate.error.error} />}
              {launch.error === null ? null : <ErrorMessage inline error={launch.error.error} />}
              <p className="small dim">
                Launching signs the order, asks {launchWords(draft)} passes. It spends at most{' '}
                {formatUsd(draft.budget.maximumUsd)} and can be stopped at any time.
              </p>
              <Button
                variant="primary"
                tall
                wide
                onClick={start}
                working={launch.isPending ? 'Signing the order' : undefined}
                off={
                  problems.length === 0 && estimate.data !== undefined
                    ? undefined
                    : (problems[0] ?? estimate.error?.error.message ?? 'Waiting for the estimate')
                }
              >
                Sign order and launch
              </Button>
            </>
          }
        />
      </div>
    </Page>
  );
}

/** Who is asked, and what goes to whom. */
function launchWords(draft: JobDraft): string {
  const { count } = workersOf(draft);
  const asked = draft.nodes.slice(0, count).join(', ');
  if (count === 1) {
    return `${asked === '' ? 'the cheapest node' : asked} for fresh evidence and releases the file key only if it`;
  }
  return `${asked === '' ? `the ${count} cheapest nodes` : asked} for fresh evidence and releases the file key to each alone, only if it`;
}

/** Only ever a query key while the estimate is off. */
const placeholderDraft: JobDraft = newDraft([], [], 'none');

function useDebounced<T>(value: T, milliseconds: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return settled;
}
