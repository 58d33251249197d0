import { useMethod, useAction } from '../../host/index.ts';
import { Button, ErrorMessage, ProgressBar, Section } from '../../ui/index.ts';

/** Sealing under way, with rate and time left, and the last one that failed. */
export function SealTasks() {
  const tasks = useMethod('tasks.list', {});
  const cancel = useAction('tasks.cancel');
  const seals = (tasks.data ?? []).filter((task) => task.kind === 'seal');
  const running = seals.filter((task) => task.state === 'running');
  const last = seals.at(-1);
  return (
    <>
      {running.map((task) => (
        <Section key={task.id}>
          <ProgressBar
            title={task.title}
            progress={task.progress}
            aside={
              <Button variant="quiet" onClick={() => cancel.mutate({ id: task.id })}>
                Cancel sealing
              </Button>
            }
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
