import { useState } from 'react';
import type { KeyFormat, KeyPurpose, KeyType, KeyView } from '../../../../electron/contract/keys.ts';
import { secretOf, useAction, useMethod } from '../../host/index.ts';
import {
  Button,
  Checkbox,
  Dialog,
  ErrorMessage,
  FileList,
  PassphraseDialog,
  Segmented,
  Select,
  TextInput,
  Waiting,
  plural,
  useToasts,
} from '../../ui/index.ts';
import { effectSentences, endOfDay, formatOptions, purposeOptions, typeWords, typesFor } from './words.ts';

interface DialogProps {
  readonly onClose: () => void;
}
interface KeyDialogProps extends DialogProps {
  readonly of: KeyView;
}

const badDay = (day: string) =>
  day !== '' && endOfDay(day) === undefined ? 'Write a day like 2027-01-31.' : undefined;

export function NewKeyDialog({ onClose }: DialogProps) {
  const [purpose, setPurpose] = useState<KeyPurpose>('dataset-recipient');
  const [type, setType] = useState<KeyType>('age-x25519');
  const [label, setLabel] = useState('');
  const [day, setDay] = useState('');
  const create = useAction('keys.create', { onDone: onClose });
  const expiresAt = endOfDay(day);
  return (
    <Dialog
      open
      onClose={onClose}
      title="New key"
      description="The first key of a purpose is active at once; a further one stands by until you rotate to it."
      actions={
        <>
          <Button onClick={onClose}>Make no key</Button>
          <Button
            variant="primary"
            working={create.isPending ? 'Making the key' : undefined}
            off={label.trim() === '' ? 'Write a label.' : badDay(day) === undefined ? undefined : ''}
            onClick={() => create.mutate({ purpose, type, label, ...(expiresAt === undefined ? {} : { expiresAt }) })}
          >
            Make key
          </Button>
        </>
      }
    >
      <div className="stack">
        <Select
          name="Purpose"
          options={purposeOptions}
          value={purpose}
          onValue={(next) => {
            setPurpose(next);
            setType(typesFor[next][0] ?? 'ed25519');
          }}
        />
        <Select
          name="Type"
          options={typesFor[purpose].map((value) => ({ value, label: typeWords[value] }))}
          value={type}
          onValue={setType}
        />
        <TextInput name="Label" value={label} onChange={(event) => setLabel(event.currentTarget.value)} />
        <TextInput
          name="Last day, UTC"
          hint="Empty: it does not expire. From then on it makes nothing new."
          mono
          placeholder="2027-01-31"
          value={day}
          error={badDay(day)}
          onChange={(event) => setDay(event.currentTarget.value)}
        />
        {create.error === null ? null : <ErrorMessage inline error={create.error.error} />}
      </div>
    </Dialog>
  );
}

export function LabelDialog({ of, onClose }: KeyDialogProps) {
  const [label, setLabel] = useState(of.label);
  const [day, setDay] = useState(of.expiresAt?.slice(0, 10) ?? '');
  const change = useAction('keys.change', { onDone: onClose });
  return (
    <Dialog
      open
      onClose={onClose}
      title="Label and expiry"
      description="The key itself stays as it is. The ledger records the change."
      actions={
        <>
          <Button onClick={onClose}>Keep them</Button>
          <Button
            variant="primary"
            working={change.isPending ? 'Writing' : undefined}
            off={label.trim() === '' ? 'Write a label.' : badDay(day) === undefined ? undefined : ''}
            onClick={() => change.mutate({ id: of.id, label, expiresAt: endOfDay(day) ?? null })}
          >
            Change label and expiry
          </Button>
        </>
      }
    >
      <div className="stack">
        <TextInput name="Label" value={label} onChange={(event) => setLabel(event.currentTarget.value)} />
        <TextInput
          name="Last day, UTC"
          hint="Empty: it does not expire."
          mono
          value={day}
          error={badDay(day)}
          onChange={(event) => setDay(event.currentTarget.value)}
        />
        {change.error === null ? null : <ErrorMessage inline error={change.error.error} />}
      </div>
    </Dialog>
  );
}

/** Rotates to a fresh key, or to one that stands by when `of` does. */
export function RotateDialog({ of, onClose }: KeyDialogProps) {
  const toasts = useToasts();
  const standby = of.state !== 'active';
  const rotate = useAction('keys.rotate', {
    onDone: ({ key, task }) => {
      toasts.show({
        title: `${key.label} is active`,
        note:
          task === undefined ? 'The ledger has the entry.' : 'Datasets are being rewrapped; progress is on this page.',
      });
      onClose();
    },
  });
  return (
    <PassphraseDialog
      onClose={onClose}
      title={standby ? `Make ${of.label} the active key?` : `Rotate ${of.label}?`}
      description={
        of.purpose === 'wallet'
          ? 'New payments come from the new address. What lies on the old one stays there.'
          : 'Headers of datasets are rewrapped and manifests signed again; sealed data is not touched. The old key is retired: it still opens and verifies what is older.'
      }
      keep="Keep the active key"
      act={standby ? 'Make it active' : 'Rotate key'}
      working={rotate.isPending ? 'Deriving the key' : undefined}
      error={rotate.error?.error}
      onAct={(passphrase) =>
        rotate.mutate({
          passphrase: secretOf(passphrase),
          purpose: of.purpose,
          ...(standby ? { to: of.id } : { type: of.type }),
        })
      }
    />
  );
}

