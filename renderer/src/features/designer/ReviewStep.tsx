import type { JobDraft } from '../../../../electron/contract/job.ts';
import type { DatasetView, Estimate, NodeView } from '../../../../electron/contract/views.ts';
import { Tick, TrustMark, formatBytes, formatDuration, formatUsd } from '../../ui/index.ts';
import { workersOf } from './candidates.ts';
import styles from './Designer.module.css';
import { Step } from './Step.tsx';

interface ReviewStepProps {
  readonly draft: JobDraft;
  readonly dataset: DatasetView | undefined;
  readonly nodes: readonly NodeView[];
  readonly estimate: Estimate | undefined;
}

export function ReviewStep({ draft, dataset, nodes, estimate }: ReviewStepProps) {
  const { count } = workersOf(draft);
  const training = draft.nodes.slice(0, count);
  const verified = training.filter((name) => nodes.some((node) => node.name === name && node.trust === 'verified'));
  const lines = [
    { done: dataset !== undefined, text: 'Dataset is sealed and its manifest is signed' },
    {
      done: training.length > 0 && verified.length === training.length,
      text:
        training.length <= 1
          ? `${training[0] ?? 'A node'} passed the policy when last asked`
          : `${verified.length} of ${training.length} nodes passed the policy when last asked`,
    },
    { done: estimate?.fits === true, text: 'Expected cost is inside the budget' },
    {
      done: dataset !== undefined && dataset.recipients.length > 0,
      text: 'Checkpoints and model come back sealed to your key',
    },
  ];
  const problems = estimate?.problems ?? [];
  const done = lines.filter((line) => line.done).length;
  const steps = [
    { title: 'You sign', when: 'now', note: 'nothing is spent' },
    {
      title: 'Fresh evidence',
      when: 'about 1 s',
      note: count === 1 ? 'one challenge, used once' : 'a challenge for each node',
    },
    {
      title: 'Sealed parts sent',
      when: estimate === undefined ? '' : formatDuration(estimate.transferSeconds),
      note:
        dataset === undefined ? '' : `${formatBytes(dataset.sealedBytes)}${count === 1 ? '' : `, to ${count} nodes`}`,
    },
    {
      title: 'File key released',
      when: 'at once',
      note: count === 1 ? 'bound to this order' : 'bound to order and rank',
    },
    {
      title: 'Training',
      when: estimate === undefined ? '' : formatDuration(estimate.trainSeconds),
      note: estimate === undefined ? '' : formatUsd(estimate.usd),
    },
    { title: 'Model sealed', when: 'at the end', note: 'opened on this desk' },
  ];
  return (
    <Step
      number={5}
      title="Review"
      ready={problems.length === 0 && done === lines.length}
      note={`${done} of ${lines.length} ready`}
    >
      <ul className={styles.review}>
        {lines.map((line) => (
          <li key={line.text}>
            {line.done ? <Tick /> : <TrustMark trust="warning" size="small" title="Not ready" />}
            <span>{line.text}</span>
          </li>
        ))}
        {problems.map((problem) => (
          <li key={problem} className="is-warning">
            <TrustMark trust="warning" size="small" title="Problem" />
            <span>{problem}</span>
          </li>
        ))}
      </ul>
      <p className="small dim">
        Not checked: what the program learns from the data, and whether the model repeats it. The output stays sealed
        until you open it on this desk.
      </p>
      <ol className={styles.sequence}>
        {steps.map((step, index) => (
          <li key={step.title} className={index === 0 ? styles.now : undefined}>
            <span className="label">{step.when}</span>
            <b>{step.title}</b>
            <span className="small dim">{step.note}</span>
          </li>
        ))}
      </ol>
    </Step>
  );
}
