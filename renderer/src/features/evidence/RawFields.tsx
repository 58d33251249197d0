import { useMemo, useState } from 'react';
import type { EvidenceField, InspectedFile } from '../../../../electron/contract/evidence-files.ts';
import { useMethod } from '../../host/index.ts';
import {
  Banner,
  Digest,
  ErrorMessage,
  formatBytes,
  formatCount,
  plural,
  Select,
  Table,
  TextInput,
  Waiting,
  type Column,
} from '../../ui/index.ts';
import styles from './EvidenceFile.module.css';
import { kindName } from './file-words.ts';

/** Files as they lie at the core, or as they were kept. */
export type FileSource =
  | { readonly kind: 'paths'; readonly files: ReadonlyArray<{ readonly name: string; readonly path: string }> }
  | { readonly kind: 'kept'; readonly id: string; readonly files: ReadonlyArray<{ readonly name: string }> };

interface Row extends EvidenceField {
  readonly id: string;
}

const shownOfValue = 48;

const columns: ReadonlyArray<Column<Row>> = [
  {
    id: 'offset',
    title: 'Offset',
    width: '72px',
    align: 'end',
    cell: ({ offset }) => <span className="mono dim">{offset === undefined ? '' : formatCount(offset)}</span>,
  },
  {
    id: 'length',
    title: 'Length',
    width: '60px',
    align: 'end',
    cell: ({ length }) => <span className="mono dim">{length === undefined ? '' : formatCount(length)}</span>,
  },
  {
    id: 'name',
    title: 'Field',
    width: 'minmax(150px, 1fr)',
    cell: ({ name }) => (
      <span className="mono" title={name}>
        {name}
      </span>
    ),
  },
  {
    id: 'value',
    title: 'Value',
    width: 'minmax(160px, 1.6fr)',
    cell: ({ value }) => (
      <span className="mono">{value.length > shownOfValue ? `${value.slice(0, shownOfValue)}…` : value}</span>
    ),
  },
  {
    id: 'meaning',
    title: 'Meaning',
    width: 'minmax(120px, 1.2fr)',
    cell: ({ meaning }) => (
      <span className="dim" title={meaning}>
        {meaning ?? ''}
      </span>
    ),
  },
];

/** Every field of every file, by name and place; nothing here is a statement about trust. */
export function RawFields({ source }: { readonly source: FileSource }) {
  const [file, setFile] = useState(0);
  const index = Math.min(file, source.files.length - 1);
  const chosen = source.files[index];
  const path = source.kind === 'paths' ? (source.files[index]?.path ?? '') : '';
  const id = source.kind === 'kept' ? source.id : '';
  const name = chosen?.name ?? '';
  const fresh = useMethod('evidence.inspectFile', { path }, { enabled: path !== '' });
  const kept = useMethod('evidence.inspectKept', { id, file: name }, { enabled: id !== '' });
  const { data, error } = source.kind === 'paths' ? fresh : kept;
  return (
    <div className={styles.fields}>
      {source.files.length > 1 ? (
        <div className={styles.fieldsHead}>
          <Select
            name="File"
            value={String(index)}
            options={source.files.map((one, at) => ({ value: String(at), label: one.name }))}
            onValue={(value) => setFile(Number(value))}
          />
        </div>
      ) : null}
      {error !== null ? (
        <ErrorMessage error={error.error} />
      ) : data === undefined ? (
        <Waiting>Reading {name}</Waiting>
      ) : (
        <Fields key={data.sha256} file={data} />
      )}
    </div>
  );
}

function Fields({ file }: { readonly file: InspectedFile }) {
  const [search, setSearch] = useState('');
  const [selected, setSelected] = useState<string>();
  const rows = useMemo(
    () =>
      file.parts.flatMap((part, at) =>
        part.fields.map((field, number) => ({
          ...field,
          id: `${at}.${number}`,
          name: file.parts.length > 1 ? `${partName(part.name, file.name)} ${field.name}` : field.name,
        })),
      ),
    [file],
  );
  const words = search.trim().toLowerCase();
  const found =
    words === ''
      ? rows
      : rows.filter(({ name, value, meaning, offset }) =>
          [name, value, meaning ?? '', String(offset ?? '')].some((text) => text.toLowerCase().includes(words)),
        );
  const row = rows.find(({ id }) => id === selected);
  const problems = file.parts.flatMap(({ problem, name }) => (problem === undefined ? [] : [{ ...problem, name }]));
  return (
    <>
      <div className={styles.fieldsHead}>
        <TextInput
          name="Search fields"
          hiddenName
          placeholder="Search name, value, meaning or offset"
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
        />
        <span className="small faint nowrap" role="status">
          {words === ''
            ? plural(rows.length, 'field')
            : `${formatCount(found.length)} of ${plural(rows.length, 'field')}`}
        </span>
      </div>
      {problems.map(({ detail, offset, name }) => (
        <Banner
          key={`${name} ${detail}`}
          kind="refused"
          title={
            offset === undefined ? `${name} stops making sense.` : `${name} stops making sense at offset ${offset}.`
          }
        >
          {detail} What stands before that place is shown.
        </Banner>
      ))}
      <div className={styles.fieldsTable}>
        <Table
          label={`Fields of ${file.name}`}
          fill
          rows={found}
          columns={columns}
          rowKey={({ id }) => id}
          selected={selected}
          onSelect={({ id }) => setSelected(id)}
          empty={
            <p className={styles.none}>
              {rows.length === 0 ? 'Nothing in this file is known by a name.' : `No field says "${search.trim()}".`}
            </p>
          }
        />
      </div>
      <div className={styles.field} role="region" aria-label="The whole value" tabIndex={0}>
        {row === undefined ? (
          <span className="faint">
            {file.parts
              .map((part) => `${kindName(part.kind)}, ${formatBytes(part.bytes)}${wrapped(part.wrapping)}`)
              .join('; ')}
            . Choose a field to see all of its value.
          </span>
        ) : (
          <>
            <div className="between">
              <span className="mono strong">{row.name}</span>
              <Digest value={row.value} of={row.name} first={10} last={6} />
            </div>
            <code>{row.value}</code>
          </>
        )}
      </div>
    </>
  );
}

const wrapped = (wrapping: ReadonlyArray<string>) => (wrapping.length === 0 ? '' : `, as ${wrapping.join(' in ')}`);

/** `attestation.json#cpu.report` → `cpu.report`. */
function partName(name: string, fileName: string): string {
  return name.startsWith(`${fileName}#`) ? name.slice(fileName.length + 1) : name;
}
