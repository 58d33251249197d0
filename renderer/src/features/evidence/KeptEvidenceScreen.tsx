import { useNavigate, useParams } from 'react-router';
import { useMethod } from '../../host/index.ts';
import { useNow } from '../../state/index.ts';
import {
  Banner,
  Button,
  EmptyState,
  ErrorMessage,
  formatAge,
  formatDateTime,
  Page,
  PageHead,
  Section,
  Waiting,
} from '../../ui/index.ts';
import styles from './EvidenceFile.module.css';
import { FileRows, FileVerdict } from './FileVerdict.tsx';

/** Evidence files that were kept: the bytes and the verdict of that day. */
export default function KeptEvidenceScreen() {
  const { id = '' } = useParams();
  const navigate = useNavigate();
  const now = useNow();
  const list = useMethod('evidence.listKept', {});
  const kept = list.data?.find((one) => one.id === id);
  const back = <Button onClick={() => void navigate('/evidence/file')}>Open evidence file</Button>;
  if (kept === undefined) {
    return (
      <Page>
        <PageHead title="Kept evidence" actions={back} />
        {list.error !== null ? (
          <ErrorMessage error={list.error.error} />
        ) : list.data === undefined ? (
          <Waiting>Reading the archive</Waiting>
        ) : (
          <EmptyState title="This evidence is not in the archive" actions={back}>
            It was kept by another profile, or never kept.
          </EmptyState>
        )}
      </Page>
    );
  }
  const { result, keptAt } = kept;
  return (
    <Page>
      <PageHead
        title={<span className="mono">{result.verification.node}</span>}
        note={`kept ${formatDateTime(keptAt)}, ${formatAge(keptAt, now)}`}
        actions={back}
      />
      {result.verification.simulated ? (
        <Banner kind="simulated">Judged under roots of a test authority. This says nothing about hardware.</Banner>
      ) : null}
      <div className={styles.ground}>
        <div className={styles.found}>
          <FileVerdict
            key={id}
            result={result}
            source={{ kind: 'kept', id, files: result.files.map(({ name }) => ({ name })) }}
          />
        </div>
        <aside className={styles.aside} aria-label="Files">
          <Section title="Files" note="as they were judged, with their SHA-256">
            <FileRows result={result} />
          </Section>
        </aside>
      </div>
    </Page>
  );
}
