import { useState } from 'react';
import { useMethod, useAction } from '../../host/index.ts';
import { Banner, Button, ErrorMessage, Section, TaskBar } from '../../ui/index.ts';

/** Sealing and uploads under way, with rate and time left, and how the newest sealing ended where it says more. */
export function SealTasks() {
  const tasks = useMethod('tasks.list', {});
  const cancel = useAction('tasks.cancel');
  const pause = useAction('tasks.pause');
  const resume = useAction('tasks.resume');
  const [read, setRead] = useState<string>();
  const running = (tasks.data ?? []).filter(
    (task) => (task.kind === 'seal' || task.kind === 'upload') && task.state === 'running',
  );
  // The list is newest first.
  const last = (tasks.data ?? []).find(({ kind }) => kind === 'seal');
  const dismiss =
    last === undefined ? null : (
      <Button variant="quiet" onClick={() => setRead(last.id)}>
        Dismiss
      </Button>
    );
  return (
    <>
      {running.map((task) => (
        <Section key={task.id}>
          <TaskBar
            task={task}
            noun={task.kind === 'seal' ? 'sealing' : 'upload'}
            onPause={(id) => pause.mutate({ id })}
            onResume={(id) => resume.mutate({ id })}
            onCancel={(id) => cancel.mutate({ id })}
          />
          {task.note === undefined ? null : <p className="small dim">{task.note}</p>}
        </Section>
      ))}
      {last === undefined || last.id === read || last.state === 'running' ? null : last.state === 'failed' ? (
        <Section title={last.title} note="did not end well; no dataset was made" aside={dismiss}>
          {last.error === undefined ? null : <ErrorMessage inline error={last.error} />}
        </Section>
      ) : last.note === undefined ? null : (
        <Banner kind="fact" title={last.title} action={dismiss}>
          {last.note}
        </Banner>
      )}
    </>
  );
}
