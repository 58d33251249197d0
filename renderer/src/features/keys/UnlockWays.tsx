import { useState } from 'react';
import type { NacreError } from '../../../../electron/contract/result.ts';
import type { Calibration, UnlockPath } from '../../../../electron/contract/vault.ts';
import { makeSecurityKey, secretOf, securityKeySupport, useAction, useMethod } from '../../host/index.ts';
import {
  Banner,
  Button,
  ErrorMessage,
  PassphraseDialog,
  PassphraseInput,
  Section,
  Table,
  TextInput,
  Waiting,
  formatBytes,
  formatDateTime,
  formatDuration,
  plural,
  useToasts,
  type Column,
} from '../../ui/index.ts';
import styles from './Keys.module.css';

const typeNames: Readonly<Record<UnlockPath['type'], string>> = {
  passphrase: 'Passphrase',
  recovery: 'Recovery shares',
  keychain: 'Keychain of this computer',
  'security-key': 'Security key',
};

function detailOf(way: UnlockPath): string {
  if (way.kdf !== undefined)
    return `Argon2id ${way.kdf.memoryKib / 1024} MiB, ${plural(way.kdf.passes, 'pass', 'passes')}`;
  if (way.type === 'recovery') return `any ${way.threshold ?? '?'} of ${way.shares ?? '?'} shares`;
  return way.backend ?? way.rpId ?? '';
}

/** The only way cannot be removed: nothing would open the vault. */
const columnsOf = (onRemove: (way: UnlockPath) => void, only: boolean): ReadonlyArray<Column<UnlockPath>> => [
  {
    id: 'label',
    title: 'Name',
    width: 'minmax(120px, 1fr)',
    cell: ({ label }) => <span className="clip">{label}</span>,
  },
  { id: 'type', title: 'Kind', width: '180px', cell: ({ type }) => typeNames[type] },
  {
    id: 'detail',
    title: 'By',
    width: 'minmax(150px, 1fr)',
    cell: (way) => <span className="dim">{detailOf(way)}</span>,
  },
  {
    id: 'made',
    title: 'Added',
    width: '180px',
    optional: true,
    cell: ({ createdAt }) => (
      <span className="dim">{createdAt === undefined ? 'not recorded' : formatDateTime(createdAt)}</span>
    ),
  },
  {
    id: 'remove',
    title: <span className="sr">Remove</span>,
    width: '90px',
    align: 'end',
    cell: (way) =>
      only ? (
        <span className="faint">the only way</span>
      ) : (
        <Button variant="quiet" aria-label={`Remove ${way.label}`} onClick={() => onRemove(way)}>
          Remove
        </Button>
      ),
  },
];

type Open = 'passphrase' | 'keychain' | 'security-key' | 'calibrate' | { readonly remove: UnlockPath };

