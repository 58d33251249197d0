import { useState } from 'react';
import { askSecurityKey, secretOf, securityKeySupport, useAction, useMethod } from '../../host/index.ts';
import type { NacreError } from '../../../../electron/contract/result.ts';
import type { UnlockPath } from '../../../../electron/contract/vault.ts';
import {
  Button,
  ErrorMessage,
  formatUsd,
  PassphraseInput,
  plural,
  Table,
  TextInput,
  Tick,
  TrustLabel,
  TrustMark,
  type Column,
} from '../../ui/index.ts';
import styles from './Lock.module.css';
import { RecoverDialog } from './RecoverDialog.tsx';

interface Standing {
  readonly what: string;
  readonly state: string;
  readonly stopped: boolean;
  readonly means: string;
}

/** What goes on and what does not while the vault is locked; figures only where the core still tells them. */
export function standings(usdPerHour: number, spends: boolean): ReadonlyArray<Standing> {
  return [
    {
      what: 'Training',
      state: spends ? 'goes on' : 'none running',
      stopped: false,
      means: spends
        ? `nodes keep their keys until the run ends or its budget is spent; ${formatUsd(usdPerHour / 60)} / min`
        : 'nothing is being spent',
    },
    {
      what: 'Checkpoints',
      state: spends ? 'go on' : 'none',
      stopped: false,
      means: spends ? 'sealed on the node; opened after you unlock' : 'no run makes any',
    },
    {
      what: 'Evidence',
      state: spends ? 'renewed, unsigned' : 'not asked for',
      stopped: false,
      means: spends ? 'watching needs no secret; results are signed and logged at unlock' : 'no run needs it',
    },
    {
      what: 'Key release',
      state: 'stopped',
      stopped: spends,
      means: 'no node gets a key; a lost node is not replaced',
    },
    {
      what: 'Sealing, launching',
      state: 'cannot finish',
      stopped: spends,
      means: 'both need a signature of the vault; what reaches it while locked is refused, start it again',
    },
    { what: 'Views', state: 'cleared', stopped: false, means: 'names, runs and drafts left this window with the lock' },
  ];
}

const columns: ReadonlyArray<Column<Standing>> = [
  { id: 'what', title: 'What', width: '120px', cell: (row) => row.what },
  {
    id: 'state',
    title: 'State',
    width: '132px',
    cell: (row) => (row.stopped ? <TrustLabel trust="warning" word={row.state} /> : row.state),
  },
  {
    id: 'means',
    title: 'What that means',
    width: 'minmax(200px, 1fr)',
    cell: (row) => <span className="dim">{row.means}</span>,
  },
];

