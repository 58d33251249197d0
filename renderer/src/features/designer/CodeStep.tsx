import { useState } from 'react';
import type { JobDraft, Program } from '../../../../electron/contract/job.ts';
import type { DatasetView } from '../../../../electron/contract/views.ts';
import { Segmented, Select, TextInput } from '../../ui/index.ts';
import { formatCommand, parseCommand, readScript, scriptProgram } from './commands.ts';
import styles from './Designer.module.css';
import { builtinProgram } from './draft.ts';
import { ScriptFields } from './ScriptFields.tsx';
import { Step } from './Step.tsx';
import { TrainerFields } from './TrainerFields.tsx';

interface CodeStepProps {
  readonly draft: JobDraft;
  readonly dataset: DatasetView | undefined;
  readonly edit: (change: Partial<JobDraft>) => void;
}

type Kind = 'softmax' | 'network' | 'script' | 'command';

const kinds = [
  { value: 'softmax', label: 'Softmax regression' },
  { value: 'network', label: 'Small network' },
  { value: 'script', label: 'Python script' },
  { value: 'command', label: 'Command' },
] as const;

function kindOf(program: Program): Kind {
  if (program.type === 'command') return readScript(program) === undefined ? 'command' : 'script';
  return program.hidden.length === 0 ? 'softmax' : 'network';
}

export function CodeStep({ draft, dataset, edit }: CodeStepProps) {
  const { program } = draft;
  const kind = kindOf(program);
  const script = readScript(program);
  const setKind = (next: Kind) => {
    if (next === 'script') {
      edit({ program: scriptProgram({ file: 'train.py', args: [], install: false }) });
    } else if (next === 'command') {
      edit({ program: { type: 'command', command: ['python3', 'train.py'] } });
    } else {
      const base = program.type === 'builtin' ? program : builtinProgram(dataset);
      const hidden = next === 'softmax' ? [] : base.hidden.length === 0 ? [32] : base.hidden;
      // It trains on one node, started by the desk.
      edit({ program: { ...base, hidden }, workers: undefined, network: undefined });
    }
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
        ) : null}
        {program.type === 'command' && script === undefined ? (
          <CommandField
            command={program.command}
            onCommand={(command) => edit({ program: { type: 'command', command } })}
          />
        ) : null}
      </div>
      {program.type === 'builtin' ? <TrainerFields program={program} draft={draft} edit={edit} /> : null}
      {script === undefined ? null : (
        <ScriptFields
          key={dataset?.id}
          script={script}
          dataset={dataset}
          onScript={(next) => edit({ program: scriptProgram(next) })}
        />
      )}
    </Step>
  );
}

function CommandField({ command, onCommand }: { command: readonly string[]; onCommand: (command: string[]) => void }) {
  const [text, setText] = useState(formatCommand(command));
  return (
    <div className={styles.grow}>
      <TextInput
        name="Command"
        hiddenName
        mono
        value={text}
        hint="No shell reads it. It gets DATASET_DIR, OUTPUT_DIR and CHECKPOINT_DIR, and prints metrics as JSON lines or logs them with mlflow."
        onChange={(event) => {
          setText(event.currentTarget.value);
          const parsed = parseCommand(event.currentTarget.value);
          if (parsed.length > 0) onCommand(parsed);
        }}
      />
    </div>
  );
}