/** The ways to the master key, what deriving costs, and the copies kept beside the file. */
export function UnlockWays() {
  const ways = useMethod('vault.unlockPaths', {});
  const copies = useMethod('vault.copies', {});
  const [open, setOpen] = useState<Open>();
  const keychain = ways.data?.keychain;
  const keys = securityKeySupport();
  const close = () => setOpen(undefined);
  return (
    <>
      <Section
        title="Ways to unlock"
        note="each opens the same master key"
        aside={
          <Button variant="quiet" onClick={() => setOpen('calibrate')}>
            Calibrate derivation
          </Button>
        }
      >
        {ways.isPending ? <Waiting>Reading the header of the vault</Waiting> : null}
        {ways.error === null ? null : <ErrorMessage inline error={ways.error.error} />}
        {ways.data === undefined ? null : (
          <Table
            label="Ways to unlock"
            rows={ways.data.paths}
            columns={columnsOf((remove) => setOpen({ remove }), ways.data.paths.length === 1)}
            rowKey={({ id }) => id}
            flush
          />
        )}
        <div className={styles.ways}>
          <div className={styles.offers}>
            <Button onClick={() => setOpen('passphrase')}>Add passphrase</Button>
            {keychain?.available === true ? <Button onClick={() => setOpen('keychain')}>Add keychain</Button> : null}
            {keys.available ? <Button onClick={() => setOpen('security-key')}>Add security key</Button> : null}
          </div>
          {keychain === undefined || keychain.available ? null : (
            <p className="dim small">No keychain is offered. {keychain.reason}</p>
          )}
          {keys.available ? null : <p className="dim small">No security key is offered. {keys.reason}</p>}
        </div>
      </Section>
      <Section title="Kept copies" note="of the vault's file, beside it">
        {copies.error === null ? null : <ErrorMessage inline error={copies.error.error} />}
        {copies.data === undefined ? null : copies.data.length === 0 ? (
          <p className="dim">None yet: one is kept at each lock that follows a change.</p>
        ) : (
          <ul aria-label="Kept copies" className={styles.copies}>
            {copies.data.map((copy) => (
              <li key={copy.path}>
                {formatDateTime(copy.madeAt)}, {formatBytes(copy.bytes)}, {copy.readable ? 'opens' : copy.problem}{' '}
                <span className="mono small faint">{copy.path}</span>
              </li>
            ))}
          </ul>
        )}
      </Section>
      {open === 'passphrase' ? <AddPassphrase onClose={close} /> : null}
      {open === 'keychain' ? <AddKeychain backend={keychain?.backend ?? ''} onClose={close} /> : null}
      {open === 'security-key' && keys.available ? <AddSecurityKey rpId={keys.rpId} onClose={close} /> : null}
      {open === 'calibrate' ? <Calibrate onClose={close} /> : null}
      {typeof open === 'object' ? <RemoveWay way={open.remove} onClose={close} /> : null}
    </>
  );
}

interface WayDialogProps {
  readonly onClose: () => void;
}

function AddPassphrase({ onClose }: WayDialogProps) {
  const [label, setLabel] = useState('');
  const [next, setNext] = useState('');
  const add = useAction('vault.addPassphrase', { onDone: onClose });
  return (
    <PassphraseDialog
      onClose={onClose}
      title="Add a passphrase"
      description="A second passphrase opens the same vault; either can be removed alone."
      keep="Add nothing"
      act="Add passphrase"
      missing={label.trim() === '' ? 'Write a name.' : next === '' ? 'Type the new passphrase.' : undefined}
      working={add.isPending ? 'Deriving the key' : undefined}
      error={add.error?.error}
      onAct={(passphrase) => {
        setNext('');
        add.mutate({ passphrase: secretOf(passphrase), next: secretOf(next), label });
      }}
    >
      <TextInput name="Name" value={label} onChange={(event) => setLabel(event.currentTarget.value)} />
      <PassphraseInput name="New passphrase" value={next} onValue={setNext} showStrength />
    </PassphraseDialog>
  );
}

function AddKeychain({ backend, onClose }: WayDialogProps & { readonly backend: string }) {
  const add = useAction('vault.addKeychain', { onDone: onClose });
  return (
    <PassphraseDialog
      onClose={onClose}
      title={`Let ${backend} open the vault?`}
      description="Whoever is signed in to this computer as you can then unlock the vault without the passphrase."
      keep="Keep to the passphrase"
      act="Add keychain"
      working={add.isPending ? 'Deriving the key' : undefined}
      error={add.error?.error}
      onAct={(passphrase) => add.mutate({ passphrase: secretOf(passphrase), label: `Keychain ${backend}` })}
    />
  );
}

