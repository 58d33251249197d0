import { useMethod } from '../../host/index.ts';
import { Banner, Button } from '../../ui/index.ts';
import { alarmOf } from './health-words.ts';

/** Nodes that this many lines name; the others are counted. */
const named = 2;

/** Critical health of any node, over the table: a node that is not selected must not suffer in silence. */
export function HealthAlarms({
  selected,
  onOpen,
}: {
  readonly selected: string | undefined;
  readonly onOpen: (node: string) => void;
}) {
  const health = useMethod('health.list', {});
  const alarms = (health.data ?? []).flatMap((view) => {
    const alarm = alarmOf(view);
    return alarm === undefined ? [] : [{ node: view.node, simulated: view.simulated, ...alarm }];
  });
  return (
    <>
      {alarms.slice(0, named).map(({ node, simulated, text, identity }) => (
        <Banner
          key={node}
          kind={identity ? 'refused' : 'warning'}
          title={`${node}, health critical${simulated ? ' (SIMULATED)' : ''}:`}
          action={node === selected ? undefined : <Button onClick={() => onOpen(node)}>{`Open ${node}`}</Button>}
        >
          {text}
        </Banner>
      ))}
      {alarms.length <= named ? null : (
        <Banner kind="warning">{alarms.length - named} more with critical health.</Banner>
      )}
    </>
  );
}
