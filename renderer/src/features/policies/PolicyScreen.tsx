import { useEffect, useState } from 'react';
import { useLocation, useNavigate, useParams } from 'react-router';
import type { Policy } from '../../../../electron/contract/policy.ts';
import type { PolicyView } from '../../../../electron/contract/policy-document.ts';
import { DownloadLink, useAction, useMethod } from '../../host/index.ts';
import {
  Banner,
  Button,
  buttonClass,
  ConsequenceDialog,
  cx,
  Digest,
  EmptyState,
  ErrorMessage,
  formatDateTime,
  KeyValue,
  Page,
  PageHead,
  Section,
  SidePanel,
  Tabs,
  TextInput,
  useToasts,
  Waiting,
  WorkArea,
} from '../../ui/index.ts';
import { HistoryView } from './HistoryView.tsx';
import styles from './Policies.module.css';
import { freeId, textOf } from './policy-edit.ts';
import { PolicyForm } from './PolicyForm.tsx';
import { ChangeList, PolicyWords, ProblemList } from './PolicyWords.tsx';
import { TextView } from './TextView.tsx';
import { TryView } from './TryView.tsx';

/** What the list hands over: a policy to start a new one from. */
interface Start {
  readonly from?: Policy;
  readonly missing?: readonly string[];
}

/** One policy: its form, its text, its versions, and what archived evidence would be told under it. */
export default function PolicyScreen() {
  const { id } = useParams();
  const policies = useMethod('policies.list', {});
  const start = useLocation().state as Start | null;
  if (policies.data === undefined) {
    return (
      <Page>
        <PageHead title="Policy" />
        {policies.error === null ? (
          <Waiting>Reading the policy</Waiting>
        ) : (
          <ErrorMessage error={policies.error.error} />
        )}
      </Page>
    );
  }
  const view = policies.data.find(({ policy }) => policy.id === id);
  const first = view?.policy ?? start?.from;
  if (first === undefined) {
    return (
      <Page>
        <PageHead title={id ?? 'New policy'} />
        <EmptyState title={id === undefined ? 'Nothing to start from' : `There is no policy ${id}`}>
          Open the list of policies and start from a template or from a copy.
        </EmptyState>
      </Page>
    );
  }
  const taken = policies.data.map(({ policy }) => policy.id);
  const opening = view === undefined ? { ...first, id: freeId(first.id, taken) } : first;
  return (
    <PolicyEditor
      key={view === undefined ? 'new' : `${view.policy.id} ${view.number}`}
      view={view}
      opening={opening}
      missing={view === undefined ? (start?.missing ?? []) : []}
    />
  );
}

interface PolicyEditorProps {
  readonly view: PolicyView | undefined;
  readonly opening: Policy;
  readonly missing: readonly string[];
}