function AddSecurityKey({ rpId, onClose }: WayDialogProps & { readonly rpId: string }) {
  const [label, setLabel] = useState('');
  const [touching, setTouching] = useState(false);
  const [failed, setFailed] = useState<NacreError>();
  const add = useAction('vault.addSecurityKey', { onDone: onClose });
  const act = async (passphrase: string) => {
    setFailed(undefined);
    setTouching(true);
    const made = await makeSecurityKey(rpId, label);
    setTouching(false);
    if (!made.ok) return setFailed(made.error);
    add.mutate({ passphrase: secretOf(passphrase), label, rpId, ...made.value });
  };
  return (
    <PassphraseDialog
      onClose={onClose}
      title="Add a security key"
      description="You touch it twice: to make a credential and to compute the wrapping key. It then opens this vault without the passphrase."
      keep="Add nothing"
      act="Add security key"
      missing={label.trim() === '' ? 'Write a name.' : undefined}
      working={touching ? 'Waiting for a touch' : add.isPending ? 'Deriving the key' : undefined}
      error={failed ?? add.error?.error}
      onAct={(passphrase) => void act(passphrase)}
    >
      <TextInput name="Name" value={label} onChange={(event) => setLabel(event.currentTarget.value)} />
    </PassphraseDialog>
  );
}

function RemoveWay({ way, onClose }: WayDialogProps & { readonly way: UnlockPath }) {
  const remove = useAction('vault.removePath', { onDone: onClose });
  return (
    <PassphraseDialog
      onClose={onClose}
      title={`Remove ${way.label}?`}
      description="It opens this vault no more. Kept copies that it opens are deleted; backups elsewhere still open with it."
      keep="Keep it"
      act="Remove way to unlock"
      danger
      working={remove.isPending ? 'Deriving the key' : undefined}
      error={remove.error?.error}
      onAct={(passphrase) => remove.mutate({ passphrase: secretOf(passphrase), id: way.id })}
    />
  );
}

const sentenceOf = ({ proposed, current }: Calibration) =>
  `Proposed: ${proposed.memoryMib} MiB, ${plural(proposed.passes, 'pass', 'passes')}, about ${formatDuration(proposed.expectedMs / 1000)}.` +
  (current === undefined ? '' : ` Now: ${current.memoryMib} MiB, ${plural(current.passes, 'pass', 'passes')}.`);

/** Less work in all for who guesses: memory times passes. */
const isWeaker = ({ proposed, current }: Calibration) =>
  current !== undefined && proposed.memoryMib * proposed.passes < current.memoryMib * current.passes;

function Calibrate({ onClose }: WayDialogProps) {
  const toasts = useToasts();
  const measure = useAction('vault.calibrate');
  const retune = useAction('vault.retune', {
    onDone: () => {
      toasts.show({ title: 'Derivation changed', note: 'The master key was wrapped anew; no record was touched.' });
      onClose();
    },
  });
  const found = measure.data;
  return (
    <PassphraseDialog
      onClose={onClose}
      title="Calibrate the derivation"
      description="Measures Argon2id on this machine and proposes the most that an unlock of one second pays for. Applying wraps the master key anew; keys and data stay as they are."
      keep="Keep the cost"
      act="Apply proposed cost"
      missing={found === undefined ? 'Measure first.' : undefined}
      working={retune.isPending ? 'Deriving the key' : undefined}
      error={measure.error?.error ?? retune.error?.error}
      onAct={(passphrase) =>
        found !== undefined &&
        retune.mutate({
          passphrase: secretOf(passphrase),
          memoryMib: found.proposed.memoryMib,
          passes: found.proposed.passes,
        })
      }
    >
      <Button working={measure.isPending ? 'Measuring' : undefined} onClick={() => measure.mutate({})}>
        Measure this machine
      </Button>
      {found === undefined ? null : (
        <>
          <p>{sentenceOf(found)}</p>
          {isWeaker(found) ? (
            <Banner kind="warning" title="That is weaker than now.">
              The machine was busy, or is slower than the one that made the vault. Measure again, or keep the cost.
            </Banner>
          ) : null}
          <ul aria-label="Measured" className="dim">
            {found.measured.map(({ memoryMib, passes, milliseconds }) => (
              <li key={`${memoryMib}-${passes}`}>
                {memoryMib} MiB, {plural(passes, 'pass', 'passes')}: {Math.round(milliseconds)} ms
              </li>
            ))}
          </ul>
        </>
      )}
    </PassphraseDialog>
  );
}
