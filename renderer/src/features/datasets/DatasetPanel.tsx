import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from 'react-router';
import type { DatasetView } from '../../../../electron/contract/views.ts';
import { useAction } from '../../host/index.ts';
import { useDrafts } from '../../state/index.ts';
import {
  Banner,
  Button,
  Digest,
  ErrorMessage,
  KeyValue,
  Section,
  SidePanel,
  formatBytes,
  formatCount,
  formatDateTime,
  plural,
} from '../../ui/index.ts';

export function DatasetPanel({ dataset }: { readonly dataset: DatasetView }) {
  const verify = useAction('datasets.verify');
  const navigate = useNavigate();
  const queries = useQueryClient();
  const { forget } = useDrafts();
  const checked = verify.variables?.id === dataset.id ? verify : undefined;
  const design = () => {
    forget();
    void queries.invalidateQueries({ queryKey: ['datasets.list'] });
    void navigate('/runs/new');
  };
  return (
    <SidePanel
      label={`Dataset ${dataset.name}`}
      actions={
        <>
          <Button variant="primary" onClick={design}>
            Design a run
          </Button>
          <Button
            onClick={() => verify.mutate({ id: dataset.id })}
            working={verify.isPending ? 'Checking parts' : undefined}
          >
            Check every part
          </Button>
        </>
      }
    >
      <Section title={dataset.name} note={`${plural(dataset.parts, 'part')} of ${formatBytes(dataset.partSize)}`}>
        <KeyValue
          items={[
            { name: 'Plain', value: formatBytes(dataset.plainBytes) },
            { name: 'Sealed', value: formatBytes(dataset.sealedBytes) },
            { name: 'Rows', value: dataset.rows === undefined ? 'not a table' : formatCount(dataset.rows) },
            {
              name: 'Columns',
              value: dataset.columns === undefined ? 'not a table' : formatCount(dataset.columns.length),
            },
            { name: 'Sealed at', value: formatDateTime(dataset.sealedAt) },
            { name: 'Merkle root', value: <Digest value={dataset.root} algorithm="sha256" of="Merkle root" /> },
          ]}
        />
      </Section>
      <Section title="Files">
        <p className="label">Plain, stays on this computer</p>
        <p className="mono small">{dataset.sourcePath}</p>
        <p className="label">Sealed, an age v1 file</p>
        <p className="mono small">{dataset.sealedPath}</p>
      </Section>
      <Section title="Recipients" note={`${dataset.recipients.length}; each can open it alone`}>
        <ul>
          {dataset.recipients.map((recipient) => (
            <li key={recipient}>
              <Digest value={recipient} of="recipient" first={10} last={6} />
            </li>
          ))}
        </ul>
      </Section>
      {checked?.data === undefined ? null : checked.data.whole ? (
        <Banner kind="fact" title={`${plural(checked.data.parts, 'part')} whole.`}>
          Every SHA-256 and the root match the signed manifest.
        </Banner>
      ) : (
        <Banner kind="refused" title={`${plural(checked.data.badParts.length, 'part')} changed.`}>
          The sealed file is not the one that was signed: parts {checked.data.badParts.slice(0, 8).join(', ')}. Seal it
          again from the plain file.
        </Banner>
      )}
      {checked?.error === null || checked?.error === undefined ? null : (
        <ErrorMessage inline error={checked.error.error} />
      )}
    </SidePanel>
  );
}
