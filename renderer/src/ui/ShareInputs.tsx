import { TextInput } from './TextInput.tsx';

/** What the contract takes for a share: typed groups, or a file of the desk. */
export type GivenShare = { readonly text: string } | { readonly path: string };

/** A whole path begins like one; no group of a share does. */
export function givenShares(lines: readonly string[]): GivenShare[] {
  return lines
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => (/^(\/|[A-Za-z]:[\\/]|\\\\)/.test(line) ? { path: line } : { text: line }));
}

/** One line for each share. Held by the dialog around it, which forgets them when it closes. */
export function ShareInputs({
  lines,
  onLines,
}: {
  readonly lines: readonly string[];
  readonly onLines: (lines: readonly string[]) => void;
}) {
  return (
    <>
      {lines.map((line, at) => (
        <TextInput
          // Shares have no name of their own while they are typed; the place is what stays.
          // oxlint-disable-next-line react/no-array-index-key
          key={at}
          name={lines.length === 1 ? 'Share' : `Share ${at + 1}`}
          mono
          value={line}
          hint={at === 0 ? 'Its 26 groups, or the path of its PDF, a picture of its code, or a text file.' : undefined}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => onLines(lines.with(at, event.currentTarget.value))}
        />
      ))}
    </>
  );
}
