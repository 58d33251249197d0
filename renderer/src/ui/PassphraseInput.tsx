import { useState, type ComponentProps } from 'react';
import { cx } from './cx.ts';
import { Field, type FieldProps } from './Field.tsx';
import styles from './Field.module.css';
import { estimatePassphraseBits, wantedBits } from './passphrase.ts';

export interface PassphraseInputProps
  extends
    Pick<FieldProps, 'name' | 'hint' | 'error'>,
    Omit<ComponentProps<'input'>, 'name' | 'id' | 'type' | 'value' | 'onChange'> {
  readonly value: string;
  readonly onValue: (value: string) => void;
  /** Shows the estimate; for a new passphrase, never where one is asked for again. */
  readonly showStrength?: boolean;
}

const segments = 14;

export function PassphraseInput({
  name,
  hint,
  error,
  value,
  onValue,
  showStrength = false,
  ...input
}: PassphraseInputProps) {
  const [shown, setShown] = useState(false);
  const bits = showStrength ? estimatePassphraseBits(value) : 0;
  const filled = Math.min(segments, Math.round((bits / wantedBits) * 12));
  const strength =
    value === ''
      ? `Four words or more; ${wantedBits} bits are wanted.`
      : `About ${bits} bits of ${wantedBits} wanted. ${
          bits >= wantedBits ? 'Far past any search.' : 'Add another uncommon word.'
        }`;
  return (
    <Field name={name} hint={showStrength ? strength : hint} error={error}>
      {({ id, describedBy, invalid }) => (
        <>
          <div className={cx(styles.input, styles.tall, invalid && styles.bad)}>
            <input
              {...input}
              id={id}
              type={shown ? 'text' : 'password'}
              autoComplete={showStrength ? 'new-password' : 'current-password'}
              autoCapitalize="none"
              autoCorrect="off"
              spellCheck={false}
              value={value}
              onChange={(event) => onValue(event.currentTarget.value)}
              aria-describedby={describedBy}
              aria-invalid={invalid || undefined}
            />
            <button
              type="button"
              className={styles.inside}
              aria-pressed={shown}
              aria-label={shown ? 'Hide passphrase' : 'Show passphrase'}
              onClick={() => setShown(!shown)}
            >
              {shown ? 'Hide' : 'Show'}
            </button>
          </div>
          {showStrength ? (
            <div className={styles.bits} aria-hidden="true">
              {Array.from({ length: segments }, (_, index) => (
                <span key={index} className={cx(index < filled && styles.on)} />
              ))}
            </div>
          ) : null}
        </>
      )}
    </Field>
  );
}
