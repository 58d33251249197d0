import { useState } from 'react';
import type { ShareSet } from '../../../../electron/contract/recovery.ts';
import { secretOf, useAction } from '../../host/index.ts';
import { Banner, Checkbox, PassphraseDialog, Select, TextInput } from '../../ui/index.ts';

const counts = ['2', '3', '5', '7'] as const;
type Count = (typeof counts)[number];
/** A usual choice for each number of holders: a majority. */
const majority: Readonly<Record<Count, string>> = { '2': '2', '3': '2', '5': '3', '7': '4' };

interface MakeSharesDialogProps {
  readonly onClose: () => void;
  readonly onDone: () => void;
  /** The set that works now; a new one takes its place. */
  readonly set: ShareSet | undefined;
}

/** How many, who holds them, and where the pages go: a new set, or a refresh for the same holders. */
export function MakeSharesDialog({ onClose, onDone, set }: MakeSharesDialogProps) {
  const [count, setCount] = useState<Count>('3');
  const [threshold, setThreshold] = useState('2');
  const [holders, setHolders] = useState<readonly string[]>(['', '', '']);
  const [folder, setFolder] = useState('');
  const [textFiles, setTextFiles] = useState(false);
  const make = useAction('shares.make', { onDone });
  const choose = (next: Count) => {
    setCount(next);
    setThreshold(majority[next]);
    setHolders(Array.from({ length: Number(next) }, (_, at) => holders[at] ?? set?.shares[at]?.holder ?? ''));
  };
  const named = holders.every((holder) => holder.trim() !== '');
  const done = make.data;
  return (
    <PassphraseDialog
      onClose={onClose}
      wide
      title={done === undefined ? 'Make recovery shares' : 'The pages are written'}
      description={
        done === undefined
          ? 'A recovery key is split, not your passphrase. Enough pages together open the vault; fewer say nothing about it.'
          : undefined
      }
      keep="Not now"
      act="Make shares and write the pages"
      missing={!named ? 'Name every holder.' : folder === '' ? 'Name a folder.' : undefined}
      working={make.isPending ? 'Splitting the key' : undefined}
      error={make.error?.error}
      onAct={(passphrase) =>
        make.mutate({
          passphrase: secretOf(passphrase),
          folder,
          textFiles,
          threshold: Number(threshold),
          holders: [...holders],
        })
      }
      done={
        done === undefined ? undefined : (
          <div className="stack">
            <Banner kind="fact" title={`Any ${done.set.threshold} of ${done.set.shares.length} open the vault.`}>
              Print each page, give it to its holder, verify it here once, then delete the files.
            </Banner>
            <ul>
              {done.files.map(({ index, holder, path }) => (
                <li key={index}>
                  {holder}: <span className="mono">{path}</span>
                </li>
              ))}
            </ul>
          </div>
        )
      }
    >
      {set === undefined ? null : (
        <Banner kind="warning" title={`The ${set.shares.length} pages made before stop working.`}>
          They still open backups that were written while they were current.
        </Banner>
      )}
      <Select
        name="How many pages"
        value={count}
        onValue={choose}
        options={counts.map((value) => ({ value, label: value }))}
      />
      <Select
        name="How many of them open the vault"
        value={threshold}
        onValue={setThreshold}
        options={Array.from({ length: Number(count) - 1 }, (_, at) => ({
          value: String(at + 2),
          label: String(at + 2),
        }))}
      />
      {holders.map((holder, at) => (
        <TextInput
          // oxlint-disable-next-line react/no-array-index-key -- the place is the identity of a page
          key={at}
          name={`Page ${at + 1} is held by`}
          value={holder}
          maxLength={80}
          onChange={(event) => setHolders(holders.with(at, event.currentTarget.value))}
        />
      ))}
      <TextInput
        name="Folder for the pages"
        mono
        value={folder}
        placeholder="/home/me/kit"
        hint="One PDF a page, with a code and the share as text. They never pass this window."
        onChange={(event) => setFolder(event.currentTarget.value)}
      />
      <Checkbox checked={textFiles} onChange={(event) => setTextFiles(event.currentTarget.checked)}>
        A text file of each share, too
      </Checkbox>
    </PassphraseDialog>
  );
}
