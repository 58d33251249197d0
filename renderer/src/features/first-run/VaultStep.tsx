import { useState } from 'react';
import { secretOf, useAction, useMethod } from '../../host/index.ts';
import { useNow } from '../../state/index.ts';
import {
  Button,
  cx,
  ErrorMessage,
  estimatePassphraseBits,
  formatClock,
  KeyValue,
  PassphraseInput,
  plural,
  secondsSince,
  TextInput,
  Tick,
  wantedBits,
} from '../../ui/index.ts';
import styles from './FirstRun.module.css';
import { RestoreDialog } from './RestoreDialog.tsx';

/** Below this the vault would fall to a search of common passphrases; the core has the last word. */
const leastBits = 28;

export function VaultStep({ current }: { readonly current: boolean }) {
  const state = useMethod('app.state', {});
  const [passphrase, setPassphrase] = useState('');
  const [again, setAgain] = useState('');
  const [tried, setTried] = useState(false);
  const [restoring, setRestoring] = useState(false);
  const create = useAction('vault.create', {
    onDone: () => {
      setPassphrase('');
      setAgain('');
    },
  });
  const vault = state.data?.vault;
  const done = vault?.state === 'unlocked';
  const bits = estimatePassphraseBits(passphrase);
  const tooWeak = passphrase !== '' && bits < leastBits;
  const differs = again !== passphrase;
  return (
    <section className={cx(styles.step, current && styles.current)} aria-labelledby="first-run-1">
      <h2 className={styles.title} id="first-run-1">
        <span className={styles.number}>1</span>
        Create a vault
        {done ? (
          <small>
            <Tick /> done
          </small>
        ) : null}
      </h2>
      <p className={styles.lead}>
        One file holds your keys, opened by a passphrase only you know. Write it down: nobody can reset it.
      </p>
      {done ? (
        <VaultFacts />
      ) : (
        <form
          className={styles.form}
          id="create-vault"
          onSubmit={(event) => {
            event.preventDefault();
            setTried(true);
            if (passphrase !== '' && !tooWeak && !differs && !create.isPending)
              create.mutate({ passphrase: secretOf(passphrase) });
          }}
        >
          <TextInput name="Vault file" value={vault?.path ?? ''} readOnly mono tall />
          <PassphraseInput
            name="Passphrase"
            showStrength
            value={passphrase}
            onValue={setPassphrase}
            error={
              tried && passphrase === ''
                ? 'Type a passphrase, for example six unrelated words.'
                : tried && tooWeak
                  ? `About ${bits} bits: a search would find it. Write more words; ${wantedBits} bits are wanted.`
                  : undefined
            }
          />
          <PassphraseInput
            name="The same again"
            value={again}
            onValue={setAgain}
            error={tried && differs ? 'The two differ. Type the same passphrase in both.' : undefined}
          />
          {create.error === null ? null : <ErrorMessage inline error={create.error.error} />}
        </form>
      )}
      <h3 className={styles.sub}>What it is</h3>
      <ul className={styles.facts}>
        <li>
          <Tick />
          Every record is encrypted under a key that the passphrase opens
        </li>
        <li>
          <Tick />
          Holds the signing key and the key your data is sealed to
        </li>
        <li>
          <Tick />
          Locks itself, and on sleep; every unlock is a log entry
        </li>
      </ul>
      <div className={styles.acts}>
        {done ? (
          <span className="small faint">The passphrase can be changed under Keys.</span>
        ) : (
          <>
            <Button
              variant="primary"
              tall
              type="submit"
              form="create-vault"
              working={create.isPending ? 'Creating vault' : undefined}
            >
              Create vault
            </Button>
            <Button tall variant="quiet" onClick={() => setRestoring(true)}>
              Restore from a backup or shares
            </Button>
          </>
        )}
      </div>
      <RestoreDialog open={restoring} onClose={() => setRestoring(false)} />
    </section>
  );
}

function VaultFacts() {
  const state = useMethod('app.state', {});
  const now = useNow();
  const vault = state.data?.vault;
  const since = secondsSince(vault?.locksAt, now);
  return (
    <KeyValue
      items={[
        { name: 'Vault file', value: <span className="mono">{vault?.path}</span> },
        {
          name: 'Opens by',
          value:
            vault?.kdf === undefined
              ? 'Argon2id'
              : `Argon2id, ${vault.kdf.memoryMib} MiB, ${plural(vault.kdf.passes, 'pass', 'passes')}`,
        },
        { name: 'Locks itself', value: since === undefined ? 'never' : `in ${formatClock(Math.max(0, -since))}` },
      ]}
    />
  );
}
