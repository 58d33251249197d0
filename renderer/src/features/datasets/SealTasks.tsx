import { useMethod, useAction } from '../../host/index.ts';
import { ErrorMessage, Section, TaskBar } from '../../ui/index.ts';

/** Sealing and uploads under way, with rate and time left, and the last sealing that failed. */
export function SealTasks() {
  const tasks = useMethod('tasks.list', {});
  const cancel = useAction('tasks.cancel');
  const pause = useAction('tasks.pause');
  const resume = useAction('tasks.resume');
  const seals = (tasks.data ?? []).filter((task) => task.kind === 'seal');
  const running = (tasks.data ?? []).filter(
    (task) => (task.kind === 'seal' || task.kind === 'upload') && task.state === 'running',
  );
  const last = seals.at(-1);
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
        </Section>
      ))}
      {last?.state === 'failed' && last.error !== undefined ? (
        <Section>
          <ErrorMessage inline error={last.error} />
        </Section>
      ) : null}
    </>
  );
}
