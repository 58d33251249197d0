import { useMethod } from '../../host/index.ts';
import { Segmented, Select, TextInput } from '../../ui/index.ts';
import { nonceProblem, timeProblem, type FileOptions } from './file-draft.ts';
import { familyChoices } from './file-words.ts';
import { familyName } from './verdict.ts';

interface FileOptionsFormProps {
  readonly options: FileOptions;
  readonly onOptions: (options: FileOptions) => void;
}

/** Stands for no policy: a choice cannot have an empty value. */
const strict = '(strict)';

/** What the files are judged by. All of it has a default that is strict. */
export function FileOptionsForm({ options, onOptions }: FileOptionsFormProps) {
  const policies = useMethod('policies.list', {});
  const set = (change: Partial<FileOptions>) => onOptions({ ...options, ...change });
  const choices = (policies.data ?? []).filter(({ retired }) => !retired);
  return (
    <div className="stack">
      <Select
        name="What it is"
        value={options.family}
        options={[
          { value: 'auto', label: 'Told from its content' },
          ...familyChoices.map((family) => ({ value: family, label: familyName(family) })),
        ]}
        onValue={(family) => set({ family })}
      />
      <Select
        name="Policy"
        value={options.policyId === '' ? strict : options.policyId}
        options={[
          { value: strict, label: 'Strict, no reference values' },
          ...choices.map(({ policy }) => ({
            value: policy.id,
            label: policy.name,
            ...(policy.acceptSimulated ? { note: 'SIMULATED' } : {}),
          })),
        ]}
        onValue={(chosen) => set({ policyId: chosen === strict ? '' : chosen })}
      />
      <div className="stack">
        <div className="between">
          <span className="label">Clock</span>
          <Segmented
            label="Clock"
            value={options.clock}
            options={[
              { value: 'now', label: 'Now' },
              { value: 'time', label: 'A time' },
            ]}
            onValue={(clock) => set({ clock })}
          />
        </div>
        {options.clock === 'now' ? null : (
          <TextInput
            name="Time to judge at, UTC"
            mono
            value={options.time}
            placeholder="2026-06-29T02:06:37Z"
            error={options.time === '' ? undefined : timeProblem(options)}
            onChange={(event) => set({ time: event.currentTarget.value })}
          />
        )}
      </div>
      <TextInput
        name="Nonce it must answer, hex"
        mono
        value={options.nonce}
        placeholder="not checked"
        error={nonceProblem(options)}
        onChange={(event) => set({ nonce: event.currentTarget.value })}
      />
      <TextInput
        name="Test roots"
        mono
        value={options.testRoots}
        placeholder="vendors' pinned roots"
        hint="Path of a test authority's root certificate. Everything under it is SIMULATED."
        onChange={(event) => set({ testRoots: event.currentTarget.value })}
      />
    </div>
  );
}
