import { Select as BaseSelect } from '@base-ui/react/select';
import { useId, type ComponentProps, type ReactNode } from 'react';
import { cx } from './cx.ts';
import { Field, type FieldProps } from './Field.tsx';
import styles from './Field.module.css';

export interface Option<Value extends string> {
  readonly value: Value;
  readonly label: string;
  readonly note?: string;
  readonly disabled?: boolean;
}

export interface SelectProps<Value extends string> extends Pick<
  FieldProps,
  'name' | 'hint' | 'error' | 'caution' | 'hiddenName'
> {
  readonly options: ReadonlyArray<Option<Value>>;
  readonly value: Value | undefined;
  readonly onValue: (value: Value) => void;
  readonly placeholder?: string;
  readonly disabled?: boolean;
}

/** One of a list that may be long. Up to four short choices are better as `Segmented`. */
export function Select<Value extends string>({
  options,
  value,
  onValue,
  placeholder = 'Choose',
  disabled = false,
  ...field
}: SelectProps<Value>) {
  return (
    <Field {...field}>
      {({ id, describedBy }) => (
        <BaseSelect.Root
          id={id}
          value={value ?? null}
          disabled={disabled}
          items={options.map((option) => ({ value: option.value, label: option.label }))}
          onValueChange={(next) => {
            const chosen = options.find((option) => option.value === next);
            if (chosen !== undefined) onValue(chosen.value);
          }}
        >
          <BaseSelect.Trigger className={styles.trigger} aria-describedby={describedBy}>
            <BaseSelect.Value placeholder={placeholder} />
            <svg className={styles.caret} viewBox="0 0 10 10" aria-hidden="true">
              <path d="m2 3.6 3 3 3-3" />
            </svg>
          </BaseSelect.Trigger>
          <BaseSelect.Portal>
            <BaseSelect.Positioner className={styles.positioner} sideOffset={2} alignItemWithTrigger={false}>
              <BaseSelect.Popup className={styles.popup}>
                {options.map((option) => (
                  <BaseSelect.Item
                    key={option.value}
                    value={option.value}
                    disabled={option.disabled === true}
                    className={styles.option}
                  >
                    <BaseSelect.ItemText>{option.label}</BaseSelect.ItemText>
                    {option.note === undefined ? null : <small>{option.note}</small>}
                  </BaseSelect.Item>
                ))}
              </BaseSelect.Popup>
            </BaseSelect.Positioner>
          </BaseSelect.Portal>
        </BaseSelect.Root>
      )}
    </Field>
  );
}

export interface SegmentedProps<Value extends string> {
  readonly label: string;
  readonly options: ReadonlyArray<Option<Value>>;
  readonly value: Value;
  readonly onValue: (value: Value) => void;
}

/** Two to four choices side by side; a radio group for the keyboard. */
export function Segmented<Value extends string>({ label, options, value, onValue }: SegmentedProps<Value>) {
  const group = useId();
  return (
    <fieldset className={styles.segments} aria-label={label}>
      {options.map((option) => (
        <label key={option.value}>
          <input
            type="radio"
            name={group}
            value={option.value}
            checked={option.value === value}
            disabled={option.disabled === true}
            onChange={() => onValue(option.value)}
          />
          {option.label}
        </label>
      ))}
    </fieldset>
  );
}

export interface CheckboxProps extends Omit<ComponentProps<'input'>, 'type'> {
  readonly children: ReactNode;
  /** Second line. */
  readonly note?: ReactNode;
}

export function Checkbox({ children, note, ...input }: CheckboxProps) {
  return (
    <label className={cx(styles.choice, input.disabled === true && styles.choiceOff)}>
      <input {...input} type="checkbox" />
      <span>
        {children}
        {note === undefined ? null : <span className={styles.choiceNote}>{note}</span>}
      </span>
    </label>
  );
}
