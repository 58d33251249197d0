import { useState } from 'react';
import { TextArea } from '../../ui/index.ts';

interface LineListProps {
  readonly name: string;
  readonly values: readonly string[];
  readonly hint: string;
  readonly error?: string | undefined;
  readonly caution?: string | undefined;
  readonly rows?: number;
  readonly parse: (lines: string) => string[];
  readonly onValues: (values: string[]) => void;
}

/** A list of values, one a line. While it has the focus the lines stay as they were typed. */
export function LineList({ name, values, hint, error, caution, rows = 3, parse, onValues }: LineListProps) {
  const [typed, setTyped] = useState<string>();
  return (
    <TextArea
      name={values.length === 0 ? name : `${name} (${values.length})`}
      mono
      rows={rows}
      value={typed ?? values.join('\n')}
      hint={hint}
      error={error}
      caution={caution}
      placeholder="not checked"
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        onValues(parse(event.currentTarget.value));
      }}
      onBlur={() => setTyped(undefined)}
    />
  );
}
