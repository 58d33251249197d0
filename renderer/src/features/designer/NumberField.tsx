import { useState } from 'react';
import { TextInput } from '../../ui/index.ts';

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