export function RevokeDialog({ of, onClose }: KeyDialogProps) {
  const [reason, setReason] = useState('');
  const [accepted, setAccepted] = useState(false);
  const effects = useMethod('keys.effects', { id: of.id });
  const revoke = useAction('keys.revoke', { onDone: onClose });
  const needed = effects.data?.datasets.length ?? 0;
  return (
    <PassphraseDialog
      onClose={onClose}
      title={`Revoke ${of.label}?`}
      description="It opens, signs and verifies nothing any more. This cannot be undone."
      keep="Keep the key"
      act="Revoke key"
      danger
      missing={
        effects.data === undefined
          ? 'Waits for what rests on it.'
          : needed > 0 && !accepted
            ? 'Accept the loss first.'
            : reason.trim() === ''
              ? 'Write a reason.'
              : undefined
      }
      working={revoke.isPending ? 'Deriving the key' : undefined}
      error={revoke.error?.error}
      onAct={(passphrase) =>
        revoke.mutate({
          passphrase: secretOf(passphrase),
          id: of.id,
          reason,
          ...(needed > 0 ? { evenIfNeeded: accepted } : {}),
        })
      }
    >
      {effects.isPending ? <Waiting>Looking what rests on it</Waiting> : null}
      {effects.error === null ? null : <ErrorMessage inline error={effects.error.error} />}
      {effects.data === undefined ? null : (
        <ul aria-label="What it affects">
          {effectSentences(effects.data).map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      )}
      {needed === 0 ? null : (
        <Checkbox checked={accepted} onChange={(event) => setAccepted(event.currentTarget.checked)}>
          {plural(needed, 'dataset')} may be lost
        </Checkbox>
      )}
      <TextInput name="Reason" value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
    </PassphraseDialog>
  );
}

export function ImportKeyDialog({ onClose }: DialogProps) {
  const [directory, setDirectory] = useState<string>();
  const [path, setPath] = useState<string>();
  const [label, setLabel] = useState('');
  const listing = useMethod('files.browse', directory === undefined ? {} : { directory });
  const bring = useAction('keys.import', { onDone: onClose });
  return (
    <PassphraseDialog
      onClose={onClose}
      title="Import a private key"
      description="An age identity, PKCS#8 PEM, JWK, OpenSSH Ed25519, or hex (secp256k1). The core reads the file; delete it yourself afterwards."
      keep="Import nothing"
      act="Import key"
      missing={path === undefined ? 'Choose a file.' : label.trim() === '' ? 'Write a label.' : undefined}
      working={bring.isPending ? 'Deriving the key' : undefined}
      error={bring.error?.error}
      onAct={(passphrase) => path !== undefined && bring.mutate({ passphrase: secretOf(passphrase), path, label })}
    >
      {listing.error === null ? null : <ErrorMessage inline error={listing.error.error} />}
      <FileList
        listing={listing.data}
        chosen={path === undefined ? [] : [path]}
        onPath={setPath}
        onDirectory={setDirectory}
        hint="Type a path and press Enter, or choose below."
      />
      <TextInput name="Label" value={label} onChange={(event) => setLabel(event.currentTarget.value)} />
    </PassphraseDialog>
  );
}

export function ExportKeyDialog({ of, onClose }: KeyDialogProps) {
  const [part, setPart] = useState<'public' | 'private'>('public');
  const [format, setFormat] = useState<KeyFormat>(formatOptions(of.type)[0]?.value ?? 'pem');
  const [path, setPath] = useState('');
  const toasts = useToasts();
  const write = useAction('keys.export', {
    onDone: (done) => {
      toasts.show({ title: 'Key written', note: done.path });
      onClose();
    },
  });
  const fields = (
    <>
      <Segmented
        label="Part"
        options={[
          { value: 'public', label: 'Public' },
          { value: 'private', label: 'Private' },
        ]}
        value={part}
        onValue={setPart}
      />
      <Select name="Format" options={formatOptions(of.type)} value={format} onValue={setFormat} />
      <TextInput
        name="Write to"
        mono
        placeholder="/media/usb/key.pem"
        value={path}
        onChange={(event) => setPath(event.currentTarget.value)}
      />
    </>
  );
  const what = { id: of.id, path, format, part };
  if (part === 'private') {
    return (
      <PassphraseDialog
        onClose={onClose}
        title={`Export ${of.label}?`}
        description="Whoever has this file has the key. It cannot be called back. The ledger records the export."
        keep="Keep it in the vault"
        act="Write private key"
        danger
        missing={path === '' ? 'Name a file.' : undefined}
        working={write.isPending ? 'Deriving the key' : undefined}
        error={write.error?.error}
        onAct={(passphrase) => write.mutate({ ...what, passphrase: secretOf(passphrase) })}
      >
        {fields}
      </PassphraseDialog>
    );
  }
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Export ${of.label}`}
      description="The public part is no secret. The file must not exist yet."
      actions={
        <>
          <Button onClick={onClose}>Write nothing</Button>
          <Button variant="primary" off={path === '' ? 'Name a file.' : undefined} onClick={() => write.mutate(what)}>
            Write public key
          </Button>
        </>
      }
    >
      <div className="stack">
        {fields}
        {write.error === null ? null : <ErrorMessage inline error={write.error.error} />}
      </div>
    </Dialog>
  );
}
