import type { Verification } from '../../../../electron/contract/evidence.ts';
import { Digest, Table, type Column } from '../../ui/index.ts';
import styles from './Evidence.module.css';

interface Measurement {
  readonly id: string;
  readonly part: string;
  readonly name: string;
  readonly value: string;
}

const columns: ReadonlyArray<Column<Measurement>> = [
  {
    id: 'part',
    title: 'Attester',
    width: '80px',
    cell: (row) => <span className="dim">{row.part}</span>,
  },
  {
    id: 'name',
    title: 'Register',
    width: 'minmax(120px, 1fr)',
    cell: (row) => <span className="mono">{row.name}</span>,
  },
  {
    id: 'value',
    title: 'Found',
    width: 'minmax(200px, 2fr)',
    cell: (row) => <Digest value={row.value} of={row.name} first={20} last={8} />,
  },
];

/** Every register that the evidence states; a press copies the whole value. */
export function MeasurementTable({ verification }: { readonly verification: Verification }) {
  const rows = verification.submodules.flatMap((part) =>
    Object.entries(part.measurements).map(([name, value]) => ({
      id: `${part.name}.${name}`,
      part: part.name,
      name,
      value,
    })),
  );
  return (
    <div className={styles.measurements}>
      <div className={styles.treeHead}>
        <h2>Measurements</h2>
        <span className="small faint">what was measured at launch, as the evidence states it</span>
      </div>
      <Table
        label="Measurements"
        rows={rows}
        rowKey={(row) => row.id}
        empty={<p className={styles.none}>This evidence holds no measurement.</p>}
        columns={columns}
      />
    </div>
  );
}
