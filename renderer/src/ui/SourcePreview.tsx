import type { FileKind, TablePreview } from '../../../electron/contract/table-preview.ts';
import type { DataPreview } from '../../../electron/contract/views.ts';
import { formatBytes, formatCount, plural } from './format.ts';
import { KeyValue } from './Values.tsx';

function describeKinds(kinds: readonly FileKind[]): string {
  return kinds.map(({ kind, files, bytes }) => `${kind} ${formatCount(files)} (${formatBytes(bytes)})`).join(', ');
}

/** The first columns with their types; how many more there are. */
function describeColumns({ columns, columnCount }: TablePreview): string {
  const shown = columns.slice(0, 4).map(({ name, type }) => `${name} (${type})`);
  const more = columnCount - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${formatCount(more)} more` : shown.join(', ');
}

/** What is in a source: size, kinds of files, the table if it is one, and what is wrong with it. */
export function SourcePreview({ preview }: { readonly preview: DataPreview }) {
  const { bytes, files, kinds, table, csv, problems } = preview;
  return (
    <>
      <KeyValue
        items={[
          { name: 'Size', value: `${formatBytes(bytes)} in ${plural(files, 'file')}` },
          { name: 'Kinds of files', value: describeKinds(kinds) },
          ...(table === undefined
            ? []
            : [
                {
                  name: 'Table',
                  value: `${formatCount(table.rows)} rows, ${formatCount(table.columnCount)} columns`,
                },
                { name: 'Columns', value: describeColumns(table) },
              ]),
          ...(csv === undefined ? [] : [{ name: 'Numeric columns', value: formatCount(csv.numericColumns) }]),
        ]}
      />
      {problems.map((problem) => (
        <p key={problem} className="small is-warning">
          {problem}
        </p>
      ))}
    </>
  );
}