/** The way back in. Shows state and nothing of a person's work. */
export default function LockScreen() {
  const state = useMethod('app.state', {});
  const unlock = useAction('vault.unlock', { onDone: () => setPassphrase('') });
  const [passphrase, setPassphrase] = useState('');
  const [recovering, setRecovering] = useState(false);
  const ways = useMethod('vault.unlockPaths', {});
  const byKeychain = useAction('vault.unlockWithKeychain');
  const byKey = useAction('vault.unlockWithSecurityKey');
  const setAside = useAction('audit.setAside', { onDone: () => setPassphrase('') });
  const [keyProblem, setKeyProblem] = useState<NacreError>();
  const keys = securityKeySupport();
  const securityKeys = keys.available ? (ways.data?.paths ?? []).filter(({ rpId }) => rpId === keys.rpId) : [];
  const keychain =
    ways.data?.keychain.available === true && ways.data.paths.some(({ type }) => type === 'keychain')
      ? ways.data.keychain.backend
      : undefined;
  const touch = async ({ id, rpId = '', credentialId = '', salt = '' }: UnlockPath) => {
    setKeyProblem(undefined);
    const answer = await askSecurityKey({ rpId, credentialId, salt });
    if (answer.ok) byKey.mutate({ id, prf: answer.value.prf });
    else setKeyProblem(answer.error);
  };
  const otherProblem = keyProblem ?? byKey.error?.error ?? byKeychain.error?.error ?? setAside.error?.error;
  const vault = state.data?.vault;
  const money = state.data?.money;
  const failures = vault?.unlockFailures ?? 0;
  const wrong = unlock.error?.error.code === 'wrong_passphrase';
  const spends = (money?.usdPerHour ?? 0) > 0;
  const kdf = vault?.kdf;
  const seconds = kdf?.lastUnlockMs === undefined ? undefined : (kdf.lastUnlockMs / 1000).toFixed(2);
  return (
    <div className={styles.locked}>
      <section className={styles.enter} aria-labelledby="lock-title">
        <h1 id="lock-title">Locked</h1>
        <p className="dim">The keys were wiped from memory and every open view was cleared.</p>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (passphrase !== '' && !unlock.isPending) unlock.mutate({ passphrase: secretOf(passphrase) });
          }}
        >
          <TextInput name="Vault file" value={vault?.path ?? ''} readOnly mono tall />
          <PassphraseInput
            name="Passphrase"
            // oxlint-disable-next-line jsx-a11y/no-autofocus -- the only thing to do on this screen
            autoFocus
            value={passphrase}
            onValue={setPassphrase}
            error={wrong ? 'That is not the passphrase. Nothing was opened.' : undefined}
            hint={
              failures === 0
                ? undefined
                : `${plural(failures, 'wrong try', 'wrong tries')} so far; nothing is ever deleted.`
            }
          />
          {unlock.error !== null && !wrong ? <ErrorMessage inline error={unlock.error.error} /> : null}
          {unlock.error?.error.code === 'integrity' ? (
            <div className="stack">
              <p className="dim">
                The ledger was changed, so nothing opens over it. Setting it aside keeps it as it is under another name
                and begins a new one that names the damage.
              </p>
              <Button
                variant="danger"
                off={passphrase === '' ? '' : undefined}
                working={setAside.isPending ? 'Setting it aside' : undefined}
                onClick={() => setAside.mutate({ passphrase: secretOf(passphrase) })}
              >
                Set the ledger aside and unlock
              </Button>
            </div>
          ) : null}
          {otherProblem === undefined ? null : <ErrorMessage inline error={otherProblem} />}
          <div className={styles.act}>
            <Button
              variant="primary"
              type="submit"
              tall
              working={unlock.isPending ? 'Unlocking' : undefined}
              off={passphrase === '' ? '' : undefined}
            >
              Unlock vault
            </Button>
            {kdf === undefined ? null : (
              <span className="small faint">
                Argon2id, {kdf.memoryMib} MiB, {plural(kdf.passes, 'pass', 'passes')}
                {seconds === undefined ? '' : `; last time ${seconds} s`}
              </span>
            )}
          </div>
          <div>
            <Button variant="quiet" flush onClick={() => setRecovering(true)}>
              Use recovery shares
            </Button>
          </div>
          {securityKeys.length === 0 && keychain === undefined ? null : (
            <div className={styles.act}>
              {securityKeys.map((way) => (
                <Button
                  key={way.id}
                  tall
                  working={byKey.isPending ? 'Unlocking' : undefined}
                  onClick={() => void touch(way)}
                >
                  Unlock with {way.label}
                </Button>
              ))}
              {keychain === undefined ? null : (
                <Button
                  tall
                  working={byKeychain.isPending ? 'Unlocking' : undefined}
                  onClick={() => byKeychain.mutate({})}
                >
                  Unlock with keychain {keychain}
                </Button>
              )}
            </div>
          )}
        </form>
        <RecoverDialog open={recovering} onClose={() => setRecovering(false)} />
      </section>
      <section className={styles.goes} aria-label="While the vault is locked">
        <div className={styles.say}>
          {spends ? <TrustMark trust="warning" size="medium" /> : <Tick />}
          <div>
            <h2>{spends ? 'A run goes on while you are away' : 'Nothing is waiting for you'}</h2>
            <p className="dim">
              {spends
                ? 'Its nodes keep training. A node that is lost now is not replaced until you unlock.'
                : 'No run is using money or keys.'}
            </p>
          </div>
        </div>
        <h3>While the vault is locked</h3>
        <Table
          label="While the vault is locked"
          flush
          wrap
          rows={standings(money?.usdPerHour ?? 0, spends)}
          rowKey={(row) => row.what}
          columns={columns}
        />
      </section>
    </div>
  );
}
