import { useState } from 'react';
import { secretOf, useAction } from '../../host/index.ts';
import { Banner, Button, Checkbox, Dialog, ErrorMessage, PassphraseInput, TextInput } from '../../ui/index.ts';
import { dangersOf, dangerWords, type Danger } from './cluster-words.ts';

interface AddNetworkDialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
}

/** Adds a Ray cluster by address and token. A dangerous address is refused first, then asked about, one reason at a time. */
export function AddNetworkDialog({ open, onClose }: AddNetworkDialogProps) {
  const [url, setUrl] = useState('');
  const [token, setToken] = useState('');
  const [agents, setAgents] = useState('');
  const [accepted, setAccepted] = useState<readonly Danger[]>([]);
  const connect = useAction('networks.connect');
  const dangers = dangersOf(connect.error?.error.details);
  const close = () => {
    setUrl('');
    setToken('');
    setAgents('');
    setAccepted([]);
    connect.reset();
    onClose();
  };
  const accept = (danger: Danger, yes: boolean) =>
    setAccepted(yes ? [...accepted, danger] : accepted.filter((other) => other !== danger));
  return (
    <Dialog
      open={open}
      onClose={close}
      title="Add a Ray cluster"
      description="Ray lists nodes and starts workers. Keys, data and code go to the agents beside its nodes, once each has proved itself; never through Ray. Between workers, gradients travel unencrypted: PyTorch’s gloo has no TLS in its released builds."
      actions={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button
            variant="primary"
            working={connect.isPending ? 'Asking the dashboard' : undefined}
            off={url === '' ? 'The address is missing.' : undefined}
            onClick={() =>
              connect.mutate(
                {
                  kind: 'ray',
                  url,
                  accept: [...accepted],
                  ...(token === '' ? {} : { token: secretOf(token) }),
                  ...(agents === '' ? {} : { agents }),
                },
                { onSuccess: close },
              )
            }
          >
            Add cluster
          </Button>
        </>
      }
    >
      <div className="stack">
        <TextInput
          name="Address of the dashboard"
          mono
          value={url}
          placeholder="https://head.example:8265"
          hint="https, or plain http on this computer (an SSH tunnel); anything else is refused with its reason."
          onChange={(event) => setUrl(event.currentTarget.value)}
        />
        <PassphraseInput
          name="Token of the cluster"
          value={token}
          onValue={setToken}
          hint="Kept in the vault; shown nowhere again."
        />
        <TextInput
          name="Directory of SIMULATED agents (optional)"
          mono
          value={agents}
          placeholder=".build/ray/agents/directory.json"
          hint="As ray:up prints it. Its nodes take the place of those of the local network."
          onChange={(event) => setAgents(event.currentTarget.value)}
        />
        {connect.error === null ? null : <ErrorMessage inline error={connect.error.error} />}
        {dangers.length === 0 ? null : (
          <Banner kind="warning" title="Only if you take this upon you:">
            <span className="stack">
              {dangers.map((danger) => (
                <Checkbox
                  key={danger}
                  checked={accepted.includes(danger)}
                  onChange={(event) => accept(danger, event.currentTarget.checked)}
                >
                  {dangerWords[danger]}
                </Checkbox>
              ))}
            </span>
          </Banner>
        )}
      </div>
    </Dialog>
  );
}
