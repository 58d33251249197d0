import { useState } from 'react';
import type { BuiltinProgram, JobDraft } from '../../../../electron/contract/job.ts';
import { TextInput } from '../../ui/index.ts';
import styles from './Designer.module.css';
import { parseHidden } from './draft.ts';
import { NumberField } from './NumberField.tsx';

interface TrainerFieldsProps {
  readonly program: BuiltinProgram;
  readonly draft: JobDraft;
  readonly edit: (change: Partial<JobDraft>) => void;
}

/** The built-in trainer's figures. */
export function TrainerFields({ program, draft, edit }: TrainerFieldsProps) {
  const [hidden, setHidden] = useState(program.hidden.join(', '));
  const hiddenSizes = parseHidden(hidden);
  const change = (part: Partial<BuiltinProgram>) => edit({ program: { ...program, ...part } });
  return (
    <div className={styles.numbers}>
      {program.hidden.length === 0 ? null : (
        <TextInput
          name="Hidden layers"
          value={hidden}
          mono
          error={hiddenSizes === null ? 'Sizes such as 32, 16.' : undefined}
          onChange={(event) => {
            setHidden(event.currentTarget.value);
            const sizes = parseHidden(event.currentTarget.value);
            if (sizes !== null && sizes.length > 0) change({ hidden: sizes });
          }}
        />
      )}
      <NumberField
        name="Epochs"
        value={program.epochs}
        minimum={1}
        maximum={10_000}
        onNumber={(epochs) => change({ epochs })}
      />
      <NumberField
        name="Batch, rows"
        value={program.batchSize}
        minimum={1}
        maximum={65_536}
        onNumber={(batchSize) => change({ batchSize })}
      />
      <NumberField
        name="Learning rate"
        value={program.learningRate}
        minimum={0.000001}
        maximum={10}
        fraction
        onNumber={(learningRate) => change({ learningRate })}
      />
      <NumberField
        name="Held out, share"
        value={program.heldOutShare}
        minimum={0.05}
        maximum={0.5}
        fraction
        onNumber={(heldOutShare) => change({ heldOutShare })}
      />
      <NumberField
        name="Seed"
        value={program.seed}
        minimum={0}
        maximum={2 ** 31 - 1}
        onNumber={(seed) => change({ seed })}
      />
      <NumberField
        name="Checkpoint, steps"
        value={draft.checkpointEverySteps}
        minimum={1}
        maximum={1_000_000}
        onNumber={(checkpointEverySteps) => edit({ checkpointEverySteps })}
      />
    </div>
  );
}
