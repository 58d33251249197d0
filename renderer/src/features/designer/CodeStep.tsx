import { useState } from 'react';
import type { BuiltinProgram, JobDraft, Program } from '../../../../electron/contract/job.ts';
import type { DatasetView } from '../../../../electron/contract/views.ts';
import { Segmented, Select, TextInput } from '../../ui/index.ts';
import styles from './Designer.module.css';
import { parseCommand, parseHidden } from './draft.ts';
import { Step } from './Step.tsx';

interface CodeStepProps {
  readonly draft: JobDraft;
  readonly dataset: DatasetView | undefined;
  readonly edit: (change: Partial<JobDraft>) => void;
}

type Kind = 'softmax' | 'network' | 'command';

const kinds = [
  { value: 'softmax', label: 'Softmax regression' },
  { value: 'network', label: 'Small network' },
  { value: 'command', label: 'Command' },
] as const;

function kindOf(program: Program): Kind {
  if (program.type === 'command') return 'command';
  return program.hidden.length === 0 ? 'softmax' : 'network';
}

export function CodeStep({ draft, dataset, edit }: CodeStepProps) {
  const { program } = draft;
  const kind = kindOf(program);
  const setKind = (next: Kind) => {
    if (next === 'command') {
      edit({ program: { type: 'command', command: ['python3', 'train.py'] } });
      return;
    }
    const base: BuiltinProgram =
      program.type === 'builtin'
        ? program
        : {
            type: 'builtin',
            trainer: 'csv-classification',
            target: dataset?.target ?? '',
            hidden: [],
            epochs: 30,
            batchSize: 32,
            learningRate: 0.003,
            heldOutShare: 0.2,
            seed: 7,
          };
    edit({ program: { ...base, hidden: next === 'softmax' ? [] : base.hidden.length === 0 ? [32] : base.hidden } });
  };
  const ready = program.type === 'command' ? program.command.length > 0 : program.target !== '';
  return (
    <Step
      number={2}
      title="Code"
      ready={ready}
      note={
        program.type === 'command'
          ? 'Runs inside the agent'
          : ready
            ? 'Built-in trainer'
            : 'Choose the column to predict'
      }
    >
      <div className={styles.line}>
        <Segmented label="Kind of program" options={kinds} value={kind} onValue={setKind} />
        {program.type === 'builtin' ? (
          <div className={styles.wide}>
            <Select
              name="Column to predict"
              hiddenName
              placeholder="Column to predict"
              value={program.target === '' ? undefined : program.target}
              options={(dataset?.target === undefined ? [] : (dataset.columns ?? [])).map((column) => ({
                value: column,
                label: column,
              }))}
              onValue={(target) => edit({ program: { ...program, target } })}
            />
          </div>
        ) : (
          <CommandField
            command={program.command}
            onCommand={(command) => edit({ program: { type: 'command', command } })}
          />
        )}
      </div>
      {program.type === 'builtin' ? <TrainerFields program={program} draft={draft} edit={edit} /> : null}
    </Step>
  );
}

function CommandField({ command, onCommand }: { command: readonly string[]; onCommand: (command: string[]) => void }) {
  const [text, setText] = useState(command.join(' '));
  return (
    <div className={styles.grow}>
      <TextInput
        name="Command"
        hiddenName
        mono
        value={text}
        hint="Gets DATASET_DIR, OUTPUT_DIR and CHECKPOINT_DIR; prints metrics as JSON lines."
        onChange={(event) => {
          setText(event.currentTarget.value);
          const parsed = parseCommand(event.currentTarget.value);
          if (parsed.length > 0) onCommand(parsed);
        }}
      />
    </div>
  );
}

interface TrainerFieldsProps {
  readonly program: BuiltinProgram;
  readonly draft: JobDraft;
  readonly edit: (change: Partial<JobDraft>) => void;
}

function TrainerFields({ program, draft, edit }: TrainerFieldsProps) {
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

interface NumberFieldProps {
  readonly name: string;
  readonly value: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly fraction?: boolean;
  readonly unit?: string;
  readonly onNumber: (value: number) => void;
}

/** A number kept as text while it is typed; only a value inside the limits reaches the draft. */
export function NumberField({ name, value, minimum, maximum, fraction = false, unit, onNumber }: NumberFieldProps) {
  const [text, setText] = useState(String(value));
  const number = Number(text);
  const good = text.trim() !== '' && number >= minimum && number <= maximum && (fraction || Number.isInteger(number));
  return (
    <TextInput
      name={name}
      value={text}
      inputMode="decimal"
      unit={unit}
      error={good ? undefined : `${minimum} to ${maximum}`}
      onChange={(event) => {
        setText(event.currentTarget.value);
        const next = Number(event.currentTarget.value);
        const fits = next >= minimum && next <= maximum && (fraction || Number.isInteger(next));
        if (event.currentTarget.value.trim() !== '' && fits) onNumber(next);
      }}
    />
  );
}
