import { useState } from 'react';
import type { MethodInput } from '../../../../electron/contract/methods.ts';
import { secretOf, useAction, useMethod } from '../../host/index.ts';
import {
  Banner,
  Button,
  Checkbox,
  Dialog,
  ErrorMessage,
  PassphraseInput,
  Segmented,
  Select,
  TextInput,
} from '../../ui/index.ts';
import { trialWords } from './health-words.ts';

interface HealthSourceDialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
  /** The node that is looked at; another one can be chosen. */
  readonly node: string;
}

interface Draft {
  readonly kind: 'exporter' | 'prometheus';
  readonly url: string;
  readonly node: string;
  readonly user: string;
  readonly secret: string;
  readonly plain: boolean;
}

/** As the contract takes it. The secret is wiped by the call that gets it, so each call has its own. */
function sourceOf({ kind, url, node, user, secret, plain }: Draft): MethodInput<'health.addSource'> {
  return {
    kind,
    url,
    ...(kind === 'exporter' ? { node } : {}),
    accept: plain ? ['plain-http'] : [],
    ...(secret === '' ? {} : { login: { secret: secretOf(secret), ...(user === '' ? {} : { user }) } }),
  };
}

/**
 * Adds an exporter or a Prometheus, after a first look at it. Plain http to another machine is refused first, then asked
 * about with its reason.
 */
export function HealthSourceDialog({ open, onClose, node }: HealthSourceDialogProps) {
  const empty: Draft = { kind: 'exporter', url: '', node, user: '', secret: '', plain: false };
  const [draft, setDraft] = useState(empty);
  const nodes = useMethod('nodes.list', {});
  const trial = useAction('health.testSource');
  const add = useAction('health.addSource');
  const failed = add.error ?? trial.error;
  const dangerous = draft.plain || failed?.error.details?.['danger'] === 'plain-http';
  const change = (patch: Partial<Draft>) => {
    setDraft({ ...draft, ...patch });
    trial.reset();
    // The refusal stays while its reason is being accepted.
    if (patch.plain === undefined) add.reset();
  };
  const close = () => {
    setDraft(empty);
    trial.reset();
    add.reset();
    onClose();
  };
  const off = draft.url === '' ? 'The address is missing.' : undefined;
  const told = trial.data === undefined ? undefined : trialWords(trial.data);
  return (
    <Dialog
      open={open}
      onClose={close}
      title="Add a health source"
      description="What it says of GPUs and machine goes before what the node’s own agent says. It is no evidence: nobody signs it, and no key is released because of it."
      actions={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button
            off={off}
            working={trial.isPending ? 'Asking' : undefined}
            onClick={() => {
              add.reset();
              trial.mutate(sourceOf(draft));
            }}
          >
            Test source
          </Button>
          <Button
            variant="primary"
            off={off}
            working={add.isPending ? 'Asking it once' : undefined}
            onClick={() => {
              trial.reset();
              add.mutate(sourceOf(draft), { onSuccess: close });
            }}
          >
            Add source
          </Button>
        </>
      }
    >
      <div className="stack">
        <Segmented
          label="What it is"
          value={draft.kind}
          onValue={(kind) => change({ kind })}
          options={[
            { value: 'exporter', label: 'Exporter' },
            { value: 'prometheus', label: 'Prometheus server' },
          ]}
        />
        <TextInput
          name="Address"
          mono
          value={draft.url}
          placeholder={draft.kind === 'exporter' ? 'https://node.example:9400/metrics' : 'https://metrics.example:9090'}
          hint={
            draft.kind === 'exporter'
              ? 'dcgm-exporter (9400) for GPUs, node exporter (9100) for the machine. https, or plain http on this computer.'
              : 'It tells of each node whose name is in its label Hostname, node or instance. https, or plain http on this computer.'
          }
          onChange={(event) => change({ url: event.currentTarget.value })}
        />
        {failed === null ? null : <ErrorMessage inline error={failed.error} />}
        {dangerous ? (
          <Banner kind="warning" title="Only if you take this upon you:">
            <Checkbox checked={draft.plain} onChange={(event) => change({ plain: event.currentTarget.checked })}>
              Whoever sees the traffic reads and changes the figures, hides alarms, and takes the password or token.
            </Checkbox>
          </Banner>
        ) : null}
        {told === undefined ? null : (
          <Banner kind={trial.data?.nodes.length === 0 ? 'warning' : 'fact'} title={told.title}>
            {told.detail}
          </Banner>
        )}
        {draft.kind === 'exporter' ? (
          <Select
            name="Node it tells of"
            value={draft.node}
            onValue={(chosen) => change({ node: chosen })}
            options={(nodes.data ?? []).map(({ name }) => ({ value: name, label: name }))}
          />
        ) : null}
        <TextInput
          name="User (only with a password)"
          value={draft.user}
          onChange={(event) => change({ user: event.currentTarget.value })}
        />
        <PassphraseInput
          name="Password or token, where it asks for one"
          value={draft.secret}
          onValue={(secret) => change({ secret })}
          hint="Kept in the vault; shown nowhere again."
        />
      </div>
    </Dialog>
  );
}
