import type { ComponentProps, ReactNode } from 'react';
import { cx } from './cx.ts';
import { Field, type FieldProps } from './Field.tsx';
import styles from './Field.module.css';

type FieldOptions = Pick<FieldProps, 'name' | 'hint' | 'error' | 'caution' | 'hiddenName'>;

export interface TextInputProps extends FieldOptions, Omit<ComponentProps<'input'>, 'name' | 'id'> {
  /** The form name of the input, where a form library registers it. */
  readonly formName?: string;
  readonly unit?: ReactNode;
  readonly mono?: boolean;
  readonly tall?: boolean;
  readonly alignEnd?: boolean;
}

export function TextInput({
  name,
  hint,
  error,
  caution,
  hiddenName,
  formName,
  unit,
  mono = false,
  tall = false,
  alignEnd = false,
  ...input
}: TextInputProps) {
  return (
    <Field
      name={name}
      hint={hint}
      error={error}
      caution={caution}
      {...(hiddenName === undefined ? {} : { hiddenName })}
    >
      {({ id, describedBy, invalid }) => (
        <div
          className={cx(
            styles.input,
            mono && styles.mono,
            tall && styles.tall,
            alignEnd && styles.end,
            invalid && styles.bad,
            input.disabled === true && styles.off,
          )}
        >
          <input
            autoComplete="off"
            spellCheck={false}
            {...input}
            id={id}
            name={formName}
            aria-describedby={describedBy}
            aria-invalid={invalid || undefined}
          />
          {unit === undefined ? null : <span className={styles.unit}>{unit}</span>}
        </div>
      )}
    </Field>
  );
}
