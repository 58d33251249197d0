import { useState, type ReactNode } from 'react';
import type { NacreError } from '../../../../electron/contract/result.ts';
import { secretOf } from '../../host/index.ts';
import { Button, Dialog, ErrorMessage, PassphraseInput } from '../../ui/index.ts';

interface PassphraseActProps {
  readonly onClose: () => void;
  readonly title: string;
  readonly description: string;
  /** The way out and the act, verbs with their object. */
  readonly keep: string;
  readonly act: string;
  readonly danger?: boolean;
  /** What is still missing besides the passphrase: the act is off. */
  readonly incomplete?: boolean;
  readonly working: boolean;
  readonly error: NacreError | undefined;
  /** Gets the passphrase once, as bytes that the call wipes; it is dropped here at the same time. */
  readonly onAct: (passphrase: Uint8Array) => void;
  readonly children?: ReactNode;
}

/** An act that asks for the passphrase again. What was typed is dropped when it is sent and when the dialog goes. */
export function PassphraseAct(props: PassphraseActProps) {
  const [passphrase, setPassphrase] = useState('');
  return (
    <Dialog
      open
      careful={props.danger === true}
      onClose={props.onClose}
      title={props.title}
      description={props.description}
      actions={
        <>
          <Button onClick={props.onClose}>{props.keep}</Button>
          <Button
            variant={props.danger === true ? 'danger' : 'primary'}
            working={props.working ? 'Deriving the key' : undefined}
            off={passphrase === '' || props.incomplete === true ? '' : undefined}
            onClick={() => {
              setPassphrase('');
              props.onAct(secretOf(passphrase));
            }}
          >
            {props.act}
          </Button>
        </>
      }
    >
      <div className="stack">
        {props.children}
        <PassphraseInput name="Passphrase of the vault" value={passphrase} onValue={setPassphrase} />
        {props.error === undefined ? null : <ErrorMessage inline error={props.error} />}
      </div>
    </Dialog>
  );
}
