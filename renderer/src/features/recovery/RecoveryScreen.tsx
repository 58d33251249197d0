import { useState } from 'react';
import { Link } from 'react-router';
import type { HeldShare, LastBackup, RecoveryStatus, ShareSet } from '../../../../electron/contract/recovery.ts';
import { useMethod } from '../../host/index.ts';
import { useNow } from '../../state/index.ts';
import {
  AnswerStrip,
  Button,
  Digest,
  EmptyState,
  ErrorMessage,
  KeyValue,
  Page,
  PageHead,
  Section,
  SidePanel,
  Table,
  Waiting,
  WorkArea,
  formatAge,
  formatBytes,
  formatDateTime,
  type Answer,
  type Column,
} from '../../ui/index.ts';
import { BackupDialog } from './BackupDialog.tsx';
import { MakeSharesDialog } from './MakeSharesDialog.tsx';
import { RefreshDialog } from './RefreshDialog.tsx';
import { RehearseDialog, VerifyShareDialog } from './TryDialogs.tsx';
import { missingWords } from './words.ts';

type Dialogs = 'backup' | 'make' | 'refresh' | 'verify' | 'rehearse';

const columns = ({ rehearsedWith }: ShareSet): ReadonlyArray<Column<HeldShare>> => [
  { id: 'index', title: 'Page', width: '64px', cell: ({ index }) => String(index) },
  { id: 'holder', title: 'Held by', width: 'minmax(160px, 1fr)', cell: ({ holder }) => holder },
  {
    id: 'digest',
    title: 'Digest of the share',
    width: '190px',
    cell: ({ index, digest }) => <Digest value={digest} of={`digest of share ${index}`} />,
  },
  {
    id: 'rehearsed',
    title: 'Last rehearsal',
    width: '150px',
    cell: ({ index }) => (
      <span className="dim">
        {rehearsedWith === undefined ? 'none yet' : rehearsedWith.includes(index) ? 'took part' : 'not part of it'}
      </span>
    ),
  },
];

/** The ways back when the computer or the passphrase is lost, and whether they would work today. */
export default function RecoveryScreen() {
  const status = useMethod('recovery.status', {});
  const now = useNow();
  const [dialog, setDialog] = useState<Dialogs>();
  const close = () => setDialog(undefined);
  const again = () => void status.refetch();
  const set = status.data?.set;
  return (
    <Page>
      <PageHead
        title="Recovery"
        note="for the day this computer or the passphrase is lost"
        actions={
          <>
            <Link to="/keys" className="small">
              Back to keys
            </Link>
            <Button onClick={() => setDialog('verify')}>Verify a share</Button>
            {set === undefined ? (
              <Button onClick={() => setDialog('make')}>Make shares</Button>
            ) : (
              <>
                <Button onClick={() => setDialog('rehearse')}>Rehearse</Button>
                <Button onClick={() => setDialog('refresh')}>Refresh shares</Button>
              </>
            )}
            <Button variant="primary" onClick={() => setDialog('backup')}>
              Back up now
            </Button>
          </>
        }
      />
      {status.data === undefined ? null : <AnswerStrip answers={answersOf(status.data, now)} />}
      <WorkArea
        panel={
          <SidePanel label="What is needed">
            <Section title="What brings everything back">
              <p className="dim">
                The backup file, and either its passphrase or enough shares. On a new computer: First start, Restore.
              </p>
              <p className="dim">On this computer shares alone set a new passphrase, from the lock screen.</p>
            </Section>
            <Section title="What is not in a backup">
              <p className="dim">
                Sealed files, models and telemetry. Keep the sealed files as you like: nobody can read them without the
                keys.
              </p>
            </Section>
            <BackupFacts backup={status.data?.backup} />
          </SidePanel>
        }
      >
        {status.isPending ? <Waiting>Reading the vault</Waiting> : null}
        {status.error === null ? null : <ErrorMessage error={status.error.error} />}
        {status.data === undefined ? null : (
          <Section
            title="Who holds the shares"
            note={
              set === undefined
                ? undefined
                : `any ${set.threshold} of ${set.shares.length}; set ${set.setId}, made ${formatDateTime(set.createdAt)}`
            }
            aside={
              set === undefined ? undefined : (
                <Button variant="quiet" onClick={() => setDialog('make')}>
                  Other holders
                </Button>
              )
            }
          >
            {set === undefined ? (
              <EmptyState
                title="No shares yet"
                actions={
                  <Button variant="primary" onClick={() => setDialog('make')}>
                    Make shares
                  </Button>
                }
              >
                If the passphrase is lost, nothing opens the vault. Shares let people you trust open it together, and
                none of them alone.
              </EmptyState>
            ) : (
              <Table
                label="Who holds the shares"
                rows={set.shares}
                columns={columns(set)}
                rowKey={({ index }) => String(index)}
                flush
              />
            )}
          </Section>
        )}
      </WorkArea>
      {dialog === 'backup' ? <BackupDialog onClose={close} onDone={again} /> : null}
      {dialog === 'make' ? <MakeSharesDialog onClose={close} onDone={again} set={set} /> : null}
      <VerifyShareDialog open={dialog === 'verify'} onClose={close} />
      {set === undefined ? null : (
        <>
          <RehearseDialog key={set.setId} open={dialog === 'rehearse'} onClose={close} onDone={again} set={set} />
          {dialog === 'refresh' ? <RefreshDialog onClose={close} onDone={again} set={set} /> : null}
        </>
      )}
    </Page>
  );
}

