import type { RunView } from '../../../../electron/contract/views.ts';
import { useAction, useMethod } from '../../host/index.ts';
import { KeyValue, Section, SimulatedTag, TaskBar, formatBytes } from '../../ui/index.ts';
import { timeAndMoney } from './run-words.ts';

/** What goes to and from the node now, and the upload as it was estimated before and as it was. */
export function TransferSection({ run }: { readonly run: RunView }) {
  const tasks = useMethod('tasks.list', {});
  const cancel = useAction('tasks.cancel');
  const pause = useAction('tasks.pause');
  const resume = useAction('tasks.resume');
  const moving = (tasks.data ?? []).filter((task) => task.subjectId === run.id && task.state === 'running');
  const { transfer } = run;
  return (
    <>
      {moving.map((task) => (
        <Section key={task.id}>
          <TaskBar
            task={task}
            noun={task.kind === 'upload' ? 'upload' : 'download'}
            onPause={(id) => pause.mutate({ id })}
            onResume={(id) => resume.mutate({ id })}
            onCancel={(id) => cancel.mutate({ id })}
          />
        </Section>
      ))}
      {transfer === undefined ? null : (
        <Section title="Transfer" note={transfer.estimated.note}>
          <KeyValue
            start
            items={[
              {
                name: 'Estimated',
                value: (
                  <>
                    {timeAndMoney(transfer.estimated)} {transfer.estimated.simulated ? <SimulatedTag /> : null}
                  </>
                ),
              },
              {
                name: 'Took',
                value: transfer.actual === undefined ? 'not done yet' : timeAndMoney(transfer.actual),
              },
              ...(transfer.actual === undefined
                ? []
                : [
                    { name: 'Sent over the wire', value: formatBytes(transfer.actual.bytesSent) },
                    { name: 'There already, not sent', value: formatBytes(transfer.actual.bytesPresent) },
                    { name: 'Broken connections', value: String(transfer.actual.breaks) },
                  ]),
            ]}
          />
        </Section>
      )}
    </>
  );
}
