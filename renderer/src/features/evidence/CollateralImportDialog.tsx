import { useState } from 'react';
import type { CollateralImport, ImportedItem } from '../../../../electron/contract/collateral.ts';
import { useAction, useMethod } from '../../host/index.ts';
import {
  Banner,
  Button,
  Dialog,
  Digest,
  ErrorMessage,
  FileList,
  plural,
  TextInput,
  Tick,
  TrustMark,
} from '../../ui/index.ts';
import styles from './EvidenceFile.module.css';
import { chosenFile } from './file-draft.ts';
import { collateralName, refusalWords } from './file-words.ts';
import { useFileIntake } from './use-file-intake.ts';

/** Takes in a bundle of a desk, or vendors' own files. Mounted while it is open, so that it starts empty. */
export function CollateralImportDialog({ onClose }: { readonly onClose: () => void }) {
  const [directory, setDirectory] = useState<string>();
  const [paths, setPaths] = useState<ReadonlyArray<string>>([]);
  const [signer, setSigner] = useState('');
  const [source, setSource] = useState('');
  const listing = useMethod('files.browse', directory === undefined ? {} : { directory });
  const take = useAction('collateral.import');
  const look = useAction('collateral.verify');
  const [only] = paths;
  const choose = (next: ReadonlyArray<string>) => {
    setPaths(next);
    take.reset();
    look.reset();
  };
  const intake = useFileIntake((files) => choose([...new Set([...paths, ...files.map(({ path }) => path)])]));
  const toggle = (path: string) =>
    choose(paths.includes(path) ? paths.filter((one) => one !== path) : [...paths, path]);
  const badSigner = signer.trim() !== '' && !/^[0-9a-f]{64}$/iu.test(signer.trim());
  return (
    <Dialog
      open
      onClose={onClose}
      wide
      title="Import collateral"
      description="A bundle of this desk or of one you name, or vendors' own files with the certificates that sign them. Every item is checked by itself."
      actions={
        take.data === undefined ? (
          <>
            <Button onClick={onClose}>Import nothing</Button>
            {paths.length === 1 ? (
              <Button
                working={look.isPending ? 'Looking' : undefined}
                onClick={() => (only === undefined ? undefined : look.mutate({ path: only }))}
              >
                Look into the bundle
              </Button>
            ) : null}
            <Button
              variant="primary"
              off={paths.length === 0 || badSigner ? '' : undefined}
              working={take.isPending ? 'Checking' : undefined}
              onClick={() =>
                take.mutate({
                  paths: [...paths],
                  ...(signer.trim() === '' ? {} : { signer: signer.trim().toLowerCase() }),
                  ...(source.trim() === '' ? {} : { source: source.trim() }),
                })
              }
            >
              {paths.length < 2 ? 'Import file' : `Import ${paths.length} files`}
            </Button>
          </>
        ) : (
          <Button variant="primary" onClick={onClose}>
            Close
          </Button>
        )
      }
    >
      {take.data !== undefined ? (
        <Outcome imported={take.data} />
      ) : (
        // Dropping is one way; the list is the other, and works without a pointer.
        // oxlint-disable-next-line jsx-a11y/no-static-element-interactions -- a drop target, nothing to press
        <div className="stack" {...intake.ground}>
          {listing.error === null ? null : <ErrorMessage inline error={listing.error.error} />}
          <FileList
            listing={listing.data}
            chosen={paths}
            onPath={toggle}
            onDirectory={setDirectory}
            hint="Type a path and press Enter, choose below, or drop files here."
          />
          {paths.length === 0 ? null : (
            <p className="small mono">{paths.map((path) => chosenFile(path).name).join(', ')}</p>
          )}
          <TextInput
            name="Key id of the desk that made the bundle"
            mono
            value={signer}
            placeholder="only for a bundle of another desk"
            hint="64 hex digits, read out to you by its owner; not copied from the bundle."
            error={badSigner ? 'A key id has 64 hex digits.' : undefined}
            onChange={(event) => setSigner(event.currentTarget.value)}
          />
          <TextInput
            name="Where vendors' files were fetched"
            value={source}
            placeholder="https://…"
            hint="Needed for key sets (JWKS), which nobody signs."
            onChange={(event) => setSource(event.currentTarget.value)}
          />
          {intake.error === undefined ? null : <ErrorMessage inline error={intake.error} />}
          {look.error === null ? null : <ErrorMessage inline error={look.error.error} />}
          {look.data === undefined ? null : look.data.signed ? (
            <Banner kind="fact" title={`A bundle of ${plural(look.data.items.length, 'item')}.`}>
              Signed by <Digest value={look.data.signer} of="key id of the signer" /> on{' '}
              {look.data.createdAt.slice(0, 10)}. {look.data.note}{' '}
              {plural(look.data.items.filter(({ genuine }) => !genuine).length, 'item')} not signed by the vendor.
            </Banner>
          ) : (
            <Banner kind="refused" title="The signature of this bundle does not hold.">
              It was changed, or it is not by the desk that it names. Nothing in it is to be believed.
            </Banner>
          )}
          {take.error === null ? null : <ErrorMessage inline error={take.error.error} />}
        </div>
      )}
    </Dialog>
  );
}

function Outcome({ imported }: { readonly imported: CollateralImport }) {
  const count = (outcome: ImportedItem['outcome']) => imported.items.filter((one) => one.outcome === outcome).length;
  const refused = imported.items.filter(({ outcome }) => outcome === 'refused');
  return (
    <div className="stack">
      <p>
        {plural(count('imported'), 'item')} imported, {count('known')} known before, {count('refused')} refused.{' '}
        {imported.signer === undefined ? (
          "Vendors' own files."
        ) : (
          <>
            The bundle is signed by <Digest value={imported.signer} of="key id of the signer" />.
          </>
        )}
      </p>
      {refused.length === 0 ? null : (
        <Banner kind="refused" title={`${plural(refused.length, 'item')} refused.`}>
          {[...new Set(refused.map(({ reason }) => refusalWords(reason)))].join(' ')}
        </Banner>
      )}
      <ul className={styles.outcome} aria-label="What became of each item">
        {imported.items.map(({ item, outcome, detail }) => (
          <li key={`${item.kind}/${item.id}`}>
            {outcome === 'refused' ? <TrustMark trust="refused" title="refused" /> : <Tick title={outcome} />}
            <span>
              {collateralName(item.kind)} <span className="mono">{item.id}</span>
              <span className="faint">{outcome === 'known' ? ', known before' : ''}</span>
              {detail === undefined ? null : <span className="small is-refused"> {detail}</span>}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