function PolicyEditor({ view, opening, missing }: PolicyEditorProps) {
  const navigate = useNavigate();
  const toasts = useToasts();
  const [text, setText] = useState(() => textOf(opening));
  // What the form shows: its own last state, or what the text last said.
  const [policy, setPolicy] = useState(opening);
  const [tab, setTab] = useState('form');
  const [note, setNote] = useState('');
  const [retiring, setRetiring] = useState(false);
  const settled = useSettled(text, 200);
  const against = view === undefined ? {} : { against: view.policy.id };
  const check = useMethod('policies.check', { text: settled, ...against }, { keepPrevious: true });
  const save = useAction('policies.save');
  const retire = useAction('policies.retire');
  const exported = useAction('policies.export');

  const checked = check.data;
  const isCurrent = settled === text && checked !== undefined && !check.isPlaceholderData;
  const isValid = checked?.policy !== undefined;
  const isBuiltin = view?.builtin === true;
  const isChanged = view === undefined || (checked?.changes.length ?? 0) > 0 || !isValid || view.retired;
  const id = view?.policy.id;

  const edit = (next: Policy) => {
    setPolicy(next);
    setText(textOf(next));
  };
  const show = (next: string) => {
    setTab(next);
    // The form shows what the text says, as far as it says a policy.
    if (next === 'form' && isCurrent && checked.policy !== undefined) setPolicy(checked.policy);
  };
  const problems = checked?.problems ?? [];
  const textIsAhead = text !== textOf(policy) && !isValid;

  const saveIt = () =>
    save.mutate(
      { text, basis: view?.number ?? 0, note },
      {
        onSuccess: (saved) => {
          toasts.show({
            title: `${saved.policy.id} v${saved.number} signed`,
            note: 'New runs that name this policy use it from now on.',
          });
          void navigate(`/policies/${encodeURIComponent(saved.policy.id)}`, { replace: true });
        },
      },
    );
  const off = !isCurrent
    ? 'Checking'
    : isValid
      ? isChanged
        ? undefined
        : 'Nothing is changed'
      : 'Correct the errors first';

  return (
    <Page>
      <PageHead
        title={view?.policy.name ?? 'New policy'}
        note={
          view === undefined
            ? 'not saved'
            : isBuiltin
              ? 'built in, made of the reference values of the local network'
              : `version ${view.number}${view.retired ? ', retired' : ''}, signed ${formatDateTime(view.at ?? '')}`
        }
        actions={
          <>
            {view === undefined || isBuiltin ? null : (
              <Button
                working={exported.isPending ? 'Writing' : undefined}
                onClick={() => exported.mutate({ id: view.policy.id })}
              >
                Export signed versions
              </Button>
            )}
            {view === undefined ? null : (
              <Button onClick={() => void navigate('/policies/new', { state: { from: policy } satisfies Start })}>
                Copy to a new policy
              </Button>
            )}
            {view === undefined || isBuiltin || view.retired ? null : (
              <Button variant="danger" onClick={() => setRetiring(true)}>
                Retire policy
              </Button>
            )}
          </>
        }
      />
      {isBuiltin ? (
        <Banner kind="simulated">
          This policy accepts the simulated nodes of this desk and cannot be edited. Copy it to make your own.
        </Banner>
      ) : null}
      {view?.retired === true ? (
        <Banner kind="unknown" title="Retired.">
          New runs cannot name it. Saving a new version brings it back.
        </Banner>
      ) : null}
      {missing.length === 0 ? null : (
        <Banner kind="warning" title="A template knows no values of yours.">
          You bring: {missing.join(' ')} What stays empty is not checked.
        </Banner>
      )}
      {exported.error === null ? null : <ErrorMessage inline error={exported.error.error} />}
      {exported.data === undefined ? null : (
        <Banner
          kind="fact"
          title="Exported."
          action={
            <DownloadLink file={exported.data} className={buttonClass()}>
              {`Download ${exported.data.fileName}`}
            </DownloadLink>
          }
        >
          {exported.data.path}
        </Banner>
      )}
      <WorkArea
        panel={
          <SidePanel
            label="What this policy means"
            actions={
              isBuiltin ? undefined : (
                <div className={styles.sign}>
                  <TextInput
                    name="Why, for the history"
                    hiddenName
                    placeholder="Why, for the history"
                    maxLength={500}
                    value={note}
                    onChange={(event) => setNote(event.currentTarget.value)}
                  />

                  <Button variant="primary" off={off} working={save.isPending ? 'Signing' : undefined} onClick={saveIt}>
                    {view === undefined ? 'Sign version 1' : `Sign version ${view.number + 1}`}
                  </Button>
                </div>
              )
            }
          >
            {save.error === null ? null : <ErrorMessage inline error={save.error.error} />}
            {check.error === null ? null : <ErrorMessage inline error={check.error.error} />}
            {problems.length === 0 ? null : (
              <Section title="To correct or to know">
                <ProblemList problems={problems} />
              </Section>
            )}
            {view === undefined || isBuiltin || checked === undefined || checked.changes.length === 0 ? null : (
              <Section title={`Against version ${view.number}`}>
                <ChangeList changes={checked.changes} label="Changes that are not saved" />
              </Section>
            )}
            <Section title="In words">
              {checked?.summary === undefined ? (
                <p className="small dim">The text says no policy yet.</p>
              ) : (
                <PolicyWords summary={checked.summary} />
              )}
            </Section>
            {checked?.digest === undefined ? null : (
              <Section>
                <KeyValue
                  items={[
                    {
                      name: 'Digest',
                      value: <Digest value={checked.digest} algorithm="sha256" of="digest of this policy" />,
                    },
                    ...(view?.author === undefined
                      ? []
                      : [
                          {
                            name: 'Signed by',
                            value: <Digest value={view.author} algorithm="ed25519" of="key that signed it" />,
                          },
                        ]),
                  ]}
                />
              </Section>
            )}
          </SidePanel>
        }
      >
        <Tabs
          label="Views of this policy"
          inset
          value={tab}
          onValue={show}
          tabs={[
            {
              id: 'form',
              title: 'Form',
              content: textIsAhead ? (
                <EmptyState
                  title="The text has errors"
                  actions={<Button onClick={() => setTab('text')}>Open the text</Button>}
                >
                  The form shows a policy again when the text says one.
                </EmptyState>
              ) : (
                // A fieldset, so that a built-in policy can be read and not edited.
                <fieldset disabled={isBuiltin} className={cx(isBuiltin && styles.readOnly)}>
                  <PolicyForm policy={policy} problems={problems} fixedId={view !== undefined} onPolicy={edit} />
                </fieldset>
              ),
            },
            {
              id: 'text',
              title: 'Text',
              content: <TextView text={text} problems={problems} readOnly={isBuiltin} onText={setText} />,
            },
            ...(id === undefined || isBuiltin
              ? []
              : [
                  {
                    id: 'history',
                    title: `Versions ${view?.number ?? ''}`,
                    content: (
                      <HistoryView
                        id={id}
                        onTake={(old) => {
                          setText(old);
                          setPolicy(JSON.parse(old) as Policy);
                          setTab('form');
                        }}
                      />
                    ),
                  },
                ]),
            { id: 'try', title: 'Try on evidence', content: <TryView text={text} isValid={isValid && isCurrent} /> },
          ]}
        />
      </WorkArea>
      {view === undefined ? null : (
        <ConsequenceDialog
          open={retiring}
          onClose={() => setRetiring(false)}
          title={`Retire ${view.policy.name}?`}
          consequence="No new run can name it. Running runs go on under it, and its versions stay for auditors. A new version brings it back."
          keep="Keep it in use"
          act="Retire policy"
          danger
          working={retire.isPending ? 'Signing' : undefined}
          onAct={() =>
            retire.mutate({ id: view.policy.id, basis: view.number, note }, { onSettled: () => setRetiring(false) })
          }
        >
          {retire.error === null ? null : <ErrorMessage inline error={retire.error.error} />}
        </ConsequenceDialog>
      )}
    </Page>
  );
}

function useSettled<T>(value: T, milliseconds: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return settled;
}
