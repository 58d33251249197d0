import type { ComponentProps } from 'react';
import { cx } from './cx.ts';
import { Field, type FieldProps } from './Field.tsx';
import styles from './Field.module.css';

export interface TextAreaProps
  extends
    Pick<FieldProps, 'name' | 'hint' | 'error' | 'caution' | 'hiddenName'>,
    Omit<ComponentProps<'textarea'>, 'name' | 'id'> {
  readonly mono?: boolean;
}

/** Several lines: lists of values, a whole document. */
export function TextArea({ name, hint, error, caution, hiddenName, mono = false, ...area }: TextAreaProps) {
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
          className={cx(styles.input, mono && styles.mono, invalid && styles.bad, area.disabled === true && styles.off)}
        >
          <textarea
            autoComplete="off"
            spellCheck={false}
            {...area}
            id={id}
            aria-describedby={describedBy}
            aria-invalid={invalid || undefined}
          />
        </div>
      )}
    </Field>
  );
}
