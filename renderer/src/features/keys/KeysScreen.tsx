import { useState } from 'react';
import { Link } from 'react-router';
import type { KeyView } from '../../../../electron/contract/keys.ts';
import { useAction, useMethod } from '../../host/index.ts';
import {
  Button,
  Digest,
  ErrorMessage,
  KeyValue,
  Page,
  PageHead,
  ProgressBar,
  Section,
  SidePanel,
  Table,
  Waiting,
  WorkArea,
  formatCount,
  formatDateTime,
  formatDuration,
  plural,
  type Column,
} from '../../ui/index.ts';
import { ChangePassphraseDialog } from './ChangePassphraseDialog.tsx';
import { ExportIdentityDialog } from './ExportIdentityDialog.tsx';
import { ImportKeyDialog, NewKeyDialog } from './KeyDialogs.tsx';
import { KeyPanel } from './KeyPanel.tsx';
import { Ledger } from './Ledger.tsx';
import { UnlockWays } from './UnlockWays.tsx';
import { typeWords, useWords } from './words.ts';

const columns: ReadonlyArray<Column<KeyView>> = [
  {
    id: 'label',
    title: 'Name',
    width: 'minmax(150px, 2fr)',
    cell: (key) => <span className="clip">{key.label}</span>,
    compare: (a, b) => a.label.localeCompare(b.label),
  },
  { id: 'use', title: 'Use', width: '80px', cell: (key) => useWords[key.purpose] },
  {
    id: 'kind',
    title: 'Kind',
    width: 'minmax(96px, 1.2fr)',
    cell: (key) => <span className="clip">{typeWords[key.type]}</span>,
  },
  { id: 'state', title: 'State', width: '90px', cell: (key) => key.state },
  {
    id: 'public',
    title: 'Public part',
    width: '150px',
    cell: (key) => <Digest value={key.publicKey} of={`public part of ${key.label}`} />,
  },
  {
    id: 'last',
    title: 'Last used',
    width: '180px',
    align: 'end',
    optional: true,
    cell: (key) => (
      <span className="dim">{key.lastUsedAt === undefined ? 'never' : formatDateTime(key.lastUsedAt)}</span>
    ),
  },
];

/** Keys of the vault, what protects them, and every use of them. */
export default function KeysScreen() {
  const keys = useMethod('keys.list', {});
  const state = useMethod('app.state', {});
  const lock = useAction('vault.lock');
  const tasks = useMethod('tasks.list', {});
  const rewrap = tasks.data?.find(({ kind, state: at }) => kind === 'rewrap' && at === 'running');
  const [dialog, setDialog] = useState<'new' | 'import' | 'export' | 'change'>();
  const close = () => setDialog(undefined);
  const [chosen, setChosen] = useState<string>();
  const [ledgerKey, setLedgerKey] = useState('');
  const selected = keys.data?.find(({ id }) => id === chosen);
  const vault = state.data?.vault;
  return (
    <Page>
      <PageHead
        title="Keys"
        note={
          keys.data === undefined
            ? undefined
            : `${plural(keys.data.length, 'key')}; a private part leaves the vault only by an export`
        }
        actions={
          <>
            <Button variant="primary" onClick={() => setDialog('new')}>
              New key
            </Button>
            <Button onClick={() => setDialog('import')}>Import key</Button>
            <Button onClick={() => setDialog('export')}>Export dataset identity</Button>
            <Button onClick={() => setDialog('change')}>Change passphrase</Button>
            <Button onClick={() => lock.mutate({})}>Lock vault</Button>
          </>
        }
      />
      <WorkArea
        panel={
          selected !== undefined ? (
            <KeyPanel key={selected.id} of={selected} onLedger={setLedgerKey} />
          ) : (
            <SidePanel label="The vault">
              <Section title="The vault" note={vault?.state}>
                <p className="mono small">{vault?.path}</p>
                <KeyValue
                  items={[
                    {
                      name: 'Argon2id',
                      value:
                        vault?.kdf === undefined
                          ? 'unknown'
                          : `${vault.kdf.memoryMib} MiB, ${plural(vault.kdf.passes, 'pass', 'passes')}`,
                    },
                    {
                      name: 'Last unlock took',
                      value:
                        vault?.kdf?.lastUnlockMs === undefined
                          ? 'not measured'
                          : formatDuration(vault.kdf.lastUnlockMs / 1000),
                    },
                    {
                      name: 'Locks at',
                      value: vault?.locksAt === undefined ? 'not set' : formatDateTime(vault.locksAt),
                    },
                    { name: 'Wrong passphrases', value: formatCount(vault?.unlockFailures ?? 0) },
                  ]}
                />
              </Section>
              <Section title="If this computer is lost">
                <div className="stack">
                  <p>
                    <Link to="/keys/recovery">Backups and recovery shares</Link>
                  </p>
                  <p className="dim">
                    The exported dataset identity opens every dataset, checkpoint and model that was sealed to it, with
                    the standard tool:
                  </p>
                  <p className="mono small">age -d -i identity.txt model.age</p>
                  <p className="dim">Keep it offline. Whoever has it can read all of them.</p>
                </div>
              </Section>
            </SidePanel>
          )
        }
      >
        <Section title="Vault keys">
          {keys.isPending ? <Waiting>Reading the keys</Waiting> : null}
          {keys.error === null ? null : <ErrorMessage error={keys.error.error} />}
          {keys.data === undefined ? null : (
            <Table
              label="Vault keys"
              rows={keys.data}
              columns={columns}
              rowKey={(key) => key.id}
              selected={chosen}
              onSelect={({ id }) => setChosen(id === chosen ? undefined : id)}
              flush
            />
          )}
        </Section>
        {rewrap === undefined ? null : (
          <Section title="Datasets are rewrapped" note="headers and signatures only; sealed data is not touched">
            <ProgressBar title={rewrap.title} progress={rewrap.progress} state="moving" />
          </Section>
        )}
        <UnlockWays />
        <Ledger key={ledgerKey} ofKey={ledgerKey} />
      </WorkArea>
      {dialog === 'new' ? <NewKeyDialog onClose={close} /> : null}
      {dialog === 'import' ? <ImportKeyDialog onClose={close} /> : null}
      {dialog === 'export' ? <ExportIdentityDialog onClose={close} /> : null}
      {dialog === 'change' ? <ChangePassphraseDialog onClose={close} /> : null}
    </Page>
  );
}
