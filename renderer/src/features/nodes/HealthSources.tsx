import { useState } from 'react';
import type { HealthSource } from '../../../../electron/contract/health.ts';
import { useAction, useMethod } from '../../host/index.ts';
import { useNow } from '../../state/index.ts';
import { Button, ConsequenceDialog, ErrorMessage, formatAge, plural, Tick, TrustMark } from '../../ui/index.ts';
import { kindWords, stateWords } from './health-words.ts';
import { HealthSourceDialog } from './HealthSourceDialog.tsx';
import styles from './Health.module.css';

interface HealthSourcesProps {
  readonly node: string;
  readonly sources: ReadonlyArray<HealthSource>;
}

/** The sources that tell of a node, each with its state; to add one, ask one again, remove one. */
export function HealthSources({ node, sources }: HealthSourcesProps) {
  const nodes = useMethod('nodes.list', {});
  const ask = useAction('health.askSource');
  const remove = useAction('health.removeSource');
  const [adding, setAdding] = useState(false);
  // The address stays in the dialog while it closes.
  const [chosen, setChosen] = useState<HealthSource>();
  const [removing, setRemoving] = useState(false);
  const now = useNow();
  const isHere = (name: string) => nodes.data?.some((other) => other.name === name) ?? true;
  // A source whose node is gone would otherwise be shown nowhere.
  const shown = sources.filter((source) => source.node === undefined || source.node === node || !isHere(source.node));
  const others = sources.length - shown.length;
  const error = ask.error ?? remove.error;
  return (
    <div className={styles.part}>
      <h3>Sources</h3>
      {shown.length === 0 ? <p className="small faint">Only the node’s own agent, which speaks of itself.</p> : null}
      <ul className={styles.sources}>
        {shown.map((source) => (
          <li key={source.id}>
            {source.state === 'answering' ? (
              <Tick title="answers" />
            ) : (
              <TrustMark trust="unknown" title={source.state} />
            )}
            <div>
              <span className="mono">{source.url}</span>
              <p className="small dim">
                {kindWords[source.kind]}
                {source.node === undefined || source.node === node ? '' : ` of ${source.node}, which is not here`}.{' '}
                {stateWords(source)}
                {source.lastAt === undefined ? '' : ` Last answer ${formatAge(source.lastAt, now)}.`}
                {source.accepted.length === 0 ? null : <span className="is-warning"> Unencrypted by your leave.</span>}
              </p>
              <div className="row">
                <Button
                  variant="quiet"
                  flush
                  working={ask.isPending && ask.variables.id === source.id ? 'Asking' : undefined}
                  onClick={() => ask.mutate({ id: source.id })}
                >
                  Ask now
                </Button>
                <Button
                  variant="quiet"
                  onClick={() => {
                    setChosen(source);
                    setRemoving(true);
                  }}
                >
                  Remove
                </Button>
              </div>
            </div>
          </li>
        ))}
      </ul>
      {others === 0 ? null : <p className="small faint">And {plural(others, 'source')} of other nodes.</p>}
      {error === null ? null : <ErrorMessage inline error={error.error} />}
      <Button onClick={() => setAdding(true)}>Add a health source</Button>
      <HealthSourceDialog key={node} open={adding} onClose={() => setAdding(false)} node={node} />
      <ConsequenceDialog
        open={removing}
        onClose={() => setRemoving(false)}
        title="Remove this health source?"
        consequence={`${chosen?.url ?? ''} is asked no more. Its figures and its password or token are forgotten; the node’s own agent speaks instead.`}
        keep="Keep it"
        act="Remove source"
        working={remove.isPending ? 'Removing' : undefined}
        onAct={() =>
          chosen === undefined ? undefined : remove.mutate({ id: chosen.id }, { onSettled: () => setRemoving(false) })
        }
      />
    </div>
  );
}
