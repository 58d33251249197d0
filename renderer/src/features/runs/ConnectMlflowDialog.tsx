import { useState } from 'react';
import { secretOf, useAction } from '../../host/index.ts';
import { Banner, Button, Checkbox, Dialog, ErrorMessage, PassphraseInput, TextInput } from '../../ui/index.ts';

interface ConnectMlflowDialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
}

/** Adds an MLflow server of the user's. Plain http to another machine is refused first, then asked about with its reason. */
export function ConnectMlflowDialog({ open, onClose }: ConnectMlflowDialogProps) {
  const [url, setUrl] = useState('');
  const [user, setUser] = useState('');
  const [secret, setSecret] = useState('');
  const [plain, setPlain] = useState(false);
  const connect = useAction('mlflow.connect');
  const dangerous = connect.error?.error.details?.['danger'] === 'plain-http';
  const close = () => {
    setUrl('');
    setUser('');
    setSecret('');
    setPlain(false);
    connect.reset();
    onClose();
  };
  return (
    <Dialog
      open={open}
      onClose={close}
      title="Connect an MLflow server"
      description="Runs are sent there on demand: figures, hyperparameters and digests. Runs that are there already can be followed beside yours; nothing there is changed by that."
      actions={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button
            variant="primary"
            working={connect.isPending ? 'Asking the server' : undefined}
            off={url === '' ? 'The address is missing' : undefined}
            onClick={() =>
              connect.mutate(
                {
                  url,
                  accept: plain ? ['plain-http'] : [],
                  ...(secret === '' ? {} : { login: { secret: secretOf(secret), ...(user === '' ? {} : { user }) } }),
                },
                { onSuccess: close },
              )
            }
          >
            Connect server
          </Button>
        </>
      }
    >
      <div className="stack">
        <TextInput
          name="Address"
          mono
          value={url}
          placeholder="https://mlflow.example:5000"
          hint="https, or plain http on this computer."
          onChange={(event) => setUrl(event.currentTarget.value)}
        />
        <TextInput
          name="User (only with a password)"
          value={user}
          onChange={(event) => setUser(event.currentTarget.value)}
        />
        <PassphraseInput
          name="Password or token, where it asks for one"
          value={secret}
          onValue={setSecret}
          hint="Kept in the vault; shown nowhere again."
        />
        {connect.error === null ? null : <ErrorMessage inline error={connect.error.error} />}
        {dangerous ? (
          <Banner kind="warning" title="Only if you take this upon you:">
            <Checkbox checked={plain} onChange={(event) => setPlain(event.currentTarget.checked)}>
              Whoever sees the traffic reads and changes the figures, and takes the password or token.
            </Checkbox>
          </Banner>
        ) : null}
      </div>
    </Dialog>
  );
}
