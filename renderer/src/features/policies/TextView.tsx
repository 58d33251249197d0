import { useRef } from 'react';
import type { PolicyProblem } from '../../../../electron/contract/policy-document.ts';
import { TextArea } from '../../ui/index.ts';
import styles from './Policies.module.css';
import { ProblemList } from './PolicyWords.tsx';

interface TextViewProps {
  readonly text: string;
  readonly problems: readonly PolicyProblem[];
  readonly readOnly: boolean;
  readonly onText: (text: string) => void;
}

/** The policy as strict JSON. Choosing a problem puts the cursor where it stands. */
export function TextView({ text, problems, readOnly, onText }: TextViewProps) {
  const area = useRef<HTMLDivElement>(null);
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  const go = ({ line = 1, column = 1 }: PolicyProblem) => {
    const field = area.current?.querySelector('textarea');
    if (field === null || field === undefined) return;
    const lines = text.split('\n');
    const before = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
    // Columns of the core count characters, offsets of the field count UTF-16 units.
    const inLine = [...(lines[line - 1] ?? '')].slice(0, column - 1).join('').length;
    field.focus();
    field.setSelectionRange(before + inLine, before + (lines[line - 1]?.length ?? inLine));
    field.scrollTop = Math.max(0, (line - 6) * 18);
  };
  return (
    <div className={styles.text} ref={area}>
      {problems.length === 0 ? null : <ProblemList problems={problems} onGo={go} />}
      <TextArea
        name="Policy as JSON"
        mono
        wrap="off"
        readOnly={readOnly}
        value={text}
        error={errors === 0 ? undefined : `${errors} ${errors === 1 ? 'error' : 'errors'}, each with its place above.`}
        hint="Strict JSON: no unknown fields, no repeated names, nothing after the last brace."
        onChange={(event) => onText(event.currentTarget.value)}
      />
    </div>
  );
}
