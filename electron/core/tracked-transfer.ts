import { err, ok, type Result } from '../contract/result.ts';
import type { TransferServiceOptions } from '../services/transfers/transfer-service.ts';
import type { TaskRunner } from './tasks.ts';

/** Transfers as tasks: shown, paused and cancelled like any other long action. */
export function trackWith(tasks: TaskRunner): TransferServiceOptions['track'] {
  return async ({ kind, title, runId }, work) => {
    let answer: Awaited<ReturnType<typeof work>> | undefined;
    const task = tasks.start(
      kind,
      title,
      async (control): Promise<Result<string | undefined>> => {
        answer = await work(control);
        return answer.ok ? ok(runId) : answer;
      },
      { pausable: true, subjectId: runId },
    );
    await tasks.ended(task.id);
    return answer ?? err('internal', `${title} ended by a bug in Nacre; the log of the profile has the details.`);
  };
}