function BackupFacts({ backup }: { readonly backup: LastBackup | undefined }) {
  if (backup === undefined) return null;
  return (
    <Section title="Last backup">
      <p className="mono small">{backup.path}</p>
      <KeyValue
        items={[
          { name: 'Written', value: formatDateTime(backup.at) },
          { name: 'Size', value: formatBytes(backup.bytes) },
          { name: 'sha256', value: <Digest value={backup.sha256} of="sha256 of the backup" /> },
          { name: 'Opens with', value: backup.ownPassphrase ? 'its own passphrase' : "the vault's passphrase" },
          { name: 'Still there', value: backup.present ? 'yes' : 'not at this path now' },
        ]}
      />
    </Section>
  );
}

/** Three questions with honest answers: what is missing is said first. */
function answersOf({ backup, set }: RecoveryStatus, now: number): Answer[] {
  const missing = backup === undefined ? undefined : missingWords(backup.behind);
  return [
    backup === undefined
      ? {
          question: 'Is there a backup?',
          answer: 'No, never made',
          trust: 'warning',
          second: 'If this disk fails, keys and datasets are gone for good.',
        }
      : {
          question: 'Is there a backup?',
          answer: missing === undefined ? 'Yes, and current' : 'Yes, but it is older',
          detail: formatAge(backup.at, now),
          ...(missing === undefined && !backup.sameDisk && backup.present ? {} : { trust: 'warning' as const }),
          second:
            missing !== undefined
              ? `It does not know: ${missing}.`
              : !backup.present
                ? 'The file is not where it was written. Make sure that it lies somewhere safe.'
                : backup.sameDisk
                  ? 'It lies on the same disk as the vault. Copy it elsewhere.'
                  : 'On another disk than the vault.',
        },
    set === undefined
      ? {
          question: 'If the passphrase is lost?',
          answer: 'No way back',
          trust: 'warning',
          second: 'Nobody holds a share.',
        }
      : {
          question: 'If the passphrase is lost?',
          answer: `${set.threshold} of ${set.shares.length} shares`,
          second: set.shares.map(({ holder }) => holder).join(', '),
        },
    set?.rehearsedAt === undefined
      ? {
          question: 'Would it work?',
          answer: set === undefined ? 'Nothing to try' : 'Never tried',
          ...(set === undefined ? {} : { trust: 'warning' as const }),
          second: set === undefined ? 'Make shares first.' : 'A mistyped or lost page shows only in a rehearsal.',
        }
      : {
          question: 'Would it work?',
          answer: 'It did',
          detail: formatAge(set.rehearsedAt, now),
          second: `Shares ${set.rehearsedWith?.join(' and ') ?? ''} opened the key of the vault.`,
        },
  ];
}
